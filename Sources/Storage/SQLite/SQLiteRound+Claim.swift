import Core

extension SQLiteRound {
    func claim(_ request: ClaimRequest, _ result: inout RoundResult) throws(DatabaseError) -> ClaimResult {
        var begun: [DueDelivery] = []
        var turnedAway = 0
        let candidates = try dueRows(request)
        for var candidate in candidates.prefix(max(0, request.limit)) {
            try complete(&candidate)
            let effects = ClaimEffects(candidate: candidate, now: now)
            guard candidate.isOpen else {
                turnedAway += 1
                try effects.writeSettled(emit)
                continue
            }
            try effects.writePreamble(emit)
            let decision = request.gate(candidate.delivery, now)
            switch decision {
            case .begin:
                try begin(candidate.delivery, request)
                begun.append(candidate.delivery)
                continue
            case .postpone(let until, _):
                result.leavesDue(until)
            case .moveTo:
                result.leavesDue(now)
            case .suppress, .fail: break
            }
            turnedAway += 1
            try effects.write(decision, request, emit)
            if try endpointsExist(), try effects.writeOutgoing(decision, emit) { result.leavesEvents = true }
        }
        return ClaimResult(begun: begun, turnedAway: turnedAway, more: candidates.count > request.limit)
    }

    /// One probe of the index for each priority, as long as there is room; one row more than asked for.
    private func dueRows(_ request: ClaimRequest) throws(DatabaseError) -> [ClaimCandidate] {
        var candidates: [ClaimCandidate] = []
        guard request.limit > 0 else { return candidates }
        let statement = try session.hot(.dueRows)
        for priority in 0...3 where candidates.count <= request.limit {
            var values = statement.binder()
            values.add(request.channel.rawValue)
            values.add(priority)
            values.add(request.now)
            values.add(request.limit + 1 - candidates.count)
            try values.check()
            try statement.run { (row) throws(DatabaseError) in
                candidates.append(try ClaimCandidate(row, channel: request.channel))
            }
        }
        return candidates
    }

    /// Adds the client and the batch's other members.
    private func complete(_ candidate: inout ClaimCandidate) throws(DatabaseError) {
        let business = candidate.delivery.business
        let stored = try client(business, candidate.delivery.clientID)
        if let record = stored.record {
            candidate.delivery.client = record.snapshot(stated: stored.stated, suppressed: try suppressed(record, business))
        }
        guard let batch = candidate.delivery.batchID else { return }
        for row in try session.run(
            """
            SELECT communication_id, message_type, COALESCE(sealed_context, context) FROM crm_communications
            WHERE batch_id = \(batch) AND communication_id <> \(candidate.delivery.id) AND status IN ('pending', 'queued', 'sending')
            ORDER BY communication_id
            """)
        {
            candidate.delivery.members.append(BatchMember(id: try row.uuid(0), messageType: try row.text(1), context: try row.json(2)))
        }
    }

    private func begin(_ delivery: DueDelivery, _ request: ClaimRequest) throws(DatabaseError) {
        let lease = try session.hot(.leaseRow)
        var values = lease.binder()
        values.add(delivery.id)
        values.add(request.token)
        values.add(now)
        values.add(request.leaseUntil)
        try lease.run(values)
        try markSending(delivery.id)
        for member in delivery.members { try markSending(member.id) }
    }

    private func markSending(_ id: CommunicationID) throws(DatabaseError) {
        let statement = try session.hot(.markSending)
        var values = statement.binder()
        values.add(id)
        try statement.run(values)
    }
}

extension ClaimCandidate {
    /// Reads a row of ``SQLiteHotStatement/dueRows``.
    fileprivate init(_ row: borrowing SQLiteColumns, channel: Channel) throws(DatabaseError) {
        guard let category = MessageCategory(rawValue: try row.text(9)), let urgency = Urgency(rawValue: try row.text(10)) else {
            throw .decoding("a communication has an unknown category or urgency")
        }
        guard let client = ClientID(try row.text(2)) else { throw .decoding("column 2 is no client id") }
        let leasedAt = row.isNull(5) || row.isNull(6) ? nil : try row.time(6)
        let unknownSince = row.isNull(16) ? nil : try row.time(16)
        let delivery = DueDelivery(
            id: try row.uuid(0), business: try row.uuid(1), clientID: client, planID: try row.textOrNil(7),
            messageType: try row.text(8), category: category, urgency: urgency, channel: channel,
            fallbacks: [Channel](joined: try row.text(11)), context: try row.json(12), batchID: row.isNull(13) ? nil : try row.uuid(13),
            members: [], createdAt: try row.time(14), attemptsBegun: Int(try row.int64(4)),
            unknownSince: leasedAt, lookUpSince: unknownSince ?? leasedAt, rateLimited: Int(try row.int64(17)),
            takeovers: Int(try row.int64(18)) + (leasedAt == nil ? 0 : 1), fallbackAfter: row.isNull(19) ? nil : Int(try row.int64(19)),
            hasAttachments: try row.bool(15), client: nil, topic: try row.textOrNil(21),
            rules: try DeliveryRules(marketing: row.text(22), lacksPostalAddress: row.bool(23)))
        self.init(delivery: delivery, dueAt: try row.time(3), isOpen: ClaimCandidate.isOpen(try row.text(20)))
    }
}
