import Core
import Synchronization

/// What the transports say of themselves, asked at most every few seconds: readiness is asked often, and a mail server
/// that is logged into every time takes offence.
final class TransportHealth: Sendable {
    private struct State: Sendable {
        var problems: [Channel: String?] = [:]
        var askedAt: ContinuousClock.Instant?
        var asking: Task<[Channel: String?], Never>?
    }

    private static let freshFor: Duration = .seconds(15)

    private let ask: @Sendable () async -> [Channel: String?]
    private let state = Mutex(State())

    init(ask: @escaping @Sendable () async -> [Channel: String?]) {
        self.ask = ask
    }

    /// Nil when the channel works.
    func problem(on channel: Channel) async -> String? {
        let task: Task<[Channel: String?], Never>? = state.withLock { state in
            if let askedAt = state.askedAt, ContinuousClock.now - askedAt < Self.freshFor { return nil }
            if let asking = state.asking { return asking }
            let task = Task { [ask] in await ask() }
            state.asking = task
            return task
        }
        guard let task else { return state.withLock { $0.problems[channel] ?? nil } }
        let answers = await task.value
        state.withLock { state in
            guard state.asking == task else { return }
            state.asking = nil
            state.problems = answers
            state.askedAt = ContinuousClock.now
        }
        return answers[channel] ?? nil
    }
}
