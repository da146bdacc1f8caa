import Core
import Crypto

/// An entry as readers get it.
public struct LedgerEntry: Sendable {
    /// What became of an entry's content.
    public enum State: String, Sendable, Hashable {
        case whole
        /// An erasure took it.
        case erased
        /// It does not open, or is not what the entry covers: somebody altered it.
        case damaged
    }

    public var place: LedgerPlace
    public var id: UUIDv7
    /// Nil until the sealer came by.
    public var sequence: Int64?
    public var occurredAt: Timestamp
    public var actorKind: String
    /// Nil where the client acted and their data was erased.
    public var actorID: String?
    public var action: String
    public var state: State
    /// A JSON object, byte for byte as its digest covers it; nil unless the entry is whole.
    public var payload: [UInt8]?
    /// The lines that ``contentHash`` and the code cover.
    public var content: [UInt8]
    public var contentHash: [UInt8]
    public var mac: [UInt8]
    public var previousHash: [UInt8]?
    public var hash: [UInt8]?

    init(_ stored: StoredLedgerEntry, _ cipher: Cipher) {
        let record = stored.record
        place = LedgerPlace(business: record.business, ledger: record.ledger)
        id = record.id
        sequence = stored.sequence
        occurredAt = record.occurredAt
        actorKind = record.actorKind
        actorID = record.actorID.isEmpty ? nil : record.actorID
        action = record.action
        content = record.content
        contentHash = record.contentHash
        mac = record.mac
        previousHash = stored.previousHash
        hash = stored.hash
        guard let sealed = record.payload else {
            state = .erased
            return
        }
        let bytes = try? cipher.openBytes(sealed, record.place)
        guard let bytes, Array(SHA256.hash(data: bytes)) == record.payloadDigest else {
            state = .damaged
            return
        }
        state = .whole
        payload = bytes
    }
}

/// Which entries are wanted.
public struct LedgerFilter: Sendable, Hashable {
    /// Id of a key or a person.
    public var actor: String?
    /// `client.put`, or `client` for everything about clients.
    public var action: String?
    public var client: ClientID?
    public var from: Timestamp?
    /// Exclusive.
    public var to: Timestamp?

    public init(actor: String? = nil, action: String? = nil, client: ClientID? = nil, from: Timestamp? = nil, to: Timestamp? = nil) {
        self.actor = actor
        self.action = action
        self.client = client
        self.from = from
        self.to = to
    }
}

extension Transaction {
    /// Entries by time, also those that have no place in the chain yet.
    ///
    /// - Parameter last: the entry before, in the order that is asked for.
    public func ledgerEntries(
        _ place: LedgerPlace, _ filter: LedgerFilter = LedgerFilter(), newestFirst: Bool = true, after last: UUIDv7? = nil, limit: Int
    ) throws -> [LedgerEntry] {
        let cipher = try cipher()
        var conditions: SQL = "business_id = \(place.business) AND ledger = \(place.ledger.rawValue)"
        if let client = filter.client {
            conditions = "\(conditions) AND client_hash = \(LedgerRecord.clientHash(client, place.business, cipher))"
        }
        if let actor = filter.actor { conditions = "\(conditions) AND actor_id = \(actor)" }
        if let action = filter.action {
            // "/" comes right after "." in the column's order.
            conditions =
                "\(conditions) AND (action = \(action) OR (action >= \(action + ".") AND action < \(action + "/")))"
        }
        // Identifiers carry the time of their entry.
        if let from = filter.from { conditions = "\(conditions) AND entry_id >= \(LedgerEntryID.first(at: from))" }
        if let to = filter.to { conditions = "\(conditions) AND entry_id < \(LedgerEntryID.first(at: to))" }
        if let last { conditions = newestFirst ? "\(conditions) AND entry_id < \(last)" : "\(conditions) AND entry_id > \(last)" }
        let order: SQL = newestFirst ? "DESC" : "ASC"
        return try entries(
            """
            SELECT \(StoredLedgerEntry.columns) FROM crm_ledger_entries WHERE \(conditions) ORDER BY entry_id \(order) LIMIT \(limit)
            """
        ).map { LedgerEntry($0, cipher) }
    }

    /// What the chain holds between two of its places: sequence and content hash of every entry.
    public func ledgerChain(
        _ place: LedgerPlace, after last: Int64, through end: Int64, limit: Int
    ) throws -> [(sequence: Int64, contentHash: [UInt8], hash: [UInt8])] {
        try entries(
            """
            SELECT \(StoredLedgerEntry.columns) FROM crm_ledger_entries
            WHERE business_id = \(place.business) AND ledger = \(place.ledger.rawValue) AND sequence IS NOT NULL
                AND sequence > \(last) AND sequence <= \(end)
            ORDER BY sequence LIMIT \(limit)
            """
        ).compactMap { entry in entry.sequence.map { ($0, entry.record.contentHash, entry.hash ?? []) } }
    }

    /// The end of a chain; nil before its first entry was sealed.
    public func ledgerHead(_ place: LedgerPlace) throws -> (sequence: Int64, hash: [UInt8])? {
        try head(of: place).map { ($0.head.sequence, $0.head.hash) }
    }
}
