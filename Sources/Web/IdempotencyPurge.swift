import Core
import Logging
import ServiceLifecycle
import Storage

/// Forgets idempotency keys after their seven days.
public struct IdempotencyPurge: Service {
    private let database: Database
    private let interval: Duration
    private let logger: Logger

    /// Few enough rows at a time that writers behind a step wait for milliseconds only.
    static let step = 1_000

    public init(database: Database, interval: Duration = .seconds(600), logger: Logger) {
        self.database = database
        self.interval = interval
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    _ = try await runOnce()
                } catch {
                    logger.warning("idempotency_keys_not_purged", metadata: ["error": "\(String(reflecting: error))"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

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
