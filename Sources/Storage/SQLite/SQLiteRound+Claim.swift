import Core

extension SQLiteRound {
    func claim(_ request: ClaimRequest, _ result: inout RoundResult) throws(DatabaseError) -> ClaimResult {
        var begun: [DueDelivery] = []
        var turnedAway = 0
        let candidates = try dueRows(request)
        for row in candidates.prefix(max(0, request.limit)) {
            let candidate = try candidate(row, request)
            let effects = ClaimEffects(candidate: candidate, now: now)
            try effects.writePreamble(emit)
            let decision = request.gate(candidate.delivery, now)
            try effects.write(decision, request, emit)
            switch decision {
            case .begin:
                begun.append(candidate.delivery)
            case .postpone(let until, _):
                turnedAway += 1
                result.leavesDue(until)
            case .moveTo:
                turnedAway += 1
                result.leavesDue(now)
            case .suppress:
                turnedAway += 1
            }
        }
        return ClaimResult(begun: begun, turnedAway: turnedAway, more: candidates.count > request.limit)
    }

    /// One probe of the index for each priority, as long as there is room; one row more than asked for.
    private func dueRows(_ request: ClaimRequest) throws(DatabaseError) -> [Row] {
        var rows: [Row] = []
        guard request.limit > 0 else { return rows }
        for priority in 0...3 where rows.count <= request.limit {
            rows += try session.run(
                """
                SELECT q.communication_id, q.business_id, q.client_id, q.due_at, q.attempt, q.lease_token, q.leased_at, c.plan_id,
                    c.message_type, c.category, c.urgency, c.fallback_channels, c.context, c.batch_id, c.created_at,
                    EXISTS (SELECT 1 FROM crm_communication_attachments a WHERE a.communication_id = q.communication_id)
                FROM crm_delivery_queue q JOIN crm_communications c ON c.communication_id = q.communication_id
                WHERE q.channel = \(request.channel) AND q.priority = \(priority) AND q.due_at <= \(request.now.milliseconds)
                ORDER BY q.due_at LIMIT \(request.limit + 1 - rows.count)
                """)
        }
        return rows
    }

    private func candidate(_ row: Row, _ request: ClaimRequest) throws(DatabaseError) -> ClaimCandidate {
        var candidate = try ClaimCandidate(row, channel: request.channel)
        let business = candidate.delivery.business
        let stored = try client(business, candidate.delivery.clientID)
        candidate.delivery.client = try stored.record.map { (record) throws(DatabaseError) in
            record.snapshot(stated: stored.stated, suppressed: try suppressed(record, business))
        }
        if let batch = candidate.delivery.batchID {
            for row in try session.run(
                """
                SELECT communication_id, message_type, context FROM crm_communications
                WHERE batch_id = \(batch) AND communication_id <> \(candidate.delivery.id) AND status IN ('pending', 'queued', 'sending')
                ORDER BY communication_id
                """)
            {
                candidate.delivery.members.append(
                    BatchMember(id: try row.uuid(0), messageType: try row.text(1), context: try row.json(2)))
            }
        }
        return candidate
    }
}
