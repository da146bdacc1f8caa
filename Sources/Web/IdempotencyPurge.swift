import Core
import Logging
import Storage

/// Forgets idempotency keys after their seven days.
public struct IdempotencyPurge: StoreUpkeep {
    private let database: Database
    public let interval: Duration
    public let logger: Logger

    /// Few enough rows at a time that writers behind a step wait for milliseconds only.
    static let step = 1_000

    public init(database: Database, interval: Duration = .seconds(600), logger: Logger) {
        self.database = database
        self.interval = interval
        self.logger = logger
    }

    public static let failure: Logger.Message = "idempotency_keys_not_purged"

    public func round() async throws { _ = try await runOnce() }

    /// Removes all that have expired; returns how many those were.
    public func runOnce() async throws -> Int {
        var total = 0
        while true {
            let removed = try await database.write { tx in
                try tx.purgeIdempotencyKeys(before: tx.now.adding(seconds: -Transaction.idempotencyKeyLifetimeSeconds), limit: Self.step)
            }
            total += removed
            if removed < Self.step { return total }
        }
    }
}
