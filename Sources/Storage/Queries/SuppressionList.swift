import Core

/// One entry of the suppression list, as people see it.
public struct SuppressionEntry: Sendable, Hashable {
    /// By what an entry is named: the address's keyed hash, which tells nobody the address.
    public struct ID: Sendable, Hashable, LosslessStringConvertible {
        public var channel: Channel
        public var hash: [UInt8]

        public init(channel: Channel, hash: [UInt8]) {
            self.channel = channel
            self.hash = hash
        }

        public var description: String { "\(channel.rawValue)-\(Hexadecimal.encode(hash))" }

        /// Nil for what no entry could be named.
        public init?(_ text: String) {
            let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let channel = Channel(rawValue: String(parts[0])), parts[1].utf8.count == 64 else { return nil }
            var hash: [UInt8] = []
            var high: UInt8?
            for digit in parts[1].utf8 {
                guard let value = Hexadecimal.value(of: digit), !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit) else { return nil }
                if let first = high {
                    hash.append(first << 4 | value)
                    high = nil
                } else {
                    high = value
                }
            }
            self.init(channel: channel, hash: hash)
        }
    }

    public var id: ID
    public var blocksAll: Bool
    public var blocksMarketing: Bool
    public var reason: String
    public var source: String?
    /// A JSON object.
    public var evidence: [UInt8]?
    public var note: SealedValue?
    public var createdAt: Timestamp
}

/// Which entries of the suppression list are wanted.
public struct SuppressionFilter: Sendable, Hashable {
    public var channel: Channel?
    public var reason: String?
    /// Of addresses; empty finds nothing, nil everything.
    public var hashes: [[UInt8]]?
    /// Behind this entry.
    public var after: (at: Timestamp, id: SuppressionEntry.ID)? {
        get { position.map { ($0.at, $0.id) } }
        set { position = newValue.map { Position(at: $0.at, id: $0.id) } }
    }

    private struct Position: Sendable, Hashable {
        var at: Timestamp
        var id: SuppressionEntry.ID
    }

    private var position: Position?

    public init(channel: Channel? = nil, reason: String? = nil, hashes: [[UInt8]]? = nil) {
        self.channel = channel
        self.reason = reason
        self.hashes = hashes
    }
}

extension Transaction {
    /// The business's entries, newest first.
    public func suppressions(_ filter: SuppressionFilter, business: BusinessID, limit: Int) throws -> [SuppressionEntry] {
        var conditions: [SQL] = ["business_id = \(business)"]
        if let channel = filter.channel { conditions.append("channel = \(channel)") }
        if let reason = filter.reason { conditions.append("reason = \(reason)") }
        if let hashes = filter.hashes {
            guard !hashes.isEmpty else { return [] }
            conditions.append("address_hash IN (\(SQL.list(hashes.map(SQLValue.bytes))))")
        }
        if let after = filter.after {
            conditions.append(
                "(created_at, address_hash, channel) < (\(after.at), \(after.id.hash), \(after.id.channel))")
        }
        return try run(
            """
            SELECT \(SuppressionEntry.columns) FROM crm_suppressions WHERE \(SQL.all(conditions))
            ORDER BY created_at DESC, address_hash DESC, channel DESC LIMIT \(limit)
            """
        ).map(SuppressionEntry.init)
    }

    /// Nil when the business has no such entry.
    public func suppression(_ id: SuppressionEntry.ID, business: BusinessID) throws -> SuppressionEntry? {
        try run(
            """
            SELECT \(SuppressionEntry.columns) FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash = \(id.hash) AND channel = \(id.channel)
            """
        ).first.map(SuppressionEntry.init)
    }

    /// Who has an address now.
    public func clients(withAddress hash: [UInt8], on channel: Channel, business: BusinessID) throws -> [ClientID] {
        let column: SQL = channel == .email ? "email_hash" : "phone_hash"
        return try run(
            "SELECT client_id FROM crm_clients WHERE business_id = \(business) AND \(column) = \(hash) ORDER BY client_id LIMIT 1000"
        ).map { try $0.clientID(0) }
    }

    /// The hashes under which a client's addresses are on the list, if they are: e-mail, then telephone.
    public func addressHashes(of client: ClientID, business: BusinessID) throws -> [[UInt8]] {
        guard
            let row = try run("SELECT email_hash, phone_hash FROM crm_clients WHERE business_id = \(business) AND client_id = \(client)")
                .first
        else { return [] }
        return [try row.bytesOrNil(0), try row.bytesOrNil(1)].compactMap(\.self)
    }

    /// Leaves of a client's entries the bare hash and the reason: nothing that tells of the person any more.
    func forgetSuppressionDetails(of client: ClientID, business: BusinessID) throws {
        let hashes = try addressHashes(of: client, business: business)
        guard !hashes.isEmpty else { return }
        let list = SQL.list(hashes.map(SQLValue.bytes))
        try execute(
            """
            UPDATE crm_suppressions SET evidence = NULL, note = NULL
            WHERE business_id = \(business) AND address_hash IN (\(list)) AND (evidence IS NOT NULL OR note IS NOT NULL)
            """)
        try execute("DELETE FROM crm_soft_bounces WHERE business_id = \(business) AND address_hash IN (\(list))")
    }
}

extension SuppressionEntry {
    fileprivate static let columns: SQL = "channel, address_hash, blocks_all, blocks_marketing, reason, source, evidence, note, created_at"

    fileprivate init(_ row: Row) throws {
        id = ID(channel: try row.channel(0), hash: try row.bytes(1))
        blocksAll = try row.bool(2)
        blocksMarketing = try row.bool(3)
        reason = try row.text(4)
        source = try row.textOrNil(5)
        evidence = try row.jsonOrNil(6)
        note = try row.sealedOrNil(7)
        createdAt = try row.time(8)
    }
}
