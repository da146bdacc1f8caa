import Core
import Logging
import NIOCore
import NIOPosix
import Providers
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Communications

@Suite("Keywords on WhatsApp are answered by its API", .timeLimit(.minutes(5)))
struct WhatsAppConfirmationTests {
    @Test("the confirmation goes to whoever wrote, as an answer to their message, and once; a stop waits for it")
    func confirms() async throws {
        let latch = Latch()
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectTimeout: .seconds(30))
        try await withWorld(.sqlite) { world in
            try await WebhookReceiver.running({ _ in
                await latch.wait()
                return WebhookReceiver.Reply(body: Array(#"{"messages":[{"id":"wamid.B"}]}"#.utf8))
            }) { whatsApp in
                let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                try await world.putClient("ada", language: "de")
                let configuration = WhatsAppConfiguration(phoneNumberID: "12345", accessToken: "t", url: whatsApp.url)
                let client = WhatsAppClient(http: http, configuration: configuration, clock: world.clock.wallClock)
                let confirmation = WhatsAppConfirmation(client: client, logger: quiet)
                let group = ServiceGroup(services: [confirmation], logger: quiet)
                let intake = world.intake { message, text in confirmation.post(text, to: message) }
                let stop = world.chat("STOP", id: "wamid.A")
                // Taken before the service runs: it is not lost.
                #expect(try await intake.take([stop]).map(\.text) == [nil])
                _ = try await intake.take([stop])
                let hasEnded = Mutex(false)
                async let running: Void = {
                    try await group.run()
                    hasEnded.withLock { $0 = true }
                }()
                try await whatsApp.arrivals { !$0.isEmpty }
                await group.triggerGracefulShutdown()
                for _ in 0..<1000 { await Task.yield() }
                let isEarly = hasEnded.withLock { $0 }
                #expect(!isEarly)
                latch.open()
                try await running
                #expect(whatsApp.received.count == 1)
                let request = try #require(whatsApp.received.first?.json)
                #expect(request["to"]?.string?.hasSuffix("14155550100") == true)
                #expect(request["context"]?["message_id"]?.string == "wamid.A")
                #expect(request["text"]?["body"]?.string?.contains("abgemeldet") == true)
                #expect(try await world.optOuts() == .whatsapp)
            }
        }
        await http.shutdown()
    }
}
