import Core
import Logging

/// The store: one SQL text, two engines, one writer that groups commits.
///
/// Nothing is acknowledged before it is durable. Transactions are synchronous closures.
public final class Database: Sendable {
    let engine: any StorageEngine
    let clock: WallClock

    public var dialect: Dialect { engine.dialect }
    /// The line to the other processes on this database.
    public var peers: PeerLine { engine.peers }

    init(engine: any StorageEngine, clock: WallClock) {
        self.engine = engine
        self.clock = clock
    }

    /// Opens the store, checks its durability settings and, on SQLite, takes the process lock. Does not migrate.
    ///
    /// - Throws: ``DatabaseError/misconfigured(_:)`` where the store can't keep promises, ``DatabaseError/lockedByAnotherProcess(path:)``,
    ///   ``DatabaseError/unavailable(_:details:)``.
    public static func open(_ configuration: DatabaseConfiguration, logger: Logger) async throws(DatabaseError) -> Database {
        let url = configuration.url
        for prefix in ["sqlite://", "sqlite:"] where url.hasPrefix(prefix) {
            let path = String(url.dropFirst(prefix.count))
            guard !path.isEmpty else { throw .misconfigured("DATABASE_URL: a path must follow 'sqlite:'.") }
            return Database(engine: try SQLiteEngine(path: path, configuration, logger: logger), clock: configuration.clock)
        }
        if ["postgresql://", "postgres://"].contains(where: url.hasPrefix) {
            return Database(engine: try await PostgresEngine.open(configuration, logger: logger), clock: configuration.clock)
        }
        throw .misconfigured("DATABASE_URL: must begin with 'sqlite:' or 'postgresql://'.")
    }

    /// Brings the schema up to date, under a lock.
    ///
    /// - Throws: ``DatabaseError/schemaTooNew(found:)`` where a newer release has been here.
    public func migrate() async throws {
        try await write { tx in try Migrations.apply(tx) }
    }

    /// Runs `body` in a transaction that reads one state of the data.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await engine.read(body)
    }

    /// Runs `body` in a transaction and returns once it is durable. `body` may run more than once.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await engine.write(body)
    }

    /// Records a fact about the outside world: completes even if the calling task is cancelled.
    public func record<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await Task { try await engine.write(body) }.value
    }

    /// Stores a communication as its plan says. Returns once it is durable.
    public func accept(_ acceptance: Acceptance) async throws -> AcceptanceResult {
        try await withCheckedThrowingContinuation { engine.submit(.accept(acceptance, $0)) }
    }

    /// Takes due work on one channel, highest priority first, under the request's lease.
    public func claim(_ request: ClaimRequest) async throws -> ClaimResult {
        try await withCheckedThrowingContinuation { engine.submit(.claim(request, $0)) }
    }

    /// Records how attempts ended. Completes even if the calling task is cancelled.
    ///
    /// - Returns: those whose lease a successor has taken over: nothing of theirs was overwritten, one event was kept.
    public func finish(_ outcomes: [AttemptOutcome]) async throws -> [CommunicationID] {
        guard !outcomes.isEmpty else { return [] }
        return try await withCheckedThrowingContinuation { engine.submit(.finish(outcomes, $0)) }
    }

    /// Prolongs leases.
    ///
    /// - Returns: those that are still ours.
    public func extendLeases(_ ids: [CommunicationID], token: Int64, until: Timestamp) async throws -> [CommunicationID] {
        guard !ids.isEmpty else { return [] }
        let request = LeaseExtension(ids: ids, token: token, until: until)
        return try await withCheckedThrowingContinuation { engine.submit(.extend(request, $0)) }
    }

    /// When the next waiting communication of `channel` is due; nil when none waits. Leased ones count with the end of their lease.
    public func nextDue(channel: Channel) async throws -> Timestamp? {
        try await read { tx in
            var next: Timestamp?
            // One probe of the index for each priority: MIN over the whole channel would read all of its entries.
            for priority in 0...3 {
                let rows = try tx.run(
                    "SELECT MIN(due_at) FROM crm_delivery_queue WHERE channel = \(channel) AND priority = \(priority)")
                guard let due = try rows.first?.int64OrNil(0) else { continue }
                next = min(next ?? Timestamp(milliseconds: due), Timestamp(milliseconds: due))
            }
            return next
        }
    }

    /// After a crash on SQLite: the process lock proves that whoever held a lease is dead, so their work is due now.
    /// The token stays, which tells the claim that the attempt's outcome is unknown.
    ///
    /// - Parameter token: the caller's own; messages that it was handed before it got here are not abandoned.
    /// - Returns: how many leases were released; always 0 on PostgreSQL, where other instances may live.
    public func releaseAbandonedLeases(keeping token: Int64? = nil) async throws -> Int {
        guard dialect == .sqlite else { return 0 }
        return try await write { tx in
            try tx.execute(
                """
                UPDATE crm_delivery_queue SET due_at = \(tx.now.milliseconds)
                WHERE lease_token IS NOT NULL AND lease_token <> \(token ?? 0) AND due_at > \(tx.now.milliseconds)
                """)
        }
    }

    /// Fires when rows became due, by this process or (PostgreSQL) by another. Each call makes a stream of its own;
    /// several signals may arrive as one.
    public func wakeUps() -> AsyncStream<Void> {
        engine.wakeUps.listen()
    }

    /// Fires when this process left events for the businesses' endpoints; those of other instances are found by looking.
    public func eventWakeUps() -> AsyncStream<Void> {
        engine.eventWakeUps.listen()
    }

    /// Fires when this process added entries to a ledger; those of other instances are found by looking.
    public func ledgerWakeUps() -> AsyncStream<Void> {
        engine.ledgerWakeUps.listen()
    }

    /// Proves that a write would be durable now; for readiness.
    ///
    /// - Throws: within 2 seconds, when it would not.
    public func checkWritable() async throws {
        let answer = FirstAnswer<Void>()
        // Not children of this task: the caller hears in time even where the write hangs.
        let check = Task {
            do {
                try await engine.write { tx in
                    _ = try tx.execute(
                        """
                        INSERT INTO rapport_meta (key, value) VALUES ('last_check', \(String(tx.now.milliseconds)))
                        ON CONFLICT (key) DO UPDATE SET value = excluded.value
                        """)
                }
                answer.give(.success(()))
            } catch {
                answer.give(.failure(error))
            }
        }
        let alarm = Task {
            try await Task.sleep(for: .seconds(2))
            answer.give(.failure(DatabaseError.unavailable(.timeout, details: "no durable write within 2 s")))
            check.cancel()
        }
        defer { alarm.cancel() }
        try await answer.value()
    }

    public var statistics: DatabaseStatistics { engine.statistics }

    /// Empties SQLite's write-ahead log, which keeps what was deleted until it is written over. Holds the writer for a moment; does
    /// nothing on PostgreSQL, whose log is the server's.
    public func removeRemnants() async throws {
        try await engine.removeRemnants()
    }

    /// Finishes what has been handed in, then closes every connection and releases the process lock.
    public func close() async {
        await engine.close()
    }
}
