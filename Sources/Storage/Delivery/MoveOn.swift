import Core

extension Database {
    /// Moves messages that have been due on `channel` since before `moment` to their next channel; for a provider that is away
    /// for long. No attempt begins: the next channel's claim asks the gate.
    ///
    /// A message with an attempt of unknown outcome on this channel stays: it may have arrived.
    ///
    /// - Returns: how many moved; fewer than `limit` when none is left.
    public func moveOn(from channel: Channel, dueBefore moment: Timestamp, because step: DecisionStep, limit: Int = 100) async throws -> Int
    {
        try await write { tx in try tx.moveOn(from: channel, dueBefore: moment, because: step, limit: limit) }
    }
}

extension Transaction {
    fileprivate func moveOn(from channel: Channel, dueBefore moment: Timestamp, because step: DecisionStep, limit: Int) throws -> Int {
        let rows = try run(
            """
            SELECT q.communication_id, q.business_id, q.client_id, q.due_at, q.attempt, q.lease_token, q.leased_at, c.plan_id,
                c.message_type, c.category, c.urgency, c.fallback_channels, c.context, c.batch_id, c.created_at, \(false)
            FROM crm_delivery_queue q JOIN crm_communications c ON c.communication_id = q.communication_id
            WHERE q.channel = \(channel) AND q.due_at < \(moment.milliseconds) AND q.lease_token IS NULL AND c.fallback_channels <> ''
                AND NOT EXISTS (
                    SELECT 1 FROM crm_delivery_logs l
                    WHERE l.communication_id = q.communication_id AND l.channel = q.channel
                        AND (l.event_type = 'attempt_unknown' OR l.delivery_status = 'unknown'))
            ORDER BY q.priority, q.due_at LIMIT \(limit) \(lockingQueue)
            """)
        for row in rows {
            var candidate = try ClaimCandidate(row, channel: channel)
            guard let next = candidate.delivery.fallbacks.first else { continue }
            if let batch = candidate.delivery.batchID {
                candidate.delivery.members = try members(of: batch, besides: candidate.delivery.id)
            }
            var step = step
            step.channel = next
            let emit = { [self] (sql: SQL) throws(DatabaseError) in _ = try execute(sql) }
            let effects = ClaimEffects(candidate: candidate, now: now)
            try effects.writePreamble(emit)
            try effects.writeMove(to: next, remaining: Array(candidate.delivery.fallbacks.dropFirst()), step, emit)
        }
        if !rows.isEmpty { leavesDueRows(at: now) }
        return rows.count
    }

    private var lockingQueue: SQL {
        dialect == .postgresql ? "FOR UPDATE OF q SKIP LOCKED" : ""
    }

    private func members(of batch: UUIDv7, besides leader: CommunicationID) throws -> [BatchMember] {
        if dialect == .postgresql { try run("SELECT batch_id FROM crm_batches WHERE batch_id = \(batch) FOR UPDATE") }
        return try run(
            """
            SELECT communication_id, message_type, context FROM crm_communications
            WHERE batch_id = \(batch) AND communication_id <> \(leader) AND status IN ('pending', 'queued', 'sending')
            ORDER BY communication_id
            """
        ).map { BatchMember(id: try $0.uuid(0), messageType: try $0.text(1), context: try $0.json(2)) }
    }
}
