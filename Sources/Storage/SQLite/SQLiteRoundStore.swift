import Core
import GRDB

/// The group-commit writer's side of SQLite: one connection, one transaction for each round.
final class SQLiteRoundStore: RoundStore {
    private let pool: DatabasePool
    private let faults: Faults?

    init(pool: DatabasePool, faults: Faults?) {
        self.pool = pool
        self.faults = faults
    }

    func close() {}

    func perform(_ requests: [WriterRequest], now: Timestamp) throws(DatabaseError) -> RoundResult {
        do {
            return try pool.writeWithoutTransaction { database in
                let session = SQLiteSession(database)
                if case .fail(let error) = faults?.visit(.begin) { throw error }
                _ = try session.run("BEGIN IMMEDIATE")
                do {
                    let result = try SQLiteRound(session: session, now: now).run(requests)
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
        _ = try session.run("COMMIT")
        if case .doneButReportedAs(let error) = fault { throw error }
    }
}

/// One transaction of the writer. Requests run one after the other, so each sees what the ones before it wrote.
struct SQLiteRound {
    let session: SQLiteSession
    let now: Timestamp

    func run(_ requests: [WriterRequest]) throws(DatabaseError) -> RoundResult {
        var result = RoundResult(count: requests.count)
        // Closures first: an opt-out that arrived with a claim wins over it.
        for (index, request) in requests.enumerated() {
            if case .closure(let closure) = request { result.replies[index] = .closure(try run(closure, &result)) }
        }
        for (index, request) in requests.enumerated() {
            switch request {
            case .closure: break
            case .finish(let outcomes, _): result.replies[index] = .ids(try finish(outcomes, &result))
            case .extend(let lease, _): result.replies[index] = .ids(try extend(lease))
            case .accept(let acceptance, _): result.replies[index] = .accepted(try accept(acceptance, &result))
            case .claim(let claim, _): result.replies[index] = .claimed(try self.claim(claim, &result))
            }
        }
        return result
    }

    /// The closure's error is its caller's alone; only what ends the whole transaction is thrown.
    private func run(_ closure: WriterClosure, _ result: inout RoundResult) throws(DatabaseError) -> Result<@Sendable () -> Void, any Error>
    {
        _ = try session.run("SAVEPOINT closure")
        do {
            let transaction = Transaction(now: now, dialect: .sqlite, session: session)
            let resume = try closure.run(transaction)
            _ = try session.run("RELEASE closure")
            result.leavesDue(transaction.earliestDue)
            return .success(resume)
        } catch {
            guard session.isInTransaction else { throw DatabaseError(grdb: error) }
            if let error = error as? DatabaseError, error.concernsEveryone { throw error }
            _ = try session.run("ROLLBACK TO closure")
            _ = try session.run("RELEASE closure")
            return .failure(error)
        }
    }

    func emit(_ sql: SQL) throws(DatabaseError) {
        _ = try session.run(sql)
    }

    private func finish(_ outcomes: [AttemptOutcome], _ result: inout RoundResult) throws(DatabaseError) -> [CommunicationID] {
        var lost: [CommunicationID] = []
        for outcome in outcomes {
            let effects = OutcomeEffects(outcome: outcome, now: now)
            // The channel too: a fallback that is recorded twice must not meet its successor, whose lease has the same token.
            let held = try session.run(
                """
                SELECT 1 FROM crm_delivery_queue
                WHERE communication_id = \(outcome.id) AND lease_token = \(outcome.token) AND channel = \(outcome.channel)
                """)
            if held.isEmpty {
                lost.append(outcome.id)
                try emit(effects.lateEvent())
            } else {
                try effects.write(emit)
                result.leavesDue(effects.leavesDue)
            }
        }
        return lost
    }

    private func extend(_ lease: LeaseExtension) throws(DatabaseError) -> [CommunicationID] {
        var ours: [CommunicationID] = []
        for id in lease.ids {
            let changed = try session.execute(
                """
                UPDATE crm_delivery_queue SET due_at = \(lease.until.milliseconds)
                WHERE communication_id = \(id) AND lease_token = \(lease.token)
                """)
            if changed > 0 { ours.append(id) }
        }
        return ours
    }
}
