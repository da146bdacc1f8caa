/// Asks every part whether it works, and never waits for one that hangs.
public struct Readiness: Sendable {
    /// How a part is. A part that does its work in some lesser way is `degraded`, which does not make the product unready.
    public enum State: String, Sendable {
        case ok, degraded, failed
    }

    /// What a check found.
    public struct Finding: Sendable {
        public var state: State
        /// For operators; never an address, a path or a secret.
        public var detail: String?

        public init(_ state: State, detail: String? = nil) {
            self.state = state
            self.detail = detail
        }
    }

    /// One part and how to ask it.
    public struct Check: Sendable {
        public var name: String
        /// How the part is taken to be while it says nothing.
        public var silence: State
        public var run: @Sendable () async -> Finding

        public init(_ name: String, silence: State = .failed, _ run: @escaping @Sendable () async -> Finding) {
            self.name = name
            self.silence = silence
            self.run = run
        }
    }

    struct Component: Sendable {
        var name: String
        var state: State
        var detail: String?
    }

    struct Report: Sendable {
        var components: [Component]
        var isReady: Bool { components.allSatisfy { $0.state != .failed } }
    }

    private let checks: [Check]
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Answers have to be there within 5 s; this leaves room for the way there and back.
    static let patience: Duration = .seconds(4)

    /// - Parameter sleep: tests hand in their own.
    public init(checks: [Check], sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }) {
        self.checks = checks
        self.sleep = sleep
    }

    func report() async -> Report {
        await withTaskGroup(of: (Int, Component).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, await self.component(check)) }
            }
            var components = [Component?](repeating: nil, count: checks.count)
            for await (index, component) in group { components[index] = component }
            return Report(components: components.compactMap { $0 })
        }
    }

    /// A task group would wait for the check that hangs, so the check runs on its own and whoever comes first answers.
    private func component(_ check: Check) async -> Component {
        let (findings, continuation) = AsyncStream<Finding>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let asking = Task { continuation.yield(await check.run()) }
        let waiting = Task { [sleep] in
            guard (try? await sleep(Self.patience)) != nil else { return }
            continuation.yield(Finding(check.silence, detail: "no answer in time"))
        }
        defer {
            asking.cancel()
            waiting.cancel()
        }
        for await finding in findings {
            return Component(name: check.name, state: finding.state, detail: finding.detail)
        }
        return Component(name: check.name, state: .failed, detail: "no answer")
    }
}
