import Core
import Synchronization

/// What the transports say of themselves, each asked at most every few seconds: readiness is asked often, and a mail server
/// that is logged into every time takes offence.
final class TransportHealth: Sendable {
    private struct Entry: Sendable {
        var problem: String?
        var askedAt: ContinuousClock.Instant?
        var asking: Task<String?, Never>?
    }

    private static let freshFor: Duration = .seconds(15)

    private let ask: @Sendable (Channel) async -> String?
    private let entries = Mutex<[Channel: Entry]>([:])

    init(ask: @escaping @Sendable (Channel) async -> String?) {
        self.ask = ask
    }

    /// Nil when the channel works. Waits for no other channel's answer.
    func problem(on channel: Channel) async -> String? {
        let task: Task<String?, Never>? = entries.withLock { entries in
            let entry = entries[channel, default: Entry()]
            if let askedAt = entry.askedAt, ContinuousClock.now - askedAt < Self.freshFor { return nil }
            if let asking = entry.asking { return asking }
            let task = Task { [ask] in await ask(channel) }
            entries[channel, default: Entry()].asking = task
            return task
        }
        guard let task else { return entries.withLock { $0[channel]?.problem } }
        let problem = await task.value
        entries.withLock { entries in
            guard entries[channel]?.asking == task else { return }
            entries[channel] = Entry(problem: problem, askedAt: .now)
        }
        return problem
    }
}
