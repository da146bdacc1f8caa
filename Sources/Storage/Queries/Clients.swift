import Core

/// The people a business looks after.
extension Transaction {
    /// The client with their tags, if the business has one of that name.
    public func client(_ id: ClientID, business: BusinessID) throws -> SealedClient? {
        let clients = try run(
            "SELECT \(SealedClient.columns) FROM crm_clients c WHERE c.business_id = \(business) AND c.client_id = \(id)"
        ).map { try SealedClient(row: $0, business, content) }
        return try withTags(clients, business: business).first
    }

    /// Creates the client or replaces everything but their identity and the moment of their creation. The record's own times are
    /// not looked at.
    ///
    /// - Returns: true when the client is new.
    public func putClient(_ client: SealedClient, business: BusinessID) throws -> Bool {
        // An address or a time zone that was replaced must not be used by an attempt that begins after the answer.
        try lockConsent(business, client.id)
        let name = try content.stored(client.name, .clientName(business, client.id))
        let words = content.words(of: client.name, business)
        let attributes = try content.stored(json: client.attributes, .clientAttributes(business, client.id))
        let created =
            try execute(
                """
                INSERT INTO crm_clients (business_id, client_id, name, email, email_hash, phone_number, phone_hash, language, timezone,
                    attributes, created_at, updated_at, name_words)
                VALUES (\(business), \(client.id), \(name), \(client.email?.bytes), \(client.emailHash),
                    \(client.phoneNumber?.bytes), \(client.phoneHash), \(client.language), \(client.timezone),
                    \(json: attributes), \(now), \(now), \(words))
                ON CONFLICT (business_id, client_id) DO NOTHING
                """) > 0
        if !created {
            try execute(
                """
                UPDATE crm_clients
                SET name = \(name), name_words = \(words), email = \(client.email?.bytes), email_hash = \(client.emailHash),
                    phone_number = \(client.phoneNumber?.bytes), phone_hash = \(client.phoneHash), language = \(client.language),
                    timezone = \(client.timezone), attributes = \(json: attributes), updated_at = \(now)
                WHERE business_id = \(business) AND client_id = \(client.id)
                """)
            try execute("DELETE FROM crm_client_tags WHERE business_id = \(business) AND client_id = \(client.id)")
        }
        for tag in Set(client.tags).sorted() {
            try execute("INSERT INTO crm_client_tags (business_id, client_id, tag) VALUES (\(business), \(client.id), \(tag))")
        }
        return created
    }
}
