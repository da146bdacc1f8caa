import CSQLite
import Core
import Foundation
import GRDB
import GRDBSQLite
import Logging
import NIOPosix
import Synchronization

/// SQLite through GRDB's pool: WAL, readers beside one writer, one process.
final class SQLiteEngine: StorageEngine {
    let dialect = Dialect.sqlite
    let wakeUps = WakeUpHub()
    let eventWakeUps = WakeUpHub()
    let ledgerWakeUps = WakeUpHub()
    let peers = PeerLine()
    let ciphers = CipherSlot()

    private let pool: DatabasePool
    private let lock: ProcessLock
    private let writer: GroupCommitWriter
    private let readers: NIOThreadPool
    private let counters = StorageCounters()
    private let poolSize: Int
    private let clock: WallClock

    init(path: String, _ configuration: DatabaseConfiguration, logger: Logger) throws(DatabaseError) {
        let directory = (path as NSString).deletingLastPathComponent
        if !directory.isEmpty {
            do {
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            } catch {
                throw .misconfigured("DATABASE_URL: the directory of the SQLite file can not be made.")
            }
        }
        lock = try ProcessLock(path: path + ".lock")
        pool = try Self.openPool(path, configuration)
        poolSize = configuration.poolSize
        clock = configuration.clock
        readers = NIOThreadPool(numberOfThreads: configuration.poolSize)
        readers.start()
        writer = GroupCommitWriter(
            limit: configuration.mailboxLimit, clock: configuration.clock, counters: counters, wakeUps: wakeUps,
            eventWakeUps: eventWakeUps, ledgerWakeUps: ledgerWakeUps, name: "rapport-writer", onCommit: configuration.onCommit
        ) { [pool, ciphers, faults = configuration.faults] in SQLiteRoundStore(pool: pool, ciphers: ciphers, faults: faults) }
        logger.debug("opened SQLite", metadata: ["version": "\(String(cString: sqlite3_libversion()))"])
    }

    /// Once for the process. Where something else has used SQLite before, its statistics stay on and cost time, nothing else.
    private static let memoryStatisticsAreOff = rapport_sqlite_disable_memory_statistics() == SQLITE_OK

    private static func openPool(_ path: String, _ configuration: DatabaseConfiguration) throws(DatabaseError) -> DatabasePool {
        _ = memoryStatisticsAreOff
        var settings = Configuration()
        settings.busyMode = .timeout(5)
        settings.foreignKeysEnabled = true
        settings.maximumReaderCount = configuration.poolSize
        settings.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cache_size = -16384")
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            // What is deleted is overwritten in the file. Some builds of SQLite do so by themselves, others do not.
            try database.execute(sql: "PRAGMA secure_delete = ON")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: settings)
            try pool.writeWithoutTransaction { database in
                // GRDB sets NORMAL after `prepareDatabase`; a power cut would lose acknowledged commits.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 1000")
                // Of a process that was killed.
                try Self.emptyLog(database)
                let synchronous = try Int.fetchOne(database, sql: "PRAGMA synchronous")
                let journal = try String.fetchOne(database, sql: "PRAGMA journal_mode")
                guard synchronous == 2 || synchronous == 3, journal == "wal" else {
                    throw DatabaseError.misconfigured(
                        "DATABASE_URL: SQLite does not keep synchronous=FULL with a write-ahead log on this file system.")
                }
            }
            return pool
        } catch {
            throw DatabaseError(grdb: error)
        }
    }

    var statistics: DatabaseStatistics { counters.snapshot(waiting: writer.waiting, poolSize: poolSize) }

    func read<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        let now = clock.now()
        do {
            return try await readers.runIfActive { [pool, counters, ciphers] in
                counters.poolBusy.add(1, ordering: .relaxed)
                defer { counters.poolBusy.subtract(1, ordering: .relaxed) }
                return try pool.read { try body(Transaction(now: now, dialect: .sqlite, session: SQLiteSession($0), ciphers: ciphers)) }
            }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(grdb: error)
        } catch is NIOThreadPoolError.ThreadPoolInactive {
            throw DatabaseError.unavailable(.closed, details: "readers")
        }
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            submit(
                .closure(
                    WriterClosure(
                        run: { transaction in
                            let value = try body(transaction)
                            return { continuation.resume(returning: value) }
                        },
                        fail: { continuation.resume(throwing: $0) })))
        }
    }

    func submit(_ request: WriterRequest) {
        writer.submit(request)
    }

    /// The log holds deleted rows until it is written over, which may be never.
    private static func emptyLog(_ database: GRDB.Database) throws {
        try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }

    private static func emptyLastLog(of pool: DatabasePool) {
        try? pool.writeWithoutTransaction { try emptyLog($0) }
    }

    func removeRemnants() async throws {
        do {
            // Without readers, whose view of the past would keep the log.
            try await readers.runIfActive { [pool] in try pool.barrierWriteWithoutTransaction { try Self.emptyLog($0) } }
        } catch let error as GRDB.DatabaseError {
            throw DatabaseError(grdb: error)
        } catch is NIOThreadPoolError.ThreadPoolInactive {
            throw DatabaseError.unavailable(.closed, details: "readers")
        }
    }

    func close() async {
        await writer.close()
        wakeUps.finish()
        eventWakeUps.finish()
        ledgerWakeUps.finish()
        try? await readers.shutdownGracefully()
        // GRDB closes the writer first, so that nobody is left who would do it.
        Self.emptyLastLog(of: pool)
        // Fails only when something still uses a connection; the lock's release below ends with the process at the latest.
        try? pool.close()
        lock.release()
    }
}
