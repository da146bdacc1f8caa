import Core
import Logging
import Storage

/// Takes away sessions, links and counts of failures that are over.
public struct AccountPurge: StoreUpkeep {
    private let database: Database
    public let interval: Duration
    public let logger: Logger

    public init(database: Database, interval: Duration = .seconds(3_600), logger: Logger) {
        self.database = database
        self.interval = interval
        self.logger = logger
    }

    public static let failure: Logger.Message = "account_records_not_purged"

    public func round() async throws { _ = try await runOnce() }

    /// Returns how many rows went.
    public func runOnce() async throws -> Int {
        try await database.write { tx in try tx.purgeAccountRecords() }
    }
}
