import Core
import Logging
import Observability
import Storage
import Synchronization

/// Erases people: at once, or on the day that somebody has set.
public struct Erasures: StoreUpkeep {
    private let database: Database
    private let orchestrator: Orchestrator
    public let interval: Duration
    private let metrics: PrivacyMetrics
    public let logger: Logger
    private let remnants = Remnants()

    /// Whether somebody was erased since the database's remnants were removed.
    private final class Remnants: Sendable {
        let areLeft = Atomic(false)
    }

    /// The longest time between a wish and its execution, in days.
    public static let mostDays = 30

    /// - Parameter interval: between two looks at what is due.
    public init(
        database: Database, orchestrator: Orchestrator, interval: Duration = .seconds(30),
        metrics: PrivacyMetrics = PrivacyMetrics(registry: MetricsRegistry()), logger: Logger
    ) {
        self.database = database
        self.orchestrator = orchestrator
        self.interval = interval
        self.metrics = metrics
        self.logger = logger
    }

    /// Returns when nothing is left of the person.
    ///
    /// - Parameter audit: the entry about it, with the receipt's id.
    /// - Returns: nil when nothing was known of them.
    public func erase(
        _ client: ClientID, business: BusinessID, by actor: Actor, audit: @escaping @Sendable (UUIDv7) -> AuditEntry
    ) async throws -> ErasureReceipt? {
        let begun = try await database.record { tx -> ErasureReceipt? in
            guard let receipt = try tx.beginErasure(of: client, business: business, by: actor) else { return nil }
            try tx.audit(audit(receipt.id), business: business)
            return receipt
        }
        guard let begun else { return nil }
        return try await complete(begun, of: client)
    }

    /// From the return on nothing is sent to the person any more.
    ///
    /// - Returns: nil when nothing is known of them.
    public func schedule(
        _ client: ClientID, business: BusinessID, days: Int, by actor: Actor, audit: @escaping @Sendable (UUIDv7) -> AuditEntry
    ) async throws -> ErasureReceipt? {
        let receipt = try await database.record { tx -> ErasureReceipt? in
            let due = tx.now.adding(seconds: Int64(days) * 86_400)
            guard let receipt = try tx.scheduleErasure(of: client, business: business, by: actor, dueAt: due) else { return nil }
            try tx.audit(audit(receipt.id), business: business)
            return receipt
        }
        await orchestrator.consentChanged(business: business, client: client, optedOut: .all)
        return receipt
    }

    /// - Throws: ``Refusal/notFound``, ``Refusal/conflict(_:)`` once it runs or has ended.
    public func cancel(_ id: UUIDv7, business: BusinessID, audit: @escaping @Sendable () -> AuditEntry) async throws -> ErasureReceipt {
        let result = try await database.write { tx in
            let result = try tx.cancelErasure(id, business: business)
            if case .cancelled = result { try tx.audit(audit(), business: business) }
            return result
        }
        switch result {
        case .cancelled(let receipt, let client):
            await orchestrator.consentChanged(business: business, client: client, optedOut: [])
            return receipt
        case .notFound: throw Refusal.notFound
        case .tooLate(let status): throw Refusal.conflict("the erasure is \(status.rawValue) and can not be cancelled any more")
        }
    }

    public static let failure: Logger.Message = "erasures_not_executed"

    public func round() async throws { _ = try await runOnce() }

    /// Executes everything whose day has come, also what a dead process has begun; returns how many those were.
    public func runOnce() async throws -> Int {
        var done = 0
        while !Task.isCancelled {
            let (waiting, now) = try await database.read { tx in (try tx.openErasures(), tx.now) }
            metrics.open.set(waiting.open)
            metrics.overdue.set(waiting.oldestDue.map { Double(now.milliseconds - $0.milliseconds) / 1000 } ?? 0)
            // Taking one keeps everybody out for a moment: only where there is one.
            guard waiting.oldestDue != nil else { break }
            guard let due = try await database.write({ tx in try tx.takeDueErasure() }), let client = due.client else { break }
            _ = try await complete(due, of: client)
            done += 1
        }
        // Not after each one: it holds the writer.
        if remnants.areLeft.exchange(false, ordering: .relaxed) {
            do {
                try await database.removeRemnants()
            } catch {
                remnants.areLeft.store(true, ordering: .relaxed)
                throw error
            }
        }
        return done
    }

    private func complete(_ begun: ErasureReceipt, of client: ClientID) async throws -> ErasureReceipt? {
        // What is in somebody's hands for them does not begin any more.
        await orchestrator.consentChanged(business: begun.business, client: client, optedOut: .all)
        let ended = try await database.completeErasure(begun.id) { [metrics] duration in metrics.stepTime.observe(duration.inSeconds) }
        // Copies that somebody made of them meanwhile.
        await orchestrator.consentChanged(business: begun.business, client: client, optedOut: [])
        guard let ended else { return try await database.read { tx in try tx.erasure(begun.id, business: begun.business) } }
        metrics.erasures.increment()
        remnants.areLeft.store(true, ordering: .relaxed)
        return ended
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
