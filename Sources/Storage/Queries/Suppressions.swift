import Core

/// Why an address must not be written to on a channel, and since when.
public struct Suppression: Sendable, Hashable {
    /// How much is forbidden.
    public enum Scope: String, Sendable, Hashable {
        /// Nothing may go there.
        case all
        /// No marketing may go there.
        case marketing
    }

    public var channel: Channel
    public var scope: Scope
    public var reason: String
    public var at: Timestamp
}

/// Channels that an address may not be used on.
public struct SuppressedChannels: Sendable, Hashable {
    /// For nothing at all.
    public var all: ChannelSet
    /// Not for marketing.
    public var marketing: ChannelSet

    public init(all: ChannelSet = [], marketing: ChannelSet = []) {
        self.all = all
        self.marketing = marketing
    }

    mutating func insert(_ channel: Channel, blocksAll: Bool) {
        if blocksAll { all.formUnion(ChannelSet(channel)) } else { marketing.formUnion(ChannelSet(channel)) }
    }
}

/// Addresses that must not be written to, whoever they belong to now. They are known only by their keyed hash.
extension Transaction {
    public func isSuppressed(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        try run(
            """
            SELECT 1 FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash = \(addressHash) AND channel = \(channel) AND blocks_all
            """
        ).isEmpty == false
    }

    /// Once this has committed, no attempt to that address begins on that channel. A second reason does not replace the first.
    ///
    /// - Returns: false when the address was on the list already.
    @discardableResult
    public func suppress(
        _ addressHash: [UInt8], channel: Channel, reason: String, business: BusinessID, evidence: SuppressionEvidence? = nil
    ) throws -> Bool {
        // An address may belong to any number of clients, also to one who gets it in this very moment.
        try lockAllConsent()
        return try execute(
            """
            INSERT INTO crm_suppressions (business_id, channel, address_hash, reason, created_at, blocks_all, blocks_marketing, source,
                evidence, note)
            VALUES (\(business), \(channel), \(addressHash), \(reason), \(now), \(true), \(false), \(evidence?.source),
                \(json: evidence?.details), \(evidence?.note))
            ON CONFLICT (business_id, address_hash, channel) DO UPDATE
            SET blocks_all = \(true), reason = excluded.reason, created_at = excluded.created_at, source = excluded.source,
                evidence = excluded.evidence, note = excluded.note
            WHERE NOT crm_suppressions.blocks_all
            """) > 0
    }

    /// Once this has committed, no attempt with marketing to that address begins on that channel.
    ///
    /// - Returns: false when that was so already.
    @discardableResult
    public func suppressMarketing(
        _ addressHash: [UInt8], channel: Channel, reason: String, business: BusinessID, evidence: SuppressionEvidence? = nil
    ) throws -> Bool {
        try lockAllConsent()
        return try execute(
            """
            INSERT INTO crm_suppressions (business_id, channel, address_hash, reason, created_at, blocks_all, blocks_marketing, source,
                evidence, note)
            VALUES (\(business), \(channel), \(addressHash), \(reason), \(now), \(false), \(true), \(evidence?.source),
                \(json: evidence?.details), \(evidence?.note))
            ON CONFLICT (business_id, address_hash, channel) DO UPDATE SET blocks_marketing = \(true)
            WHERE NOT crm_suppressions.blocks_marketing
            """) > 0
    }

    /// Takes the address off the list, whatever it was there for. False: it was not on the list.
    @discardableResult
    public func unsuppress(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        try execute(
            "DELETE FROM crm_suppressions WHERE business_id = \(business) AND address_hash = \(addressHash) AND channel = \(channel)") > 0
    }

    /// Allows messages again where they were stopped for this reason, and for no other; what stops marketing stays.
    @discardableResult
    public func unsuppress(_ addressHash: [UInt8], channel: Channel, onlyFor reason: String, business: BusinessID) throws -> Bool {
        let row: SQL = "business_id = \(business) AND address_hash = \(addressHash) AND channel = \(channel)"
        let kept = try execute(
            "UPDATE crm_suppressions SET blocks_all = \(false) WHERE \(row) AND blocks_all AND blocks_marketing AND reason = \(reason)")
        return try kept
            + execute("DELETE FROM crm_suppressions WHERE \(row) AND blocks_all AND NOT blocks_marketing AND reason = \(reason)") > 0
    }

    /// Allows marketing again; what stops everything stays.
    @discardableResult
    public func unsuppressMarketing(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        let row: SQL = "business_id = \(business) AND address_hash = \(addressHash) AND channel = \(channel)"
        let kept = try execute("UPDATE crm_suppressions SET blocks_marketing = \(false) WHERE \(row) AND blocks_marketing AND blocks_all")
        return try kept + execute("DELETE FROM crm_suppressions WHERE \(row) AND blocks_marketing AND NOT blocks_all") > 0
    }

    /// The channels on which this address is suppressed, with the reasons.
    public func suppressions(_ addressHash: [UInt8], business: BusinessID) throws -> [Suppression] {
        try run(
            """
            SELECT channel, blocks_all, reason, created_at FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash = \(addressHash)
            ORDER BY channel
            """
        ).map {
            Suppression(
                channel: try $0.channel(0), scope: try $0.bool(1) ? .all : .marketing, reason: try $0.text(2), at: try $0.time(3))
        }
    }

    /// The channels on which these addresses must not be written to.
    public func suppressedChannels(emailHash: [UInt8]?, phoneHash: [UInt8]?, business: BusinessID) throws -> SuppressedChannels {
        let hashes = [emailHash, phoneHash].compactMap { $0 }
        var channels = SuppressedChannels()
        guard !hashes.isEmpty else { return channels }
        for row in try run(
            """
            SELECT channel, address_hash, blocks_all FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash IN (\(SQL.list(hashes.map(SQLValue.bytes))))
            """)
        {
            let channel = try row.channel(0)
            // A hash of an e-mail address says nothing about a telephone, and the other way round.
            if try row.bytes(1) == (channel == .email ? emailHash : phoneHash) { channels.insert(channel, blocksAll: try row.bool(2)) }
        }
        return channels
    }
}
