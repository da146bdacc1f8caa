import Core

/// Why an address must not be written to on a channel, and since when.
public struct Suppression: Sendable, Hashable {
    public var channel: Channel
    public var reason: String
    public var at: Timestamp
}

/// Addresses that must not be written to, whoever they belong to now. They are known only by their keyed hash.
extension Transaction {
    public func isSuppressed(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        try run(
            """
            SELECT 1 FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash = \(addressHash) AND channel = \(channel)
            """
        ).isEmpty == false
    }

    /// Once this has committed, no attempt to that address begins on that channel. A second reason does not replace the first.
    ///
    /// - Returns: false when the address was on the list already.
    @discardableResult
    public func suppress(_ addressHash: [UInt8], channel: Channel, reason: String, business: BusinessID) throws -> Bool {
        // An address may belong to any number of clients, also to one who gets it in this very moment.
        try lockAllConsent()
        return try execute(
            """
            INSERT INTO crm_suppressions (business_id, channel, address_hash, reason, created_at)
            VALUES (\(business), \(channel), \(addressHash), \(reason), \(now))
            ON CONFLICT (business_id, address_hash, channel) DO NOTHING
            """) > 0
    }

    /// False: the address was not on the list.
    @discardableResult
    public func unsuppress(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        try execute(
            "DELETE FROM crm_suppressions WHERE business_id = \(business) AND address_hash = \(addressHash) AND channel = \(channel)") > 0
    }

    /// The channels on which this address is suppressed, with the reasons.
    public func suppressions(_ addressHash: [UInt8], business: BusinessID) throws -> [Suppression] {
        try run(
            """
            SELECT channel, reason, created_at FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash = \(addressHash)
            ORDER BY channel
            """
        ).map { Suppression(channel: try $0.channel(0), reason: try $0.text(1), at: try $0.time(2)) }
    }
}
