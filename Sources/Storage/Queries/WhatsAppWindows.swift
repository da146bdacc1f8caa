import Core

/// When people last wrote to us on WhatsApp. Numbers are known only by their keyed hash.
extension Transaction {
    /// The person behind a number has written: free text is allowed for a day. Of several moments the latest stays, and none lies in
    /// the future, whatever a provider's clock says.
    ///
    /// - Parameters:
    ///   - client: whose number it is, where that is known and certain.
    ///   - at: when they wrote, by the provider's clock; nil: now.
    public func noteWhatsAppInbound(phoneHash: [UInt8], business: BusinessID, client: ClientID?, at: Timestamp?) throws {
        let at = min(at ?? now, now)
        let id = client?.text
        try execute(
            """
            INSERT INTO crm_whatsapp_windows AS w (business_id, phone_hash, client_id, last_inbound_at)
            VALUES (\(business), \(phoneHash), \(id), \(at))
            ON CONFLICT (business_id, phone_hash) DO UPDATE
            SET client_id = COALESCE(excluded.client_id, w.client_id),
                last_inbound_at = CASE WHEN excluded.last_inbound_at > w.last_inbound_at
                    THEN excluded.last_inbound_at ELSE w.last_inbound_at END
            """)
    }

    /// WhatsApp says that the window was closed after all (131047). What the person wrote after `sentAt` opened it anew and stays.
    public func closeWhatsAppWindow(phoneHash: [UInt8], business: BusinessID, sentAt: Timestamp) throws {
        try execute(
            """
            DELETE FROM crm_whatsapp_windows
            WHERE business_id = \(business) AND phone_hash = \(phoneHash) AND last_inbound_at <= \(sentAt)
            """)
    }

    /// When the people behind these numbers last wrote; those who never did are missing.
    public func whatsAppInbound(_ phoneHashes: [[UInt8]], business: BusinessID) throws -> [[UInt8]: Timestamp] {
        guard !phoneHashes.isEmpty else { return [:] }
        var found: [[UInt8]: Timestamp] = [:]
        for row in try run(
            """
            SELECT phone_hash, last_inbound_at FROM crm_whatsapp_windows
            WHERE business_id = \(business) AND phone_hash IN (\(SQL.list(phoneHashes.map(SQLValue.bytes))))
            """)
        {
            found[try row.bytes(0)] = try row.time(1)
        }
        return found
    }
}
