import Core

/// The people behind public links.
extension Transaction {
    /// How much the clocks of two instances may differ without a link looking older than the client it was made for.
    private static let clockTolerance: Int64 = 60

    /// The client whom a link was made for; nil when it is void: they were erased, their links were revoked, or somebody else has
    /// their name by now.
    ///
    /// - Parameter issuedAt: when the link was made.
    public func linkHolder(_ id: ClientID, business: BusinessID, issuedAt: Timestamp) throws -> SealedClient? {
        guard let client = try client(id, business: business) else { return nil }
        guard client.createdAt <= issuedAt.adding(seconds: Self.clockTolerance) else { return nil }
        let revokedAt = try run(
            "SELECT links_revoked_at FROM crm_clients WHERE business_id = \(business) AND client_id = \(id)"
        ).first?.timeOrNil(0)
        if let revokedAt, issuedAt <= revokedAt { return nil }
        return client
    }

    /// Makes every link of the client void that was made up to now. False: there is no such client.
    public func revokeLinks(of id: ClientID, business: BusinessID) throws -> Bool {
        try execute(
            "UPDATE crm_clients SET links_revoked_at = \(now) WHERE business_id = \(business) AND client_id = \(id)") > 0
    }

    /// How many messages of a type were accepted for the client since a moment; bounds what strangers with a link can set off.
    public func messageCount(of type: String, to client: ClientID, business: BusinessID, since: Timestamp) throws -> Int {
        // Ids begin with the time, and the index by client ends with them.
        let first = UUIDv7(high: UInt64(bitPattern: max(since.milliseconds, 0)) << 16, low: 0)
        return try run(
            """
            SELECT COUNT(*) FROM crm_communications
            WHERE business_id = \(business) AND client_id = \(client) AND communication_id >= \(first) AND message_type = \(type)
            """
        ).first?.int(0) ?? 0
    }
}
