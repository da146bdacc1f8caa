import Core
import Storage
import Synchronization

/// Takes changes of preferences. What arrives during one transaction is the next one, whoever brings it: a commit of its own for each
/// would cost more than the change.
///
/// When it answers, the change is durable, and nothing begins any more that it forbids (promise P4).
public final class PreferencesIntake: Sendable {
    private struct Waiting {
        var write: PreferencesWrite
        var answer: CheckedContinuation<Preferences, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var rounds = 0
    }

    /// Changes of one transaction: they keep decisions about these clients waiting.
    private static let mostTogether = 128
    /// Changes that may wait; beyond them callers are asked to come again.
    private static let mostWaiting = 8_192
    /// Rounds at a time: while one waits for the other instances, the next one is written.
    private static let mostRounds = 2

    private let database: Database
    private let orchestrator: Orchestrator
    private let state = Mutex(State())

    public init(database: Database, orchestrator: Orchestrator) {
        self.database = database
        self.orchestrator = orchestrator
    }

    /// - Parameter audit: nil where the client themselves made the change, whom the consent ledger names.
    /// - Returns: what holds for the client now.
    /// - Throws: ``ValidationError`` for topics that the business does not have, ``DatabaseError``.
    public func update(
        _ update: PreferencesUpdate, of client: ClientID, business: BusinessID, source: ConsentSource, audit: AuditEntry?
    ) async throws -> Preferences {
        try await checkTopics(update, business)
        let write = PreferencesWrite(update: update, client: client, business: business, source: source, audit: audit)
        return try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Preferences, any Error>) in
            let (refused, begins) = state.withLock { state -> (Bool, Bool) in
                guard state.waiting.count < Self.mostWaiting else { return (true, false) }
                state.waiting.append(Waiting(write: write, answer: answer))
                guard state.rounds < Self.mostRounds else { return (false, false) }
                state.rounds += 1
                return (false, true)
            }
            if refused { answer.resume(throwing: DatabaseError.unavailable(.overloaded, details: "preferences")) }
            // A task of its own: the work is everybody's, not that of the caller who happened to come first.
            if begins { Task { await self.work() } }
        }
    }

    private func work() async {
        while let round = next() { await take(together: round) }
    }

    private func next() -> [Waiting]? {
        state.withLock { state in
            let round = Array(state.waiting.prefix(Self.mostTogether))
            state.waiting.removeFirst(round.count)
            if round.isEmpty { state.rounds -= 1 }
            return round.isEmpty ? nil : round
        }
    }

    /// One transaction for all of them; where it fails by somebody's data, each alone, so that an error stays its own.
    private func take(together round: [Waiting]) async {
        let writes = round.map(\.write)
        let preferences: [Preferences]
        do {
            preferences = try await database.record { tx in try tx.updatePreferences(writes) }
        } catch {
            guard round.count > 1, !Self.concernsEveryone(error) else {
                for one in round { one.answer.resume(throwing: error) }
                return
            }
            for one in round { await take(together: [one]) }
            return
        }
        await orchestrator.consentChanged(
            writes.map { ConsentChange(business: $0.business, client: $0.client, channels: $0.update.withdrawn) })
        for (one, preferences) in zip(round, preferences) { one.answer.resume(returning: preferences) }
    }

    private static func concernsEveryone(_ error: any Error) -> Bool {
        switch error as? DatabaseError {
        case .transient, .unavailable, .corrupt: true
        default: error is CancellationError
        }
    }

    private func checkTopics(_ update: PreferencesUpdate, _ business: BusinessID) async throws {
        let named = Set(update.topicsRefused ?? []).union(update.topics.keys)
        guard !named.isEmpty else { return }
        let known = Set(try await orchestrator.directory.profile(of: business).topics.map(\.name))
        guard named.isSubset(of: known) else {
            throw ValidationError(errors: [FieldError(field: "topics_refused", message: "must name topics of the business only")])
        }
    }
}
