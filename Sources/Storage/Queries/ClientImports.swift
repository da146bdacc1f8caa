import Core

/// An import of clients, and how far it has come.
public struct ClientImport: Sendable, Hashable {
    /// How far an import is.
    public enum State: String, Sendable, Hashable, CaseIterable {
        case running, completed
        /// The file did not arrive whole. What had arrived was imported; the same file again completes it.
        case interrupted
    }

    /// What became of the lines.
    public struct Counts: Sendable, Hashable {
        public var lines = 0
        public var created = 0
        public var updated = 0
        public var rejected = 0
        /// Clients whose own no stands against what the file says.
        public var keptRefusals = 0
        /// Clients with an address on the suppression list.
        public var suppressed = 0

        public init() {}

        public mutating func add(_ other: Counts) {
            lines += other.lines
            created += other.created
            updated += other.updated
            rejected += other.rejected
            keptRefusals += other.keptRefusals
            suppressed += other.suppressed
        }
    }

    public var id: UUIDv7
    public var isDryRun: Bool
    public var state: State
    public var counts: Counts
    public var startedAt: Timestamp
    public var finishedAt: Timestamp?
}

/// What is wrong with a line of an import.
public struct ImportError: Sendable, Hashable {
    public var line: Int
    /// Within its line, from 0.
    public var position: Int
    public var field: String
    public var message: String

    public init(line: Int, position: Int, field: String, message: String) {
        self.line = line
        self.position = position
        self.field = field
        self.message = message
    }
}

extension Transaction {
    /// Imports and their errors are kept for 30 days.
    static let importLifetime: Int64 = 30 * 86_400
    /// An import that says nothing for so long has lost its process.
    static let importPatience: Int64 = 600

    /// Begins an import, and forgets those of long ago.
    ///
    /// - Throws: ``Refusal/idempotencyKeyInUse`` while another one with this key runs.
    public func beginImport(_ id: UUIDv7, isDryRun: Bool, idempotencyKey: String?, business: BusinessID) throws {
        let past = now.adding(seconds: -Self.importLifetime)
        try execute("DELETE FROM crm_client_imports WHERE business_id = \(business) AND started_at < \(past)")
        let (lost, old) = (now.adding(seconds: -Self.importPatience), now.adding(seconds: -Self.idempotencyKeyLifetimeSeconds))
        try execute(
            """
            UPDATE crm_client_imports SET idempotency_key = NULL
            WHERE business_id = \(business) AND idempotency_key = \(idempotencyKey)
                AND (state <> 'completed' AND updated_at < \(lost) OR started_at < \(old))
            """)
        let begun = try execute(
            """
            INSERT INTO crm_client_imports (import_id, business_id, is_dry_run, state, idempotency_key, started_at, updated_at)
            VALUES (\(id), \(business), \(isDryRun), 'running', \(idempotencyKey), \(now), \(now))
            ON CONFLICT DO NOTHING
            """)
        guard begun > 0 else { throw Refusal.idempotencyKeyInUse }
    }

    /// Adds what a batch of lines came to.
    public func noteImport(_ id: UUIDv7, _ counts: ClientImport.Counts, errors: [ImportError]) throws {
        try enqueue(
            """
            UPDATE crm_client_imports SET line_count = line_count + \(counts.lines), created_count = created_count + \(counts.created),
                updated_count = updated_count + \(counts.updated), rejected_count = rejected_count + \(counts.rejected),
                kept_refusals = kept_refusals + \(counts.keptRefusals), suppressed_count = suppressed_count + \(counts.suppressed),
                updated_at = \(now)
            WHERE import_id = \(id)
            """)
        for error in errors {
            try enqueue(
                """
                INSERT INTO crm_client_import_errors (import_id, line_number, position, field, message)
                VALUES (\(id), \(error.line), \(error.position), \(error.field), \(error.message))
                """)
        }
    }

    /// - Parameter fingerprint: of the whole file, which a repeated idempotency key is compared with.
    public func endImport(_ id: UUIDv7, _ state: ClientImport.State, fingerprint: [UInt8]?) throws {
        // An interrupted one may come again under its key.
        try execute(
            """
            UPDATE crm_client_imports SET state = \(state.rawValue), fingerprint = \(fingerprint), finished_at = \(now), updated_at = \(now),
                idempotency_key = CASE WHEN \(state == .completed) THEN idempotency_key END
            WHERE import_id = \(id)
            """)
    }

    /// Nil when the business has no such import.
    public func clientImport(_ id: UUIDv7, business: BusinessID) throws -> ClientImport? {
        try run("\(Self.imports) WHERE import_id = \(id) AND business_id = \(business)").first.map(clientImport)
    }

    /// The import that was made with this key, and the fingerprint of its file.
    public func clientImport(idempotencyKey key: String, business: BusinessID) throws -> (found: ClientImport, fingerprint: [UInt8]?)? {
        try run("\(Self.imports) WHERE business_id = \(business) AND idempotency_key = \(key)").first.map {
            (try clientImport($0), try $0.bytesOrNil(12))
        }
    }

    /// In the order of the file.
    public func importErrors(
        of id: UUIDv7, after: (line: Int, position: Int) = (0, -1), limit: Int
    ) throws -> [ImportError] {
        try run(
            """
            SELECT line_number, position, field, message FROM crm_client_import_errors
            WHERE import_id = \(id)
                AND (line_number > \(after.line) OR line_number = \(after.line) AND position > \(after.position))
            ORDER BY line_number, position LIMIT \(limit)
            """
        ).map { ImportError(line: try $0.int(0), position: try $0.int(1), field: try $0.text(2), message: try $0.text(3)) }
    }

    private static let imports: SQL = """
        SELECT import_id, is_dry_run, state, line_count, created_count, updated_count, rejected_count, kept_refusals, suppressed_count,
            started_at, updated_at, finished_at, fingerprint
        FROM crm_client_imports
        """

    private func clientImport(_ row: Row) throws -> ClientImport {
        var counts = ClientImport.Counts()
        counts.lines = try row.int(3)
        counts.created = try row.int(4)
        counts.updated = try row.int(5)
        counts.rejected = try row.int(6)
        counts.keptRefusals = try row.int(7)
        counts.suppressed = try row.int(8)
        var state = try row.oneOf(2, as: ClientImport.State.self)
        if state == .running, try row.time(10) < now.adding(seconds: -Self.importPatience) { state = .interrupted }
        return ClientImport(
            id: try row.uuid(0), isDryRun: try row.bool(1), state: state, counts: counts, startedAt: try row.time(9),
            finishedAt: try row.timeOrNil(11))
    }
}
