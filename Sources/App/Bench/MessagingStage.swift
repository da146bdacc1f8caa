import Core
import Emulators
import Foundation
import NIOCore
import NIOPosix

/// The server as a process of its own between a mail sink and the emulators, which run in this one.
struct MessagingStage {
    let server: ServerProcess
    let emulator: EmulatorServer
    let sink: MailSink

    /// The difference of the two clocks that departures and arrivals are read from.
    private let offset: (deadline: NIODeadline, instant: ContinuousClock.Instant) = (.now(), .now)

    static func with<Value>(
        _ bench: Bench, keepsTimes: Bool = false, _ body: (MessagingStage) async throws -> Value
    ) async throws -> Value {
        let port = try ServerProcess.freePort()
        var configuration = EmulatorConfiguration()
        configuration.latency = .none
        configuration.callbackURL = "http://127.0.0.1:\(port)"
        configuration.capacity = 500_000
        configuration.whatsApp.window = .open
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let emulator = try await EmulatorServer.start(configuration, clock: .system, on: group)
        emulator.put(EmulatedTemplate(name: "bench_note", language: "en", body: "Hello {{1}}, your plan has news: {{2}} is the place."))
        let sink = try await MailSink.start(on: bench.sinkGroup, keepsTimes: keepsTimes)
        do {
            let (server, _) = try await ServerProcess.start(
                database: bench.database, smtpPort: sink.port, directory: bench.directory, port: port,
                settings: Emulate.settings(of: emulator))
            do {
                try install(on: server)
                let value = try await body(MessagingStage(server: server, emulator: emulator, sink: sink))
                await close(server, emulator, sink, group)
                return value
            } catch {
                await close(server, emulator, sink, group)
                throw error
            }
        } catch {
            await close(nil, emulator, sink, group)
            throw error
        }
    }

    private static func close(_ server: ServerProcess?, _ emulator: EmulatorServer, _ sink: MailSink, _ group: any EventLoopGroup) async {
        if let server { _ = await server.stop() }
        await emulator.shutdown()
        await sink.stop()
        try? await group.shutdownGracefully()
    }

    private static func install(on server: ServerProcess) throws {
        try BenchTemplate.put(
            "/api/crm/message-types/bench_note",
            #"{"category":"transactional","urgency":"critical","channels":["email","sms","whatsapp"]}"#, server)
        let text = "Hello {{client_name}}, your plan has news: {{link}} is the place."
        for channel in ["sms", "whatsapp"] {
            let template = "{\"language\":\"en\",\"content_template\":\"\(text)\"}"
            try BenchTemplate.put("/api/crm/templates/\(channel)/bench_note", template, server)
        }
        try BenchTemplate.put(
            "/api/crm/templates/email/bench_note",
            #"{"language":"en","subject_template":"News","content_template":"<p>\#(text)</p>","text_template":"\#(text)"}"#, server)
        let mapping = #"{"template":"bench_note","language":"en","body":["{{client_name}}","{{link}}"]}"#
        try BenchTemplate.put("/api/crm/whatsapp/mappings/bench_note", mapping, server)
    }

    /// Waits until no SMS and no WhatsApp message is in one of these states any more; the moment of that.
    func waitUntilNone(in states: [CommunicationStatus], atMost seconds: Double = 120) async throws -> ContinuousClock.Instant {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        for (state, channel) in states.flatMap({ state in ["sms", "whatsapp"].map { (state, $0) } }) {
            while true {
                let path = "/api/crm/communications?status=\(state.rawValue)&channel=\(channel)&limit=1"
                let answer = try PlainHTTP.get(path, port: server.port, apiKey: server.apiKey)
                if answer.status == 200, answer.body.contains("\"items\":[]") { break }
                guard clock.now < deadline else { throw BenchFailure("messages are still \(state.rawValue) after \(Int(seconds)) s") }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        return clock.now
    }

    /// Nanoseconds from a request's first byte to the provider's reading it whole, by client number.
    func latencies(_ departures: [Int: NIODeadline], provider: EmulatedProvider) -> [Int64] {
        var arrivals: [String: ContinuousClock.Instant] = [:]
        for send in emulator.sends where send.provider == provider && arrivals[send.to] == nil { arrivals[send.to] = send.instant }
        return departures.compactMap { number, left in
            guard let arrived = arrivals[MessagingRequests.phone(number)] else { return nil }
            let sinceStart = offset.instant.duration(to: arrived)
            let (seconds, attoseconds) = sinceStart.components
            return seconds * 1_000_000_000 + attoseconds / 1_000_000_000 - (left - offset.deadline).nanoseconds
        }
    }
}
