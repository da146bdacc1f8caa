import Core

/// One transaction of the writer. Requests run one after the other, so each sees what the ones before it wrote.
final class SQLiteRound {
    let session: SQLiteSession
    let now: Timestamp
    let ciphers: CipherSlot
    /// Whether anything at all is suppressed; nil until someone asks. Only closures change suppressions, and they run first.
    private var knowsSuppressions: Bool?
    /// Whether any business has an endpoint for events; nil until someone asks. Only closures change endpoints.
    private var knowsEndpoints: Bool?
    /// Of the communications that the round accepted.
    var audit = SubmissionAudit()

    init(session: SQLiteSession, now: Timestamp, ciphers: CipherSlot) {
        self.session = session
        self.now = now
        self.ciphers = ciphers
    }

    var content: ContentSeal { ContentSeal(cipher: ciphers.cipher) }

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
        try writeAudit(&result)
        return result
    }

    /// The closure's error is its caller's alone; only what ends the whole transaction is thrown.
    private func run(_ closure: WriterClosure, _ result: inout RoundResult) throws(DatabaseError) -> Result<@Sendable () -> Void, any Error>
    {
        _ = try session.run("SAVEPOINT closure")
        do {
            let transaction = Transaction(now: now, dialect: .sqlite, session: session, ciphers: ciphers)
            let resume = try closure.run(transaction)
            _ = try session.run("RELEASE closure")
            result.leavesDue(transaction.earliestDue)
            if transaction.leavesEvents { result.leavesEvents = true }
            if transaction.leavesLedgerEntries { result.leavesLedgerEntries = true }
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

    func suppressionsExist() throws(DatabaseError) -> Bool {
        if let knowsSuppressions { return knowsSuppressions }
        var found = false
        try session.hot(.anySuppression).run { (_) throws(DatabaseError) in found = true }
        knowsSuppressions = found
        return found
    }

    func endpointsExist() throws(DatabaseError) -> Bool {
        if let knowsEndpoints { return knowsEndpoints }
        var found = false
        try session.hot(.anyWebhookEndpoint).run { (_) throws(DatabaseError) in found = true }
        knowsEndpoints = found
        return found
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
