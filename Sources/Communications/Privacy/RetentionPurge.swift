import Core
import Logging
import Observability
import Storage

/// Removes what has been kept for as long as the operator wants, in small steps. Of several instances one removes at a time.
public struct RetentionPurge: StoreUpkeep {
    private let database: Database
    private let rules: RetentionRules
    public let interval: Duration
    private let pace: Duration
    private let metrics: PrivacyMetrics
    public let logger: Logger

    /// Few enough that writers behind a step wait for milliseconds only.
    private static let communicationsAtOnce = 100
    private static let rowsAtOnce = 500

    /// - Parameters:
    ///   - interval: between two rounds.
    ///   - pace: between two steps, so that a large backlog leaves the store to others.
    public init(
        database: Database, rules: RetentionRules, interval: Duration = .seconds(3_600), pace: Duration = .milliseconds(20),
        metrics: PrivacyMetrics = PrivacyMetrics(registry: MetricsRegistry()), logger: Logger
    ) {
        self.database = database
        self.rules = rules
        self.interval = interval
        self.pace = pace
        self.metrics = metrics
        self.logger = logger
    }

    public static let failure: Logger.Message = "retention_not_purged"

    public func round() async throws {
        let removed = try await runOnce()
        if !removed.isEmpty { logger.info("retention_purged", metadata: removed.mapValues { "\($0)" }) }
    }

    /// One round over everything; returns how many rows went, by table.
    public func runOnce() async throws -> [String: Int] {
        var removed: [String: Int] = [:]
        func note(_ table: String, _ count: Int) {
            guard count > 0 else { return }
            removed[table, default: 0] += count
            metrics.purged[table].increment(by: Int64(count))
        }
        if let days = rules.communications { note("communications", try await purgeCommunications(olderThan: days)) }
        if let days = rules.replies {
            note("replies", try await purge(olderThan: days) { tx, moment, limit in try tx.purgeReplies(before: moment, limit: limit) })
        }
        if let days = rules.sandbox {
            note(
                "sandbox_messages",
                try await purge(olderThan: days) { tx, moment, limit in try tx.purgeSandbox(before: moment, limit: limit) })
        }
        if let days = rules.accessLog {
            note(
                "access_log",
                try await purge(olderThan: days) { tx, moment, limit in try tx.purgeAccessLog(before: moment, limit: limit) })
        }
        return removed
    }

    private func purgeCommunications(olderThan days: Int) async throws -> Int {
        var total = 0
        var position: UUIDv7?
        while !Task.isCancelled {
            let after = position
            let step = try await database.write { tx -> (removed: Int, next: UUIDv7?)? in
                guard try tx.takesRetentionTurn() else { return nil }
                return try tx.purgeCommunications(
                    endedBefore: RetentionRules.limit(of: days, at: tx.now), after: after, limit: Self.communicationsAtOnce)
            }
            guard let step else { break }
            total += step.removed
            guard let next = step.next else { break }
            position = next
            try? await Task.sleep(for: pace)
        }
        return total
    }

    private func purge(
        olderThan days: Int, _ step: @escaping @Sendable (Transaction, _ before: Timestamp, _ limit: Int) throws -> Int
    ) async throws -> Int {
        var total = 0
        while !Task.isCancelled {
            let removed = try await database.write { tx -> Int? in
                guard try tx.takesRetentionTurn() else { return nil }
                return try step(tx, RetentionRules.limit(of: days, at: tx.now), Self.rowsAtOnce)
            }
            guard let removed else { break }
            total += removed
            if removed < Self.rowsAtOnce { break }
            try? await Task.sleep(for: pace)
        }
        return total
    }
}
