import Core

extension PostgresRound {
    mutating func decide(_ acceptance: Acceptance) -> Result<AcceptanceResult, any Error> {
        if let claim = acceptance.idempotency {
            let key = IdempotencyKey(business: acceptance.business, route: claim.route, key: claim.key)
            if let answer = known.idempotency[key]?.answer(to: claim, now: now) { return .success(answer) }
        }
        let key = ClientKey(acceptance.business, acceptance.clientID)
        var stored = known.clients[key] ?? StoredClient()
        var changed = false
        if let recipient = acceptance.recipient {
            var record = stored.record ?? ClientRecord()
            do {
                changed =
                    try record.merge(recipient, content, acceptance.business, acceptance.clientID) || stored.record == nil
            } catch {
                return .failure(error)
            }
            stored.record = record
        }
        var snapshot = stored.record.map { record in
            record.snapshot(stated: stored.stated, suppressed: known.suppressed(record, acceptance.business))
        }
        snapshot?.isChanged = changed
        if acceptance.needsBatchState {
            snapshot?.lastMessageAt = known.lastMessages[key]
            snapshot?.openBatches = known.openBatches[key] ?? []
        }
        do {
            let plan = try acceptance.plan(snapshot, now)
            // Only now: what a refused request says about its client is not stored.
            if changed, let recipient = acceptance.recipient {
                clientUpdates[key, default: SealedRecipient()].take(recipient, beyond: known.clients[key]?.record)
                known.clients[key] = stored
            }
            accepted.append(AcceptanceEffects(acceptance: acceptance, plan: plan, now: now))
            return .success(.accepted(plan))
        } catch {
            return .failure(error)
        }
    }

    mutating func queueClients(_ connection: PostgresConnection) throws(DatabaseError) {
        guard !clientUpdates.isEmpty else { return }
        var columns = [
            PostgresType.uuid, PostgresType.text, PostgresType.text, PostgresType.bytea, PostgresType.bytea, PostgresType.bytea,
            PostgresType.bytea, PostgresType.text, PostgresType.text, PostgresType.bytea,
        ].map { PostgresArray($0) }
        // One order over all instances: two upserts of the same clients can not block each other.
        for (key, update) in clientUpdates.sorted(by: { $0.key < $1.key }) {
            columns[0].append(key.business)
            columns[1].append(key.client)
            let place = SealContext(table: "crm_clients", column: "name", business: key.business, row: key.client)
            columns[2].append(try content.stored(update.name, place))
            columns[9].append(update.name.map { content.words(of: $0, key.business) })
            columns[3].append(update.email?.bytes)
            columns[4].append(update.emailHash)
            columns[5].append(update.phoneNumber?.bytes)
            columns[6].append(update.phoneHash)
            columns[7].append(update.language)
            columns[8].append(update.timezone)
        }
        var parameters = PostgresParameters(columns)
        parameters.append(.time(now))
        connection.queue(PostgresHotSQL.upsertClients, parameters)
    }

    mutating func queueCommunications(_ connection: PostgresConnection) {
        guard !accepted.isEmpty else { return }
        let (uuid, text, json, time) = (PostgresType.uuid, PostgresType.text, PostgresType.json, PostgresType.timestamptz)
        var columns = [
            uuid, uuid, text, text, text, text, text, text, text, text, json, json, uuid, time, text, PostgresType.int4, PostgresType.bytea,
        ].map { PostgresArray($0) }
        columns[10].reserve(elements: accepted.count, bytes: accepted.indices.reduce(0) { $0 + accepted[$1].plainContext.count })
        columns[16].reserve(
            elements: accepted.count, bytes: accepted.indices.reduce(0) { $0 + (accepted[$1].acceptance.sealed?.context.bytes.count ?? 0) })
        // By index: a loop over the values would retain and release every field of each, four times a round.
        for index in accepted.indices {
            columns[0].append(accepted[index].acceptance.id)
            columns[1].append(accepted[index].acceptance.business)
            columns[2].append(accepted[index].acceptance.clientID.text)
            columns[3].append(accepted[index].plan.planID)
            columns[4].append(accepted[index].plan.messageType)
            columns[5].append(accepted[index].plan.category.rawValue)
            columns[6].append(accepted[index].plan.urgency.rawValue)
            columns[7].append(accepted[index].plan.channel.rawValue)
            columns[8].append(accepted[index].plan.fallbacks.joined)
            columns[9].append(accepted[index].plan.status.rawValue)
            columns[10].append(accepted[index].plainContext)
            columns[11].append(accepted[index].plan.metadata)
            columns[12].append(accepted[index].batchID)
            columns[13].append(accepted[index].plan.scheduledFor)
            columns[14].append(accepted[index].plan.errorMessage)
            columns[15].append(accepted[index].plan.fallbackAfter.map(Int64.init))
            columns[16].append(accepted[index].acceptance.sealed?.context.bytes)
        }
        var parameters = PostgresParameters(columns)
        parameters.append(.time(now))
        connection.queue(PostgresHotSQL.insertCommunications, parameters)
    }

