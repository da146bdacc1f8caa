import Core

/// A look at messages that have waited too long for their channel.
public struct MoveOnRequest: Sendable {
    public var channel: Channel
    /// Due since before this moment.
    public var dueBefore: Timestamp
    /// Why they move, for their records.
    public var step: DecisionStep
    /// Passes over so many that have to stay.
    public var offset: Int
    public var limit: Int
    /// Whether a message may go on another channel; asked with the delivery as it would be there.
    public var gate: @Sendable (DueDelivery, Timestamp) -> ClaimDecision

    public init(
        channel: Channel, dueBefore: Timestamp, step: DecisionStep, offset: Int = 0, limit: Int = 100,
        gate: @escaping @Sendable (DueDelivery, Timestamp) -> ClaimDecision
    ) {
        self.channel = channel
        self.dueBefore = dueBefore
        self.step = step
        self.offset = offset
        self.limit = limit
        self.gate = gate
    }
}

/// How many messages took their next channel.
public struct MoveOnResult: Sendable, Hashable {
    public var moved: Int
    /// No other channel is open to them.
    public var stayed: Int
}

extension Database {
    /// Moves messages to their next channel that is open; for a provider that is away for long. No attempt begins: the claim on
    /// that channel asks the gate again.
    ///
    /// A message with an attempt of unknown outcome on this channel stays and is not counted: it may have arrived.
    public func moveOn(_ request: MoveOnRequest) async throws -> MoveOnResult {
        try await write { tx in try tx.moveOn(request) }
    }
}

extension Transaction {
    fileprivate func moveOn(_ request: MoveOnRequest) throws -> MoveOnResult {
        let rows = try run(
            """
            SELECT q.communication_id, q.business_id, q.client_id, q.due_at, q.attempt, q.lease_token, q.leased_at, c.plan_id,
                c.message_type, c.category, c.urgency, c.fallback_channels, c.context, c.batch_id, c.created_at, \(false), q.unknown_since,
                q.rate_limited, q.takeovers, c.fallback_after_s, c.status, t.topic, b.marketing_consent, b.postal_address = ''
            FROM crm_delivery_queue q JOIN crm_communications c ON c.communication_id = q.communication_id
            JOIN crm_businesses b ON b.business_id = q.business_id
            LEFT JOIN crm_message_types t ON t.business_id = q.business_id AND t.name = c.message_type
            WHERE q.channel = \(request.channel) AND q.due_at < \(request.dueBefore.milliseconds) AND q.lease_token IS NULL
                AND q.unknown_since IS NULL AND c.fallback_channels <> '' AND (c.status = 'pending' OR c.status = 'queued')
                AND NOT EXISTS (
                    SELECT 1 FROM crm_delivery_logs l
                    WHERE l.communication_id = q.communication_id AND l.channel = q.channel
                        AND (l.event_type = 'attempt_unknown' OR l.delivery_status = 'unknown'))
            ORDER BY q.priority, q.due_at LIMIT \(request.limit) OFFSET \(request.offset) \(lockingQueue)
            """)
        var result = MoveOnResult(moved: 0, stayed: 0)
        for row in rows {
            var candidate = try ClaimCandidate(row, channel: request.channel)
            guard let (next, remaining) = try openChannel(for: candidate.delivery, request) else {
                result.stayed += 1
                continue
            }
            if let batch = candidate.delivery.batchID {
                candidate.delivery.members = try members(of: batch, besides: candidate.delivery.id)
            }
            var step = request.step
            step.channel = next
            let emit = { [self] (sql: SQL) throws(DatabaseError) in _ = try execute(sql) }
            let effects = ClaimEffects(candidate: candidate, now: now)
            try effects.writePreamble(emit)
            try effects.writeMove(to: next, remaining: remaining, step, emit)
            result.moved += 1
        }
        if result.moved > 0 { leavesDueRows(at: now) }
        return result
    }

    private func openChannel(for delivery: DueDelivery, _ request: MoveOnRequest) throws -> (Channel, remaining: [Channel])? {
        guard let next = delivery.fallbacks.first else { return nil }
        var there = delivery
        there.channel = next
        there.fallbacks = Array(delivery.fallbacks.dropFirst())
        there.client = try clientSnapshot(delivery.clientID, business: delivery.business, merging: nil, batchState: false)
        switch request.gate(there, now) {
        case .begin, .postpone: return (next, there.fallbacks)
        case .moveTo(let other, let remaining, _): return other == delivery.channel ? nil : (other, remaining)
        case .suppress, .fail: return nil
        }
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
