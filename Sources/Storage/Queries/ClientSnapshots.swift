import Core

extension Transaction {
    /// The client as a decision would see them now, with a request's own `recipient` merged in but not stored; nil when the client is
    /// unknown and the request says nothing about them. For dry runs: what is really accepted is decided on rows that are locked.
    ///
    /// - Parameter batchState: also fills ``ClientSnapshot/lastMessageAt`` and ``ClientSnapshot/openBatches``.
    public func clientSnapshot(
        _ id: ClientID, business: BusinessID, merging recipient: SealedRecipient?, batchState: Bool
    ) throws -> ClientSnapshot? {
        let stored = try client(id, business: business)
        if stored == nil && recipient == nil { return nil }
        var snapshot = ClientSnapshot(
            name: recipient?.name ?? stored?.name, language: recipient?.language ?? stored?.language,
            timezone: recipient?.timezone ?? stored?.timezone, email: recipient?.email ?? stored?.email,
            phoneNumber: recipient?.phoneNumber ?? stored?.phoneNumber,
            stated: try statedPreferences(id, business: business) ?? StatedPreferences())
        if try isOnHold(id, business: business) { snapshot.stated.holdForErasure() }
        let suppressed = try suppressedChannels(
            emailHash: recipient?.emailHash ?? stored?.emailHash, phoneHash: recipient?.phoneHash ?? stored?.phoneHash, business: business)
        snapshot.suppressed = suppressed.all
        snapshot.marketingStopped = suppressed.marketing
        if batchState {
            snapshot.lastMessageAt = try lastMessage(to: id, business: business)
            snapshot.openBatches = try openBatches(of: id, business: business)
        }
        return snapshot
    }

    /// When the newest message that was not held back for ever was accepted for the client; as the accepting transaction reads it.
    private func lastMessage(to id: ClientID, business: BusinessID) throws -> Timestamp? {
        try run(
            """
            SELECT created_at FROM crm_communications
            WHERE business_id = \(business) AND client_id = \(id) AND status NOT IN ('suppressed', 'cancelled')
            ORDER BY communication_id DESC
            LIMIT 1
            """
        ).first?.time(0)
    }

    private func openBatches(of id: ClientID, business: BusinessID) throws -> [OpenBatchRecord] {
        try run(
            """
            SELECT batch_id, channel, leader_id, member_count, closes_at FROM crm_batches
            WHERE business_id = \(business) AND client_id = \(id) AND is_open
            """
        ).map { row in
            OpenBatchRecord(
                id: try row.uuid(0), channel: try row.channel(1), leader: try row.uuid(2), count: try row.int(3),
                closesAt: try row.time(4))
        }
    }
}
