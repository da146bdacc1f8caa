import Core

extension SQLiteRound {
    func accept(_ acceptance: Acceptance, _ result: inout RoundResult) throws(DatabaseError) -> Result<AcceptanceResult, any Error> {
        if let known = try replay(acceptance) { return .success(known) }
        var stored = try client(acceptance.business, acceptance.clientID)
        let isNew = stored.record == nil
        var changed = false
        if let recipient = acceptance.recipient {
            var record = stored.record ?? ClientRecord()
            do throws(DatabaseError) {
                changed = try record.merge(recipient, content, acceptance.business, acceptance.clientID) || isNew
            } catch {
                // A name that can not be opened is this request's trouble alone.
                return .failure(error)
            }
            stored.record = record
        }
        var snapshot: ClientSnapshot?
        if let record = stored.record {
            snapshot = record.snapshot(stated: stored.stated, suppressed: try suppressed(record, acceptance.business))
        }
        snapshot?.isChanged = changed
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
        if changed, let record = stored.record { try upsert(record, acceptance) }
        let effects = AcceptanceEffects(acceptance: acceptance, plan: plan, now: now)
        try insertCommunication(effects)
        try insertQueueRow(effects)
        if let claim = acceptance.idempotency { try upsertIdempotencyRecord(claim, effects) }
        try effects.writeRest(dialect: .sqlite, emit)
        if try endpointsExist(), try effects.writeOutgoing(emit) { result.leavesEvents = true }
        result.leavesDue(effects.leavesDue)
        audit.add(acceptance)
        return .success(.accepted(plan))
    }

    func writeAudit(_ result: inout RoundResult) throws(DatabaseError) {
        for record in try audit.records(at: now, ciphers) {
            let statement = try session.hot(.insertLedgerEntry)
            var values = statement.binder()
            values.add(record.business)
            values.add(record.ledger.rawValue)
            values.add(record.id)
            values.add(record.occurredAt)
            values.add(record.actorKind)
            values.add(record.actorID)
            values.add(record.action)
            values.add(record.payload?.bytes)
            values.add(record.payloadDigest)
            values.add(record.mac)
            try statement.run(values)
            result.leavesLedgerEntries = true
        }
    }

    private func replay(_ acceptance: Acceptance) throws(DatabaseError) -> AcceptanceResult? {
        guard let claim = acceptance.idempotency else { return nil }
        let statement = try session.hot(.findIdempotencyRecord)
        var values = statement.binder()
        values.add(acceptance.business)
        values.add(claim.route)
        values.add(claim.key)
        try values.check()
        var answer: AcceptanceResult?
        try statement.run { (row) throws(DatabaseError) in
            answer = try IdempotencyRecord(row.row(), from: 0).answer(to: claim, now: now)
        }
        return answer
    }

    func client(_ business: BusinessID, _ id: ClientID) throws(DatabaseError) -> StoredClient {
        let statement = try session.hot(.findClient)
        var values = statement.binder()
        values.add(business)
        values.add(id.text)
        try values.check()
        var client = StoredClient()
        try statement.run { (row) throws(DatabaseError) in client = try StoredClient(row) }
        return client
    }

    func suppressed(_ record: ClientRecord, _ business: BusinessID) throws(DatabaseError) -> SuppressedChannels {
        var set = SuppressedChannels()
        guard record.emailHash != nil || record.phoneHash != nil, try suppressionsExist() else { return set }
        let statement = try session.hot(.findSuppressions)
        var values = statement.binder()
        values.add(business)
        values.add(record.emailHash)
        values.add(record.phoneHash)
        try values.check()
        try statement.run { (row) throws(DatabaseError) in
            guard let channel = Channel(rawValue: try row.text(0)) else { throw .decoding("column 0 is no channel") }
            // An e-mail address is only suppressed for e-mail, a number for what reaches numbers.
            let hash = channel == .email ? record.emailHash : record.phoneHash
            if try row.bytes(1) == hash { set.insert(channel, blocksAll: try row.bool(2)) }
        }
        return set
    }

