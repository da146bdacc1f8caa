import Core

extension PostgresRound {
    /// Runs plans and gates, and queues everything that they write.
    mutating func queueWrites(on connection: PostgresConnection) throws(DatabaseError) {
        for (index, acceptance) in acceptances { result.replies[index] = .accepted(decide(acceptance)) }
        queueClients(connection)
        queueCommunications(connection)
        queueQueueRows(connection)
        queueIdempotencyRecords(connection)
        for index in accepted.indices {
            try accepted[index].writeRest(dialect: .postgresql) { (sql) throws(DatabaseError) in connection.queue(sql) }
            if known.hasEndpoints, try accepted[index].writeOutgoing({ (sql) throws(DatabaseError) in connection.queue(sql) }) {
                result.leavesEvents = true
            }
            result.leavesDue(accepted[index].leavesDue)
        }
        try queueSent(connection)
        try queueOutcomes(connection)
        for (position, claim) in claims.enumerated() {
            result.replies[claim.index] = .claimed(try queueClaim(claim.request, known.candidates[position], connection))
        }
    }

    private mutating func decide(_ acceptance: Acceptance) -> Result<AcceptanceResult, any Error> {
        if let claim = acceptance.idempotency {
            let key = IdempotencyKey(business: acceptance.business, route: claim.route, key: claim.key)
            if let answer = known.idempotency[key]?.answer(to: claim, now: now) { return .success(answer) }
        }
        let key = ClientKey(acceptance.business, acceptance.clientID)
        var stored = known.clients[key] ?? StoredClient()
        var changed = false
        if let recipient = acceptance.recipient {
            var record = stored.record ?? ClientRecord()
            changed = record.merge(recipient) || stored.record == nil
            stored.record = record
        }
        var snapshot = stored.record.map { record in
            record.snapshot(stated: stored.stated, suppressed: known.suppressed(record, acceptance.business))
        }
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

    private mutating func queueClients(_ connection: PostgresConnection) {
        guard !clientUpdates.isEmpty else { return }
        var columns = [
            PostgresType.uuid, PostgresType.text, PostgresType.text, PostgresType.bytea, PostgresType.bytea, PostgresType.bytea,
            PostgresType.bytea, PostgresType.text, PostgresType.text,
        ].map { PostgresArray($0) }
        // One order over all instances: two upserts of the same clients can not block each other.
        for (key, update) in clientUpdates.sorted(by: { $0.key < $1.key }) {
            columns[0].append(key.business)
            columns[1].append(key.client)
            columns[2].append(update.name)
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

    private mutating func queueCommunications(_ connection: PostgresConnection) {
        guard !accepted.isEmpty else { return }
        let (uuid, text, json, time) = (PostgresType.uuid, PostgresType.text, PostgresType.json, PostgresType.timestamptz)
        var columns = [
            uuid, uuid, text, text, text, text, text, text, text, text, json, json, uuid, time, text, PostgresType.int4,
        ].map { PostgresArray($0) }
        columns[10].reserve(elements: accepted.count, bytes: accepted.indices.reduce(0) { $0 + accepted[$1].plan.context.count })
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
            columns[10].append(accepted[index].plan.context)
            columns[11].append(accepted[index].plan.metadata)
            columns[12].append(accepted[index].batchID)
            columns[13].append(accepted[index].plan.scheduledFor)
            columns[14].append(accepted[index].plan.errorMessage)
            columns[15].append(accepted[index].plan.fallbackAfter.map(Int64.init))
        }
        var parameters = PostgresParameters(columns)
        parameters.append(.time(now))
        connection.queue(PostgresHotSQL.insertCommunications, parameters)
    }

    private mutating func queueQueueRows(_ connection: PostgresConnection) {
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

    private func queueIdempotencyRecords(_ connection: PostgresConnection) {
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

    private mutating func queueSent(_ connection: PostgresConnection) throws(DatabaseError) {
        var held: [AttemptOutcome] = []
        for (index, outcome) in plainSent {
            // Removed, so that the same attempt told twice is recorded once.
            if known.endedLeases.remove(Lease(id: outcome.id, token: outcome.token)) != nil {
                held.append(outcome)
            } else {
                lose(outcome, at: index, connection)
            }
        }
        for sandbox in [false, true] {
            var rest = held.filter { $0.sandbox == sandbox }[...]
            while !rest.isEmpty {
                try recordSent(rest.prefix(PostgresHotSQL.finishLimit), sandbox: sandbox, connection)
                rest = rest.dropFirst(PostgresHotSQL.finishLimit)
            }
        }
    }

    private mutating func recordSent(_ outcomes: ArraySlice<AttemptOutcome>, sandbox: Bool, _ connection: PostgresConnection)
        throws(DatabaseError)
    {
        let (uuid, text, int4, int8) = (PostgresType.uuid, PostgresType.text, PostgresType.int4, PostgresType.int8)
        let (json, time) = (PostgresType.json, PostgresType.timestamptz)
        var columns = [uuid, time, text].map { PostgresArray($0) }
        var logged = [int8, time, int4, text, text, json].map { PostgresArray($0) }
        for outcome in outcomes {
            guard case .sent(let messageID, let response) = outcome.result else { continue }
            columns[0].append(outcome.id)
            columns[1].append(outcome.finishedAt)
            columns[2].append(outcome.channel.rawValue)
            logged[0].append(LogSequence.shared.next(at: now))
            logged[1].append(outcome.startedAt)
            logged[2].append(Int64(outcome.attempt))
            logged[3].append(outcome.provider)
            logged[4].append(messageID)
            logged[5].append(response.map(JSONText.string))
        }
        var shared = PostgresParameters()
        for column in columns { shared.append(column) }
        var changes = shared
        changes.append(.bool(sandbox))
        connection.queue(PostgresHotSQL.finishSent, changes)
        for column in logged { shared.append(column) }
        connection.queue(PostgresHotSQL.logSent, shared)
        try recordProviderMessages(outcomes, connection)
        if known.hasEndpoints { tellSent(outcomes, sandbox: sandbox, connection) }
    }

    private mutating func tellSent(_ outcomes: ArraySlice<AttemptOutcome>, sandbox: Bool, _ connection: PostgresConnection) {
        let (uuid, text) = (PostgresType.uuid, PostgresType.text)
        var columns = [uuid, uuid, PostgresType.timestamptz, text, text].map { PostgresArray($0) }
        for outcome in outcomes {
            columns[0].append(UUIDv7(at: now))
            columns[1].append(outcome.id)
            columns[2].append(outcome.finishedAt)
            columns[3].append(outcome.channel.rawValue)
            columns[4].append(outcome.provider)
        }
        var parameters = PostgresParameters(columns)
        parameters.append(.bool(sandbox))
        parameters.append(.time(now))
        connection.queue(PostgresHotSQL.tellSent, parameters)
        result.leavesEvents = true
    }

    /// Not for e-mail, of which no provider tells.
    private func recordProviderMessages(_ outcomes: ArraySlice<AttemptOutcome>, _ connection: PostgresConnection) throws(DatabaseError) {
        let told = outcomes.filter { $0.receiptID != nil }
        guard !told.isEmpty else { return }
        let (text, int4, int8) = (PostgresType.text, PostgresType.int4, PostgresType.int8)
        var columns = [PostgresType.uuid, text, text, text, int4, int8].map { PostgresArray($0) }
        for outcome in told {
            columns[0].append(outcome.id)
            columns[1].append(outcome.provider)
            columns[2].append(outcome.receiptID)
            columns[3].append(outcome.channel.rawValue)
            columns[4].append(Int64(outcome.attempt))
            columns[5].append(LogSequence.shared.next(at: now))
        }
        connection.queue(PostgresHotSQL.insertProviderMessages, PostgresParameters(columns))
        for outcome in told {
            try OutcomeEffects(outcome: outcome, now: now).writeDeadline { (sql) throws(DatabaseError) in connection.queue(sql) }
        }
    }

    /// A successor has the lease, or the communication was erased: one event, if there is a communication still. Locked,
    /// so that it can not be erased meanwhile.
    private mutating func lose(_ outcome: AttemptOutcome, at index: Int, _ connection: PostgresConnection) {
        result.lose(outcome.id, at: index)
        let effects = OutcomeEffects(outcome: outcome, now: now)
        connection.queue("\(effects.lateEvent()) FOR KEY SHARE")
        if let message = effects.lateProviderMessage() { connection.queue(message) }
    }

    private mutating func queueOutcomes(_ connection: PostgresConnection) throws(DatabaseError) {
        for (index, outcome) in outcomes {
            let effects = OutcomeEffects(outcome: outcome, now: now)
            if known.heldLeases.contains(outcome.id) {
                try effects.write { (sql) throws(DatabaseError) in connection.queue(sql) }
                if known.hasEndpoints, try effects.writeOutgoing({ (sql) throws(DatabaseError) in connection.queue(sql) }) {
                    result.leavesEvents = true
                }
                result.leavesDue(effects.leavesDue)
            } else {
                lose(outcome, at: index, connection)
            }
        }
    }

    private mutating func queueClaim(_ request: ClaimRequest, _ candidates: [ClaimCandidate], _ connection: PostgresConnection)
        throws(DatabaseError) -> ClaimResult
    {
        var begun: [DueDelivery] = []
        var turnedAway = 0
        for candidate in candidates.prefix(max(0, request.limit)) {
            let effects = ClaimEffects(candidate: candidate, now: now)
            guard candidate.isOpen else {
                turnedAway += 1
                try effects.writeSettled { (sql) throws(DatabaseError) in connection.queue(sql) }
                continue
            }
            try effects.writePreamble { (sql) throws(DatabaseError) in connection.queue(sql) }
            let decision = request.gate(candidate.delivery, now)
            if case .begin = decision {
                begun.append(candidate.delivery)
                continue
            }
            turnedAway += 1
            if case .postpone(let until, _) = decision { result.leavesDue(until) }
            if case .moveTo = decision { result.leavesDue(now) }
            try effects.write(decision, request) { (sql) throws(DatabaseError) in connection.queue(sql) }
            if known.hasEndpoints, try effects.writeOutgoing(decision, { (sql) throws(DatabaseError) in connection.queue(sql) }) {
                result.leavesEvents = true
            }
        }
        if !begun.isEmpty {
            var queue = PostgresParameters()
            queue.append(PostgresArray(PostgresType.uuid, begun.map { .uuid($0.id) }))
            queue.append(.int(request.token))
            queue.append(.int(now.milliseconds))
            queue.append(.int(request.leaseUntil.milliseconds))
            connection.queue(PostgresHotSQL.beginQueue, queue)
            var communications = PostgresParameters()
            communications.append(
                PostgresArray(PostgresType.uuid, begun.flatMap { [$0.id] + $0.members.map(\.id) }.map { .uuid($0) }))
            connection.queue(PostgresHotSQL.beginCommunications, communications)
        }
        return ClaimResult(begun: begun, turnedAway: turnedAway, more: candidates.count > request.limit)
    }
}

extension RoundResult {
    fileprivate mutating func lose(_ id: CommunicationID, at index: Int) {
        if case .ids(let lost) = replies[index] { replies[index] = .ids(lost + [id]) }
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