    mutating func queueQueueRows(_ connection: PostgresConnection) {
        let (uuid, text, int4, int8) = (PostgresType.uuid, PostgresType.text, PostgresType.int4, PostgresType.int8)
        var columns = [uuid, uuid, text, text, int4, int8, int4, int8, int8].map { PostgresArray($0) }
        for index in accepted.indices {
            guard let row = accepted[index].queueRow else { continue }
            columns[0].append(accepted[index].acceptance.id)
            columns[1].append(accepted[index].acceptance.business)
            columns[2].append(accepted[index].acceptance.clientID.text)
            columns[3].append(accepted[index].plan.channel.rawValue)
            columns[4].append(Int64(accepted[index].plan.urgency.priority))
            columns[5].append(row.due.milliseconds)
            columns[6].append(row.attempt)
            columns[7].append(row.token)
            columns[8].append(row.leasedAt)
        }
        guard !columns[0].isEmpty else { return }
        let parameters = PostgresParameters(columns)
        connection.queue(PostgresHotSQL.insertQueue, parameters)
    }

    mutating func queueAudit(_ connection: PostgresConnection) throws(DatabaseError) {
        var audit = SubmissionAudit()
        for index in accepted.indices { audit.add(accepted[index].acceptance) }
        for record in try audit.records(at: now, ciphers) {
            connection.queue(record.insertion)
            result.leavesLedgerEntries = true
        }
    }

    func queueIdempotencyRecords(_ connection: PostgresConnection) {
        let types = [PostgresType.uuid, PostgresType.text, PostgresType.text, PostgresType.bytea, PostgresType.bytea]
        var fresh = types.map { PostgresArray($0) }
        var expired = fresh
        for index in accepted.indices {
            guard let claim = accepted[index].acceptance.idempotency else { continue }
            func append(to columns: inout [PostgresArray]) {
                columns[0].append(accepted[index].acceptance.business)
                columns[1].append(claim.route)
                columns[2].append(claim.key)
                columns[3].append(claim.fingerprint)
                columns[4].append(accepted[index].plan.answer)
            }
            let key = IdempotencyKey(business: accepted[index].acceptance.business, route: claim.route, key: claim.key)
            if known.idempotency[key] == nil { append(to: &fresh) } else { append(to: &expired) }
        }
        for (text, columns) in [(PostgresHotSQL.insertIdempotency, fresh), (PostgresHotSQL.replaceIdempotency, expired)] {
            guard !columns[0].isEmpty else { continue }
            var parameters = PostgresParameters(columns)
            parameters.append(.int(AcceptanceEffects.statusCode))
            parameters.append(.time(now))
            connection.queue(text, parameters)
        }
    }
}

extension SealedRecipient {
    /// Fields that `other` has win; an address that `record` has already keeps its sealed bytes.
    mutating func take(_ other: SealedRecipient, beyond record: ClientRecord?) {
        name = other.name ?? name
        language = other.language ?? language
        timezone = other.timezone ?? timezone
        if let hash = other.emailHash, hash != record?.emailHash { (emailHash, email) = (hash, other.email) }
        if let hash = other.phoneHash, hash != record?.phoneHash { (phoneHash, phoneNumber) = (hash, other.phoneNumber) }
    }
}
