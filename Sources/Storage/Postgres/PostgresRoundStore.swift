import Core
import Dispatch
import Foundation
import Synchronization

/// The group-commit writer's side of PostgreSQL: one connection, two round trips for each round.
final class PostgresRoundStore: RoundStore {
    /// A lost server is looked for again after this pause at the earliest; until then callers hear 503 at once.
    private static let reconnectPause: UInt64 = 250_000_000

    private let url: String
    private let ciphers: CipherSlot
    private let faults: Faults?
    private let counters: StorageCounters
    private var connection: PostgresConnection?
    private var lastFailure: UInt64?

    init(url: String, ciphers: CipherSlot, faults: Faults?, counters: StorageCounters) {
        self.url = url
        self.ciphers = ciphers
        self.faults = faults
        self.counters = counters
    }

    func close() {
        connection = nil
    }

    /// Plans must not depend on the tables' sizes at the moment of the first use: the queue begins empty and grows fast.
    private static let settings =
        PostgresEngine.sessionSettings + [
            "enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "enable_bitmapscan = off", "jit = off",
            "plan_cache_mode = force_generic_plan",
        ]

    private func connected() throws(DatabaseError) -> PostgresConnection {
        if let connection, connection.isAlive { return connection }
        if let lastFailure, DispatchTime.now().uptimeNanoseconds &- lastFailure < Self.reconnectPause {
            throw .unavailable(.disconnected, details: "waiting before the next connection")
        }
        do throws(DatabaseError) {
            if connection != nil { counters.reconnections.add(1, ordering: .relaxed) }
            let fresh = try PostgresConnection(url: url, settings: Self.settings)
            connection = fresh
            lastFailure = nil
            return fresh
        } catch {
            lastFailure = DispatchTime.now().uptimeNanoseconds
            throw error
        }
    }

    func perform(_ requests: [WriterRequest], now: Timestamp) throws(DatabaseError) -> RoundResult {
        if case .fail(let error) = faults?.visit(.begin) { throw error }
        do throws(DatabaseError) {
            return try attempt(requests, now)
        } catch .unavailable(.disconnected, let details) {
            // An idle connection that the server closed is found out only now; nothing has been done on it.
            guard connection?.isAlive != true, lastFailure == nil else { throw .unavailable(.disconnected, details: details) }
            return try attempt(requests, now)
        }
    }

    private func attempt(_ requests: [WriterRequest], _ now: Timestamp) throws(DatabaseError) -> RoundResult {
        let connection = try connected()
        var transactionID: String?
        var result: RoundResult?
        do throws(DatabaseError) {
            var round = PostgresRound(requests: requests, now: now, ciphers: ciphers)
            round.queueReads(on: connection)
            transactionID = try round.absorb(try connection.sync())
            try round.readMembers(on: connection)
            try round.queueWrites(on: connection)
            result = round.result
            try commit(connection)
            return round.result
        } catch {
            if connection.isAlive {
                connection.rollback()
                throw error
            }
            self.connection = nil
            counters.reconnections.add(1, ordering: .relaxed)
            // Lost after COMMIT was sent: only the server knows whether it was done.
            if let result, let transactionID, try wasCommitted(transactionID) { return result }
            throw error
        }
    }

    private func commit(_ connection: PostgresConnection) throws(DatabaseError) {
        let fault = faults?.visit(.commit)
        if case .fail(let error) = fault { throw error }
        connection.queue("COMMIT")
        try connection.sync()
        if case .doneButReportedAs = fault {
            connection.abandon()
            throw .unavailable(.disconnected, details: "fault")
        }
    }

    /// Asks the server what became of a transaction whose connection was lost.
    ///
    /// - Throws: ``DatabaseError/unavailable(_:details:)`` when the server can not be asked.
    private func wasCommitted(_ transactionID: String) throws(DatabaseError) -> Bool {
        for attempt in 1...8 {
            do throws(DatabaseError) {
                let rows = try connected().run("SELECT pg_xact_status(CAST(\(transactionID) AS xid8))")
                switch try rows.first?.textOrNil(0) {
                case "committed": return true
                case "in progress": break
                default: return false
                }
            } catch {
                if attempt == 8 { throw error }
                lastFailure = nil
            }
            Backoff.sleep(attempt)
        }
        throw .unavailable(.disconnected, details: "the outcome of a commit is unknown")
    }

    func announce() {
        guard let connection, connection.isAlive else { return }
        _ = try? connection.run("NOTIFY rapport_due")
    }
}
