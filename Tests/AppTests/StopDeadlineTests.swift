import Logging
import ServiceLifecycle
import Testing

@testable import App

@Suite("Stop deadline")
struct StopDeadlineTests {
    @Test("the end comes after the deadline of a stop, and not before there is one")
    func end() async throws {
        let (events, seen) = AsyncStream.makeStream(of: String.self)
        let deadline = StopDeadline(wait: { seen.yield("waited") }, end: { seen.yield("ended") })
        let stopper = Stopper { seen.yield("running") }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: stopper, successTerminationBehavior: .gracefullyShutdownGroup), .init(service: deadline)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await group.run()
        var order: [String] = []
        for await event in events {
            order.append(event)
            if event == "ended" { break }
        }
        #expect(order == ["running", "waited", "ended"])
    }

    /// Begins a stop by coming to its end.
    private struct Stopper: Service {
        let begin: @Sendable () -> Void

        func run() async throws { begin() }
    }
}
