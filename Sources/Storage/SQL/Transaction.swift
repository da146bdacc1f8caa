import Core

/// An engine's open transaction, as ``Transaction`` uses it.
protocol TransactionSession: AnyObject {
    func run(_ sql: SQL) throws(DatabaseError) -> [Row]
    /// Rows that the statement changed.
    func execute(_ sql: SQL) throws(DatabaseError) -> Int
    /// Runs it with the next statement, or now; its error comes then.
    func enqueue(_ sql: SQL) throws(DatabaseError)
    /// The rows of each statement, asked for together.
    func runAll(_ statements: [SQL]) throws(DatabaseError) -> [[Row]]
}

/// One open transaction. Synchronous on purpose: nothing can `await` while it is held.
///
/// The closure that receives it may run more than once (after a serialization failure or a deadlock), so it has no
/// effect but through the transaction. It must not let the transaction escape.
public final class Transaction {
    /// The moment at which the transaction began, by the injected clock; the same for every statement.
    public let now: Timestamp
    public let dialect: Dialect
    let session: any TransactionSession
    private let ciphers: CipherSlot
    /// The earliest moment at which rows that this transaction left behind become due; told to the wake-ups after its commit.
    private(set) var earliestDue: Timestamp?
    /// It queued events for the business's endpoints.
    private(set) var leavesEvents = false
    /// It added entries to a ledger, which the sealer chains after the commit.
    private(set) var leavesLedgerEntries = false
    private var knowsEndpoints: Bool?

    init(now: Timestamp, dialect: Dialect, session: any TransactionSession, ciphers: CipherSlot) {
        self.now = now
        self.dialect = dialect
        self.session = session
        self.ciphers = ciphers
    }

    /// Seals and opens what the tables hold sealed.
    ///
    /// - Throws: ``DatabaseError/misconfigured(_:)`` before ``Cipher/open(_:keys:)`` has proved the keys of this database.
    public func cipher() throws(DatabaseError) -> Cipher {
        guard let cipher = ciphers.cipher else { throw .misconfigured("DB_ENCRYPTION_KEY: the keys of this database are not open.") }
        return cipher
    }

    /// How content is sealed.
    var content: ContentSeal { ContentSeal(cipher: ciphers.cipher) }

    /// Runs one statement and returns its rows (also those of `RETURNING`).
    @discardableResult
    public func run(_ sql: SQL) throws(DatabaseError) -> [Row] {
        try session.run(sql)
    }

    /// Runs one statement and returns how many rows it changed.
    @discardableResult
    public func execute(_ sql: SQL) throws(DatabaseError) -> Int {
        try session.execute(sql)
    }

    /// Runs a statement of which nobody needs the result. On PostgreSQL it travels with the next one, at the latest with the commit, and
    /// so does its error: a round trip less for each.
    public func enqueue(_ sql: SQL) throws(DatabaseError) {
        try session.enqueue(sql)
    }

    /// Runs statements that do not depend on each other's results; one round trip on PostgreSQL.
    ///
    /// - Returns: the rows of each.
    public func runAll(_ statements: [SQL]) throws(DatabaseError) -> [[Row]] {
        try session.runAll(statements)
    }

    /// Says that rows of the delivery queue become due at `due`, so that claimers wake up in time once this is durable.
    public func leavesDueRows(at due: Timestamp) {
        earliestDue = min(earliestDue ?? due, due)
    }

    /// Whether any business has an endpoint for events; asked once for all events of a transaction.
    func endpointsExist() throws(DatabaseError) -> Bool {
        if let knowsEndpoints { return knowsEndpoints }
        let found = try !session.run("SELECT 1 FROM crm_webhook_endpoints LIMIT 1").isEmpty
        knowsEndpoints = found
        return found
    }

    /// Says that there are events to be distributed once this is durable.
    func leavesNewEvents() {
        leavesEvents = true
    }

    /// Says that there are ledger entries to be sealed once this is durable.
    func leavesNewLedgerEntries() {
        leavesLedgerEntries = true
    }

    /// Keeps decisions that rest on this client's consent (claims, hand-offs) out until the transaction ends.
    ///
    /// Whoever changes preferences or suppressions calls this first, so that an opt-out is either seen by the
    /// transaction that begins an attempt, or committed after that attempt began (promise P4).
    public func lockConsent(_ business: BusinessID, _ clientID: ClientID) throws(DatabaseError) {
        // SQLite has one writer: everything is ordered already.
        guard dialect == .postgresql else { return }
        let partition = ConsentPartition.of(business, clientID)
        try session.run("SELECT pg_advisory_xact_lock(\(Int(ConsentPartition.space))::int4, \(partition)::int4)").consume()
    }

    /// As ``lockConsent(_:_:)``, for many: in one order over all instances, so that two of them can not wait for each other.
    ///
    /// Call it first thing in the transaction.
    public func lockConsent(of clients: [(business: BusinessID, client: ClientID)]) throws(DatabaseError) {
        guard dialect == .postgresql, !clients.isEmpty else { return }
        for partition in Set(clients.map { ConsentPartition.of($0.business, $0.client) }).sorted() {
            try session.enqueue("SELECT pg_advisory_xact_lock(\(Int(ConsentPartition.space))::int4, \(partition)::int4)")
        }
    }

    /// Keeps every decision that rests on anyone's consent out: for changes by address rather than by client.
    public func lockAllConsent() throws(DatabaseError) {
        guard dialect == .postgresql else { return }
        try session.run(
            """
            SELECT pg_advisory_xact_lock(\(Int(ConsentPartition.space))::int4, p::int4)
            FROM generate_series(0, \(ConsentPartition.count - 1)) AS p ORDER BY p
            """
        ).consume()
    }
}

extension [Row] {
    fileprivate func consume() {}
}
