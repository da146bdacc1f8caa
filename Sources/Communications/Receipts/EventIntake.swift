import Core
import Observability
import Storage
import Synchronization

/// Takes what providers tell of messages. What arrives during one transaction is the next one, whoever brings it.
public final class EventIntake: Sendable {
    private struct Waiting {
        var events: [ProviderEvent]
        var answer: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var count = 0
        var isWorking = false
    }

    /// Reports of one transaction.
    private static let mostTogether = 256
    /// Reports that may wait; beyond them the provider is asked to come again.
    private static let mostWaiting = 8_192

    let database: Database
    let policy: RetryPolicy
    private let consequences: Consequences
    private let orchestrator: Orchestrator
    public let metrics: EngineMetrics
    private let state = Mutex(State())
    /// Rings when recorded attempts have made messages known.
    let messagesKnown: Signal

    /// - Parameter bounces: what bounces and complaints do to their addresses.
    public init(
        database: Database, cipher: Cipher, orchestrator: Orchestrator, policy: RetryPolicy = .standard, bounces: BouncePolicy = .standard
    ) {
        self.database = database
        self.policy = policy
        self.orchestrator = orchestrator
        consequences = Consequences(cipher: cipher, bounces: bounces)
        metrics = orchestrator.engine.metrics
        messagesKnown = orchestrator.engine.messagesKnown
    }

    /// Brings reports into the record. When it returns they are durable, and opt-outs among them hold (promise P4).
    ///
    /// - Throws: ``DatabaseError`` when nothing of them is certain: the provider has to tell again.
    public func take(_ events: [ProviderEvent]) async throws {
        guard !events.isEmpty else { return }
        try await withCheckedThrowingContinuation { (answer: CheckedContinuation<Void, any Error>) in
            let (refused, begins) = state.withLock { state -> (Bool, Bool) in
                guard state.count + events.count <= Self.mostWaiting || state.waiting.isEmpty else { return (true, false) }
                state.waiting.append(Waiting(events: events, answer: answer))
                state.count += events.count
                defer { state.isWorking = true }
                return (false, !state.isWorking)
            }
            if refused { answer.resume(throwing: DatabaseError.unavailable(.overloaded, details: "receipts")) }
            // A task of its own: the work is everybody's, not that of the caller who happened to come first.
            if begins { Task { await self.work() } }
        }
    }

    /// Applies a person's own switch for marketing in the provider's app.
    public func setMarketing(allowed: Bool, number: String, channel: Channel) async throws {
        let consequences = consequences
        let changes = try await database.write { tx in
            try tx.lockAllConsent()
            return try consequences.setMarketing(allowed: allowed, number: number, channel: channel, tx)
        }
        await orchestrator.consentChanged(changes)
    }

    private func work() async {
        while let round = next() { await take(together: round) }
    }

    private func next() -> [Waiting]? {
        state.withLock { state in
            var round: [Waiting] = []
            var count = 0
            for one in state.waiting {
                guard round.isEmpty || count + one.events.count <= Self.mostTogether else { break }
                round.append(one)
                count += one.events.count
            }
            state.waiting.removeFirst(round.count)
            state.count -= count
            state.isWorking = !round.isEmpty
            return round.isEmpty ? nil : round
        }
    }

    /// One transaction for all of them; where it fails by somebody's data, each alone, so that an error stays its own.
    private func take(together round: [Waiting]) async {
        do {
            try await apply(round.flatMap(\.events))
            for one in round { one.answer.resume() }
        } catch {
            guard round.count > 1, !Self.concernsEveryone(error) else {
                for one in round { one.answer.resume(throwing: error) }
                return
            }
            for one in round { await take(together: [one]) }
        }
    }

    private static func concernsEveryone(_ error: any Error) -> Bool {
        switch error as? DatabaseError {
        case .transient, .unavailable, .corrupt: true
        default: error is CancellationError
        }
    }

    private func apply(_ events: [ProviderEvent]) async throws {
        let (policy, conclude, jitter) = (policy, conclude, Double.random(in: 0..<1))
        let summary = try await database.record { tx in
            let conclude: ReceiptConclusion = { try conclude($0, $1, $2, $3, tx) }
            // Together, unless one provider sends a thousand at once.
            var summary = ReceiptSummary()
            for start in stride(from: 0, to: events.count, by: Self.mostTogether) {
                let part = Array(events[start..<min(start + Self.mostTogether, events.count)])
                summary.add(try tx.receive(part, policy: policy, jitter: jitter, conclude: conclude))
            }
            return summary
        }
        await settle(summary)
    }

    var conclude: @Sendable (ProviderEvent.Failure, CommunicationID, Channel, String, Transaction) throws -> [ConsentChange] {
        { [consequences] failure, id, channel, provider, tx in
            if channel == .email { return try consequences.mail.apply(failure, to: id, tx) }
            guard let consequence = failure.consequence else { return [] }
            return try consequences.apply(consequence, to: id, channel: channel, provider: provider, tx)
        }
    }

    /// What has to follow a durable round: attempts to those who opted out do not begin, and the metrics know.
    func settle(_ summary: ReceiptSummary) async {
        for change in summary.consentChanges {
            await orchestrator.consentChanged(business: change.business, client: change.client, optedOut: change.channels)
        }
        for reached in summary.reached {
            metrics.communications[reached.messageType, reached.channel.rawValue, reached.status.rawValue].increment()
            if let time = reached.deliveryTime { metrics.deliveryTime[reached.channel.rawValue].observe(milliseconds: time) }
        }
        for channel in summary.fallbacks { metrics.fallbacks[channel.rawValue].increment() }
        for channel in summary.retries { metrics.retries[channel.rawValue].increment() }
    }
}

extension ReceiptSummary {
    mutating func add(_ other: ReceiptSummary) {
        matched += other.matched
        kept += other.kept
        refused += other.refused
        reached += other.reached
        fallbacks += other.fallbacks
        retries += other.retries
        consentChanges += other.consentChanges
    }
}
