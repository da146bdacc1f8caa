import Core

extension SQLiteRound {
    func accept(_ acceptance: Acceptance, _ result: inout RoundResult) throws(DatabaseError) -> Result<AcceptanceResult, any Error> {
        if let known = try replay(acceptance) { return .success(known) }
        var stored = try client(acceptance.business, acceptance.clientID)
        let isNew = stored.record == nil
        var changed = false
        if let recipient = acceptance.recipient {
            var record = stored.record ?? ClientRecord()
            changed = record.merge(recipient) || isNew
            stored.record = record
        }
        var snapshot: ClientSnapshot?
        if let record = stored.record {
            snapshot = record.snapshot(stated: stored.stated, suppressed: try suppressed(record, acceptance.business))
        }
        if acceptance.needsBatchState, snapshot != nil {
            snapshot?.lastMessageAt = try lastMessage(acceptance.business, acceptance.clientID)
            snapshot?.openBatches = try openBatches(acceptance.business, acceptance.clientID)
        }
        let plan: AcceptancePlan
        do {
            plan = try acceptance.plan(snapshot, now)
        } catch {
            // Nothing of this request has been written yet.
            return .failure(error)
        }
        if changed, let record = stored.record { try emit(AcceptanceEffects.upsert(record, acceptance, now: now)) }
        let effects = AcceptanceEffects(acceptance: acceptance, plan: plan, now: now)
        try emit(effects.communication)
        if let queue = effects.queue { try emit(queue) }
        if let record = effects.idempotencyRecord { try emit(record) }
        try effects.writeRest(dialect: .sqlite, emit)
        result.leavesDue(effects.leavesDue)
        return .success(.accepted(plan))
    }

    private func replay(_ acceptance: Acceptance) throws(DatabaseError) -> AcceptanceResult? {
        guard let claim = acceptance.idempotency else { return nil }
        let rows = try session.run(
            """
            SELECT fingerprint, status_code, answer, created_at FROM crm_idempotency_records
            WHERE business_id = \(acceptance.business) AND route = \(claim.route) AND idempotency_key = \(claim.key)
            """)
        guard let row = rows.first else { return nil }
        return try IdempotencyRecord(row, from: 0).answer(to: claim, now: now)
    }

    func client(_ business: BusinessID, _ id: ClientID) throws(DatabaseError) -> StoredClient {
        // The outer join's left side makes one row in any case: a client without a record may have stated preferences.
        let rows = try session.run(
            """
            SELECT c.client_id, c.name, c.language, c.timezone, c.email, c.email_hash, c.phone_number, c.phone_hash,
                p.preferred_channels, p.timezone, p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email, p.opt_out_sms,
                p.opt_out_whatsapp, p.language_preference
            FROM (SELECT \(business) AS business_id, \(id) AS client_id) k
            LEFT JOIN crm_clients c ON c.business_id = k.business_id AND c.client_id = k.client_id
            LEFT JOIN crm_client_preferences p ON p.business_id = k.business_id AND p.client_id = k.client_id
            """)
        guard let row = rows.first else { return StoredClient() }
        return try StoredClient(row, from: 0)
    }

    func suppressed(_ record: ClientRecord, _ business: BusinessID) throws(DatabaseError) -> ChannelSet {
        guard record.emailHash != nil || record.phoneHash != nil else { return [] }
        var set: ChannelSet = []
        let rows = try session.run(
            """
            SELECT channel, address_hash FROM crm_suppressions
            WHERE business_id = \(business) AND address_hash IN (\(record.emailHash), \(record.phoneHash))
            """)
        for row in rows {
            let channel = try row.channel(0)
            // An e-mail address is only suppressed for e-mail, a number for what reaches numbers.
            let hash = channel == .email ? record.emailHash : record.phoneHash
            if try row.bytes(1) == hash { set.insert(ChannelSet(channel)) }
        }
        return set
    }

    private func lastMessage(_ business: BusinessID, _ id: ClientID) throws(DatabaseError) -> Timestamp? {
        try session.run(
            """
            SELECT created_at FROM crm_communications
            WHERE business_id = \(business) AND client_id = \(id) AND status NOT IN ('suppressed', 'cancelled')
            ORDER BY communication_id DESC LIMIT 1
            """
        ).first?.time(0)
    }

    private func openBatches(_ business: BusinessID, _ id: ClientID) throws(DatabaseError) -> [OpenBatchRecord] {
        var batches: [OpenBatchRecord] = []
        let rows = try session.run(
            """
            SELECT batch_id, channel, leader_id, member_count, closes_at FROM crm_batches
            WHERE business_id = \(business) AND client_id = \(id) AND is_open = \(true)
            """)
        for row in rows { batches.append(try OpenBatchRecord(row, from: 0)) }
        return batches
    }
}
