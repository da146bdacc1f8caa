import Core

/// An entry as it stands in the table.
struct StoredLedgerEntry: Sendable {
    var record: LedgerRecord
    var sequence: Int64?
    var previousHash: [UInt8]?
    var hash: [UInt8]?
    var seal: [UInt8]?

    static let columns: SQL = """
        business_id, ledger, entry_id, occurred_at, actor_kind, actor_id, action, client_hash, payload, payload_digest, mac, sequence,
        previous_hash, hash, seal
        """

    /// Reads ``columns``.
    init(_ row: Row) throws(DatabaseError) {
        guard let ledger = LedgerName(rawValue: try row.text(1)) else { throw .decoding("column 1 is no ledger") }
        record = LedgerRecord(
            business: try row.uuid(0), ledger: ledger, id: try row.uuid(2), occurredAt: try row.time(3), actorKind: try row.text(4),
            actorID: try row.text(5), action: try row.text(6), clientHash: try row.bytesOrNil(7), payload: try row.sealedOrNil(8),
            payloadDigest: try row.bytes(9), mac: try row.bytes(10))
        sequence = try row.int64OrNil(11)
        previousHash = try row.bytesOrNil(12)
        hash = try row.bytesOrNil(13)
        seal = try row.bytesOrNil(14)
    }
}

extension Transaction {
    /// Entries that have no place in the chain yet, in the order in which they will get one.
    func unsealedEntries(_ place: LedgerPlace, after last: UUIDv7? = nil, limit: Int) throws(DatabaseError) -> [StoredLedgerEntry] {
        try entries(
            """
            SELECT \(StoredLedgerEntry.columns) FROM crm_ledger_entries
            WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue) AND sequence IS NULL
                AND entry_id > \(last ?? UUIDv7(high: 0, low: 0))
            ORDER BY entry_id LIMIT \(limit)
            """)
    }

    /// Entries of the chain, in its order.
    ///
    /// - Parameter last: the sequence before; nil from the lowest that there is.
    func sealedEntries(_ place: LedgerPlace, after last: Int64?, limit: Int) throws(DatabaseError) -> [StoredLedgerEntry] {
        try entries(
            """
            SELECT \(StoredLedgerEntry.columns) FROM crm_ledger_entries
            WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue) AND sequence IS NOT NULL
                AND sequence > \(last ?? .min)
            ORDER BY sequence LIMIT \(limit)
            """)
    }

    func entries(_ sql: SQL) throws(DatabaseError) -> [StoredLedgerEntry] {
        var entries: [StoredLedgerEntry] = []
        for row in try run(sql) { entries.append(try StoredLedgerEntry(row)) }
        return entries
    }

    /// The stored end of a chain and whether its code is right.
    func head(of place: LedgerPlace, _ lock: SQL = "") throws -> (head: LedgerHead, isAuthentic: Bool)? {
        let rows = try run(
            """
            SELECT sequence, hash, mac FROM crm_ledger_heads
            WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue) \(lock)
            """)
        guard let row = rows.first else { return nil }
        let head = LedgerHead(place: place, sequence: try row.int64(0), hash: try row.bytes(1))
        return (head, try row.bytes(2) == head.authenticationCode(cipher()))
    }
}
