import CPQ
import Core
import Foundation
import Logging
import NIOPosix
import Synchronization

/// PostgreSQL through libpq: the writer's connection, a pool for closures on threads of their own, one that listens.
final class PostgresEngine: StorageEngine {
    let dialect = Dialect.postgresql
    let wakeUps = WakeUpHub()
    let eventWakeUps = WakeUpHub()
    let ledgerWakeUps = WakeUpHub()
    let peers = PeerLine()
    let ciphers = CipherSlot()

    /// Nothing of ours waits or runs for longer.
    static let sessionSettings = [
        "timezone = 'UTC'", "lock_timeout = '5s'", "statement_timeout = '30s'", "idle_in_transaction_session_timeout = '30s'",
    ]
    private static let transientRetries = 6

    private let configuration: DatabaseConfiguration
    private let writer: GroupCommitWriter
    private let threads: NIOThreadPool
    private let counters = StorageCounters()
    private let listener = Mutex<PostgresListener?>(nil)
    private let idle = Mutex<[PooledConnection]>([])

    init(_ configuration: DatabaseConfiguration, logger: Logger) throws(DatabaseError) {
        self.configuration = configuration
        let first = try PostgresConnection(url: configuration.url, settings: Self.sessionSettings)
        try PostgresStartChecks.run(on: first, allowsUnsafeDurability: configuration.allowsUnsafeDurability)
        idle.withLock { $0 = [PooledConnection(first)] }
        threads = NIOThreadPool(numberOfThreads: configuration.poolSize)
        threads.start()
        writer = GroupCommitWriter(
            limit: configuration.mailboxLimit, clock: configuration.clock, counters: counters, wakeUps: wakeUps,
            eventWakeUps: eventWakeUps, ledgerWakeUps: ledgerWakeUps, name: "rapport-writer", onCommit: configuration.onCommit
        ) { [configuration, counters, ciphers] in
            PostgresRoundStore(url: configuration.url, ciphers: ciphers, faults: configuration.faults, counters: counters)
        }
        let listener = try PostgresListener(url: configuration.url, wakeUps: wakeUps, line: peers, logger: logger) { [weak self] body in
            guard let self else { return [] }
            return try await self.read(body)
        }
        self.listener.withLock { $0 = listener }
        peers.carrier.withLock { $0 = listener }
        logger.debug("opened PostgreSQL", metadata: ["version": "\(first.serverVersion)"])
    }

    var statistics: DatabaseStatistics { counters.snapshot(waiting: writer.waiting, poolSize: configuration.poolSize) }

