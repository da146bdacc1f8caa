import Core
import Emulators
import Foundation
import NIOCore
import NIOPosix

/// The server as a process of its own between a mail sink and the emulators, which run in this one.
struct MessagingStage {
    let server: ServerProcess
    /// Two, as in the world: one address would mean that both providers share the server's connections.
    let sms: EmulatorServer
    let whatsApp: EmulatorServer
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
        let sms = try await EmulatorServer.start(configuration, clock: .system, on: group)
        let whatsApp = try await EmulatorServer.start(configuration, clock: .system, on: group)
        whatsApp.put(EmulatedTemplate(name: "bench_note", language: "en", body: "Hello {{1}}, your plan has news: {{2}} is the place."))
        let sink = try await MailSink.start(on: bench.sinkGroup, keepsTimes: keepsTimes)
        var server: ServerProcess?
        let result: Result<Value, any Error>
        do {
            let settings = Emulate.settings(of: sms).filter { !$0.0.rawValue.hasPrefix("WHATSAPP_") }
            let (started, _) = try await ServerProcess.start(
                database: bench.database, smtpPort: sink.port, directory: bench.directory, port: port,
                settings: settings + Emulate.settings(of: whatsApp).filter { $0.0.rawValue.hasPrefix("WHATSAPP_") })
            server = started
            try install(on: started)
            result = .success(try await body(MessagingStage(server: started, sms: sms, whatsApp: whatsApp, sink: sink)))
        } catch {
            result = .failure(error)
        }
        if let server { _ = await server.stop() }
        await sms.shutdown()
        await whatsApp.shutdown()
        await sink.stop()
        try? await group.shutdownGracefully()
        return try result.get()
    }

    /// Messages that either provider took.
    var taken: Int { [sms, whatsApp].reduce(0) { $0 + $1.counters.taken.values.reduce(0, +) } }

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
    func latencies(_ departures: [Int: NIODeadline], at emulator: EmulatorServer) -> [Int64] {
        var arrivals: [String: ContinuousClock.Instant] = [:]
        for send in emulator.sends where arrivals[send.to] == nil { arrivals[send.to] = send.instant }
        return departures.compactMap { number, left in
            guard let arrived = arrivals[MessagingRequests.phone(number)] else { return nil }
            let sinceStart = offset.instant.duration(to: arrived)
            let (seconds, attoseconds) = sinceStart.components
            return seconds * 1_000_000_000 + attoseconds / 1_000_000_000 - (left - offset.deadline).nanoseconds
        }
    }
}