    private func upsert(_ record: ClientRecord, _ acceptance: Acceptance) throws(DatabaseError) {
        let statement = try session.hot(.upsertClient)
        var values = statement.binder()
        values.add(acceptance.business)
        values.add(acceptance.clientID.text)
        let name = try record.storedName(content, acceptance.business, acceptance.clientID)
        values.add(name.text)
        values.add(record.email?.bytes)
        values.add(record.emailHash)
        values.add(record.phoneNumber?.bytes)
        values.add(record.phoneHash)
        values.add(record.language)
        values.add(record.timezone)
        values.add(now)
        values.add(name.words)
        try statement.run(values)
    }

    private func insertCommunication(_ effects: AcceptanceEffects) throws(DatabaseError) {
        let (acceptance, plan) = (effects.acceptance, effects.plan)
        let statement = try session.hot(.insertCommunication)
        var values = statement.binder()
        values.add(acceptance.id)
        values.add(acceptance.business)
        values.add(acceptance.clientID.text)
        values.add(plan.planID)
        values.add(plan.messageType)
        values.add(plan.category.rawValue)
        values.add(plan.urgency.rawValue)
        values.add(plan.channel.rawValue)
        values.add(plan.fallbacks.joined)
        values.add(plan.status.rawValue)
        values.add(json: effects.plainContext)
        values.add(json: plan.metadata)
        values.add(effects.batchID)
        values.add(plan.scheduledFor)
        values.add(now)
        values.add(plan.errorMessage)
        values.add(plan.fallbackAfter.map(Int64.init))
        values.add(acceptance.sealed?.context.bytes)
        try statement.run(values)
    }

    private func insertQueueRow(_ effects: AcceptanceEffects) throws(DatabaseError) {
        guard let row = effects.queueRow else { return }
        let statement = try session.hot(.insertQueueRow)
        var values = statement.binder()
        values.add(effects.acceptance.id)
        values.add(effects.acceptance.business)
        values.add(effects.acceptance.clientID.text)
        values.add(effects.plan.channel.rawValue)
        values.add(effects.plan.urgency.priority)
        values.add(row.due)
        values.add(row.attempt)
        values.add(row.token)
        values.add(row.leasedAt)
        try statement.run(values)
    }

    private func upsertIdempotencyRecord(_ claim: IdempotencyClaim, _ effects: AcceptanceEffects) throws(DatabaseError) {
        let statement = try session.hot(.upsertIdempotencyRecord)
        var values = statement.binder()
        values.add(effects.acceptance.business)
        values.add(claim.route)
        values.add(claim.key)
        values.add(claim.fingerprint)
        values.add(AcceptanceEffects.statusCode)
        values.add(effects.plan.answer)
        values.add(now)
        try statement.run(values)
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

extension StoredClient {
    /// Reads a row of ``SQLiteHotStatement/findClient``.
    fileprivate init(_ row: borrowing SQLiteColumns) throws(DatabaseError) {
        self.init()
        if try row.bool(0) {
            var record = ClientRecord()
            record.name = try row.textOrNil(1)
            record.language = try row.textOrNil(2)
            record.timezone = try row.textOrNil(3)
            record.email = try row.bytesOrNil(4).map(SealedValue.init(bytes:))
            record.emailHash = try row.bytesOrNil(5)
            record.phoneNumber = try row.bytesOrNil(6).map(SealedValue.init(bytes:))
            record.phoneHash = try row.bytesOrNil(7)
            self.record = record
        }
        if !row.isNull(18), try row.bool(18) { stated.holdForErasure() }
        guard !row.isNull(12) else { return }
        stated.preferredChannels = try row.textOrNil(8).map([Channel].init(joined:))
        stated.timezone = try row.textOrNil(9)
        stated.quietHoursStart = try row.textOrNil(10).flatMap(LocalTime.init)
        stated.quietHoursEnd = try row.textOrNil(11).flatMap(LocalTime.init)
        if try row.bool(12) { stated.optOuts.insert(.email) }
        if try row.bool(13) { stated.optOuts.insert(.sms) }
        if try row.bool(14) { stated.optOuts.insert(.whatsapp) }
        stated.language = try row.textOrNil(15)
        try stated.setConsent(marketing: row.textOrNil(16) ?? "", topicsRefused: row.textOrNil(17) ?? "")
    }
}
