import Core
import Logging
import NIOCore
import NIOPosix
import Providers
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Keywords on WhatsApp are answered by its API", .timeLimit(.minutes(5)))
struct WhatsAppConfirmationTests {
    @Test("the confirmation goes to whoever wrote, as an answer to their message, and once")
    func confirms() async throws {
        let server = try await RawServer { _, _ in RawServer.http("200 OK", #"{"messages":[{"id":"wamid.B"}]}"#) }
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectTimeout: .seconds(1))
        try await withWorld(.sqlite) { world in
            try await world.putClient("ada", language: "de")
            let configuration = WhatsAppConfiguration(phoneNumberID: "12345", accessToken: "t", url: server.url)
            let client = WhatsAppClient(http: http, configuration: configuration, clock: world.clock.wallClock)
            let confirmation = WhatsAppConfirmation(client: client, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let intake = world.intake { message, text in await confirmation.begin(message, text) }
            let stop = world.chat("STOP", id: "wamid.A")
            #expect(try await intake.take([stop]).map(\.text) == [nil])
            _ = try await intake.take([stop])
            while server.requests.isEmpty { await Task.yield() }
            let request = try #require(server.requests.first)
            #expect(request.contains("14155550100\"") && request.contains(#""message_id":"wamid.A""#))
            #expect(request.contains("abgemeldet"))
            #expect(server.requests.count == 1)
            #expect(try await world.optOuts() == .whatsapp)
        }
        await http.shutdown()
        await server.stop()
    }
}
