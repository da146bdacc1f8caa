import Core

/// The people a business looks after.
extension Transaction {
    /// The client with their tags, if the business has one of that name.
    public func client(_ id: ClientID, business: BusinessID) throws -> SealedClient? {
        let clients = try run(
            "SELECT \(SealedClient.columns) FROM crm_clients c WHERE c.business_id = \(business) AND c.client_id = \(id)"
        ).map(SealedClient.init(row:))
        return try withTags(clients, business: business).first
    }

    /// Creates the client or replaces everything but their identity and the moment of their creation. The record's own times are
    /// not looked at.
    ///
    /// - Returns: true when the client is new.
    public func putClient(_ client: SealedClient, business: BusinessID) throws -> Bool {
        // An address or a time zone that was replaced must not be used by an attempt that begins after the answer.
        try lockConsent(business, client.id)
        let created =
            try execute(
                """
                INSERT INTO crm_clients (business_id, client_id, name, email, email_hash, phone_number, phone_hash, language, timezone,
                    attributes, created_at, updated_at)
                VALUES (\(business), \(client.id), \(client.name), \(client.email?.bytes), \(client.emailHash),
                    \(client.phoneNumber?.bytes), \(client.phoneHash), \(client.language), \(client.timezone),
                    \(json: client.attributes), \(now), \(now))
                ON CONFLICT (business_id, client_id) DO NOTHING
                """) > 0
        if !created {
            try execute(
                """
                UPDATE crm_clients
                SET name = \(client.name), email = \(client.email?.bytes), email_hash = \(client.emailHash),
                    phone_number = \(client.phoneNumber?.bytes), phone_hash = \(client.phoneHash), language = \(client.language),
                    timezone = \(client.timezone), attributes = \(json: client.attributes), updated_at = \(now)
                WHERE business_id = \(business) AND client_id = \(client.id)
                """)
            try execute("DELETE FROM crm_client_tags WHERE business_id = \(business) AND client_id = \(client.id)")
        }
        for tag in Set(client.tags).sorted() {
            try execute("INSERT INTO crm_client_tags (business_id, client_id, tag) VALUES (\(business), \(client.id), \(tag))")
        }
        return created
    }

    /// Erases the person: record, preferences, tags, replies, every communication with its log, attachments, queue entry and sandbox copies,
    /// and the answers kept for repeated requests. What waited is thereby cancelled; an attempt that is on the wire ends without a
    /// trace. Suppressed addresses stay: they are keyed hashes, and forgetting them would allow what was forbidden.
    ///
    /// - Returns: false when nothing was known of them.
    public func eraseClient(_ id: ClientID, business: BusinessID) throws -> Bool {
        try lockConsent(business, id)
        // Batches have no foreign key and no index by client: found through the communications that were in them.
        try execute(
            """
            DELETE FROM crm_batches
            WHERE batch_id IN (
                SELECT batch_id FROM crm_communications
                WHERE business_id = \(business) AND client_id = \(id) AND batch_id IS NOT NULL)
            """)
        // A request that is still running keeps its key: it may be the one that erases.
        try execute(
            """
            DELETE FROM crm_idempotency_records
            WHERE business_id = \(business) AND client_id = \(id) AND status_code IS NOT NULL
            """)
        // While the record still tells the number.
        let replies = try eraseReplies(of: id, business: business)
        let communications = try eraseCommunications(id, business)
        try eraseEvents(id, business)
        try execute(
            """
            DELETE FROM crm_whatsapp_windows
            WHERE business_id = \(business) AND (client_id = \(id) OR phone_hash IN (
                SELECT phone_hash FROM crm_clients WHERE business_id = \(business) AND client_id = \(id) AND phone_hash IS NOT NULL))
            """)
        try forgetSuppressionDetails(of: id, business: business)
        let preferences = try execute("DELETE FROM crm_client_preferences WHERE business_id = \(business) AND client_id = \(id)")
        let clients = try execute("DELETE FROM crm_clients WHERE business_id = \(business) AND client_id = \(id)")
        return communications + preferences + clients + replies > 0
    }

    /// What depends on a communication goes with it. The queue goes first, as every end of an attempt takes it first: whoever
    /// records one holds that row until its commit, and whoever comes later finds neither row nor communication.
    ///
    /// - Returns: how many communications there were.
    private func eraseCommunications(_ id: ClientID, _ business: BusinessID) throws -> Int {
        try execute(
            """
            DELETE FROM crm_delivery_queue WHERE communication_id IN (
                SELECT communication_id FROM crm_communications WHERE business_id = \(business) AND client_id = \(id))
            """)
        return try execute("DELETE FROM crm_communications WHERE business_id = \(business) AND client_id = \(id)")
    }
}
