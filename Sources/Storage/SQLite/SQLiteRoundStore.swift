import Core
import GRDB

/// The group-commit writer's side of SQLite: one connection, one transaction for each round.
final class SQLiteRoundStore: RoundStore {
    private let pool: DatabasePool
    private let ciphers: CipherSlot
    private let faults: Faults?
    /// Of the pool's one writing connection; keeps the hot statements from round to round.
    private var session: SQLiteSession?

    init(pool: DatabasePool, ciphers: CipherSlot, faults: Faults?) {
        self.pool = pool
        self.ciphers = ciphers
        self.faults = faults
    }

    func close() {
        // Statements end on their connection, before it does.
        pool.writeWithoutTransaction { _ in session = nil }
    }

    func perform(_ requests: [WriterRequest], now: Timestamp) throws(DatabaseError) -> RoundResult {
        do {
            return try pool.writeWithoutTransaction { database in
                let session = session ?? SQLiteSession(database)
                self.session = session
                if case .fail(let error) = faults?.visit(.begin) { throw error }
                try session.hot(.begin).run()
                do {
                    let result = try SQLiteRound(session: session, now: now, ciphers: ciphers).run(requests)
                    try commit(session)
                    return result
                } catch {
                    if session.isInTransaction { _ = try? session.run("ROLLBACK") }
                    throw error
                }
            }
        } catch {
            throw DatabaseError(grdb: error)
        }
    }

    private func commit(_ session: SQLiteSession) throws(DatabaseError) {
        let fault = faults?.visit(.commit)
        if case .fail(let error) = fault { throw error }
        try session.hot(.commit).run()
        if case .doneButReportedAs(let error) = fault { throw error }
    }
}