    func submit(_ request: WriterRequest) {
        writer.submit(request)
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await onThread { [self] in
            try retrying { try inTransaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", writes: false, body).value }
        }
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        let now = configuration.clock.now()
        let done = try await onThread { [self] in
            try retrying {
                if case .fail(let error) = configuration.faults?.visit(.begin) { throw error }
                return try inTransaction("BEGIN ISOLATION LEVEL READ COMMITTED", writes: true, body)
            }
        }
        wakeUps.signal(due: done.earliestDue, now: now)
        if done.leavesEvents { eventWakeUps.signal() }
        if done.leavesLedgerEntries { ledgerWakeUps.signal() }
        return done.value
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        do {
            return try await threads.runIfActive { [counters] in
                counters.poolBusy.add(1, ordering: .relaxed)
                defer { counters.poolBusy.subtract(1, ordering: .relaxed) }
                return try body()
            }
        } catch is NIOThreadPoolError.ThreadPoolInactive {
            throw DatabaseError.unavailable(.closed, details: "pool")
        }
    }

    /// Repeats what the server asked to repeat, and what met a connection that had died while idle.
    private func retrying<T>(_ body: () throws -> T) throws -> T {
        var attempt = 0
        let begun = ContinuousClock.now
        while true {
            do {
                return try body()
            } catch let error as DatabaseError {
                guard attempt < Self.transientRetries, begun.duration(to: .now) < GroupCommitWriter.patience else {
                    if case .transient(let details) = error { throw DatabaseError.unavailable(.timeout, details: details) }
                    throw error
                }
                if error.isTransient { Backoff.sleep(attempt + 1) } else if error != .staleConnection { throw error }
                attempt += 1
                counters.retries.add(1, ordering: .relaxed)
            }
        }
    }

    private struct Done<T: Sendable>: Sendable {
        var value: T
        var earliestDue: Timestamp?
        var leavesEvents: Bool
        var leavesLedgerEntries: Bool
    }

    private func inTransaction<T: Sendable>(_ begin: SQL, writes: Bool, _ body: @Sendable (Transaction) throws -> T) throws -> Done<T> {
        let (connection, isFresh) = try takeConnection()
        let session = connection.value
        do throws(DatabaseError) {
            _ = try session.run(begin)
        } catch {
            // Nothing has been done yet: another connection may serve.
            if !isFresh, !session.isAlive { throw DatabaseError.staleConnection }
            giveBack(connection)
            throw error
        }
        let transaction = Transaction(
            now: configuration.clock.now(), dialect: .postgresql, session: session, ciphers: ciphers)
        let value: T
        do {
            value = try body(transaction)
        } catch {
            session.rollback()
            // Lost before its COMMIT: surely not done, so it may be done again.
            guard session.isAlive else { throw DatabaseError.staleConnection }
            giveBack(connection)
            throw error
        }
        do {
            if let due = transaction.earliestDue, due <= transaction.now.adding(milliseconds: 5_000) {
                _ = try session.run("NOTIFY rapport_due")
            }
            try commit(session, writes: writes)
            giveBack(connection)
            return Done(
                value: value, earliestDue: transaction.earliestDue, leavesEvents: transaction.leavesEvents,
                leavesLedgerEntries: transaction.leavesLedgerEntries)
        } catch {
            session.rollback()
            giveBack(connection)
            throw error
        }
    }

    private func commit(_ session: PostgresConnection, writes: Bool) throws(DatabaseError) {
        let fault = writes ? configuration.faults?.visit(.commit) : nil
        if case .fail(let error) = fault { throw error }
        _ = try session.run("COMMIT")
        if case .doneButReportedAs(let error) = fault { throw error }
    }

    private func takeConnection() throws(DatabaseError) -> (PooledConnection, isFresh: Bool) {
        while let connection = idle.withLock({ $0.popLast() }) {
            if connection.value.isAlive { return (connection, false) }
            counters.reconnections.add(1, ordering: .relaxed)
        }
        return (PooledConnection(try PostgresConnection(url: configuration.url, settings: Self.sessionSettings)), true)
    }

    private func giveBack(_ connection: PooledConnection) {
        guard connection.value.isAlive, (try? connection.value.trimStatements()) != nil else { return }
        idle.withLock { $0.append(connection) }
    }

    func close() async {
        await writer.close()
        listener.withLock { $0 }?.close()
        peers.carrier.withLock { $0 = nil }
        wakeUps.finish()
        eventWakeUps.finish()
        ledgerWakeUps.finish()
        try? await threads.shutdownGracefully()
        idle.withLock { $0 = [] }
    }
}

extension DatabaseError {
    /// The server closed a connection while nobody used it.
    fileprivate static let staleConnection = DatabaseError.unavailable(.disconnected, details: "stale connection")
}

/// A connection on its way through the pool.
///
/// Unchecked, and safe: ``PostgresEngine/takeConnection()`` removes it from the pool's mutex, or makes it, and hands it to one caller, whose
/// work on it ends on the same thread before ``PostgresEngine/giveBack(_:)`` puts it back. At no time do two threads hold it, and the mutex
/// orders one user behind the other.
private struct PooledConnection: @unchecked Sendable {  // safe: in the pool's mutex or with its one user, see above
    let value: PostgresConnection

    init(_ value: PostgresConnection) {
        self.value = value
    }
}

extension PostgresEngine {
    /// Connects on a thread that may block.
    static func open(_ configuration: DatabaseConfiguration, logger: Logger) async throws(DatabaseError) -> PostgresEngine {
        let result: Result<PostgresEngine, DatabaseError> = await withCheckedContinuation { continuation in
            let thread = Thread {
                do throws(DatabaseError) {
                    continuation.resume(returning: .success(try PostgresEngine(configuration, logger: logger)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            thread.start()
        }
        return try result.get()
    }
}
