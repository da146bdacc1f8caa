import Core
import Logging
import ServiceLifecycle
import Storage

/// Takes away sessions, links and counts of failures that are over.
public struct AccountPurge: Service {
    private let database: Database
    private let interval: Duration
    private let logger: Logger

    public init(database: Database, interval: Duration = .seconds(3_600), logger: Logger) {
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
                    logger.warning("account_records_not_purged", metadata: ["error": "\(String(reflecting: error))"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Returns how many rows went.
    public func runOnce() async throws -> Int {
        try await database.write { tx in try tx.purgeAccountRecords() }
    }
}
