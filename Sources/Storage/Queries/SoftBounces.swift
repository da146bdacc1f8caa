import Core

/// Failures of an address that may pass; only when they do not end is it given up.
extension Transaction {
    /// Counts a message that failed for a while, once however often it is told.
    ///
    /// - Parameter days: how long a failure counts.
    /// - Returns: how many messages in a row failed within that time: deliveries to the client between them start the count anew.
    public func countSoftBounce(
        _ addressHash: [UInt8], communication: CommunicationID, client: ClientID, business: BusinessID, days: Int
    ) throws -> Int {
        let since = now.adding(seconds: -Int64(days) * 86_400)
        try execute("DELETE FROM crm_soft_bounces WHERE bounced_at < \(since)")
        try execute(
            """
            INSERT INTO crm_soft_bounces (business_id, address_hash, communication_id, bounced_at)
            VALUES (\(business), \(addressHash), \(communication), \(now))
            ON CONFLICT (business_id, address_hash, communication_id) DO NOTHING
            """)
        let counted: SQL = "business_id = \(business) AND address_hash = \(addressHash)"
        guard
            let first = try run("SELECT communication_id FROM crm_soft_bounces WHERE \(counted) ORDER BY communication_id LIMIT 1").first
        else { return 0 }
        // Ids rise with time: what was delivered after the first failure came later than it.
        let delivered = try run(
            """
            SELECT MAX(delivered_at) FROM crm_communications
            WHERE business_id = \(business) AND client_id = \(client) AND communication_id >= \(try first.uuid(0)) AND channel = \(Channel.email)
            """
        ).first?.timeOrNil(0)
        if let delivered { try execute("DELETE FROM crm_soft_bounces WHERE \(counted) AND bounced_at <= \(delivered)") }
        return try run("SELECT COUNT(*) FROM crm_soft_bounces WHERE \(counted)").first?.int(0) ?? 0
    }

    /// Forgets the failures of an address: it is on the list now, or a person took it off.
    public func forgetSoftBounces(_ addressHash: [UInt8], business: BusinessID) throws {
        try execute("DELETE FROM crm_soft_bounces WHERE business_id = \(business) AND address_hash = \(addressHash)")
    }
}
