import Core

/// A due row with all that the gate looks at, as the claiming transaction read it.
struct ClaimCandidate {
    var delivery: DueDelivery
    var dueAt: Timestamp
    /// False once a receipt has settled the communication: there is nothing to send any more.
    var isOpen: Bool

    init(delivery: DueDelivery, dueAt: Timestamp, isOpen: Bool) {
        self.delivery = delivery
        self.dueAt = dueAt
        self.isOpen = isOpen
    }

    static func isOpen(_ status: String) -> Bool {
        status == "pending" || status == "queued" || status == "sending"
    }

    /// Reads `communication_id, business_id, client_id, due_at, attempt, lease_token, leased_at, plan_id, message_type,
    /// category, urgency, fallback_channels, context, batch_id, created_at, has_attachments, unknown_since, rate_limited, takeovers,
    /// fallback_after_s, status, topic, marketing_consent, lacks_postal_address`.
    init(_ row: Row, channel: Channel) throws(DatabaseError) {
        guard let category = MessageCategory(rawValue: try row.text(9)), let urgency = Urgency(rawValue: try row.text(10)) else {
            throw .decoding("a communication has an unknown category or urgency")
        }
        dueAt = try row.time(3)
        isOpen = Self.isOpen(try row.text(20))
        let leasedAt = try row.isNull(5) ? nil : try row.timeOrNil(6)
        delivery = DueDelivery(
            id: try row.uuid(0), business: try row.uuid(1), clientID: try row.clientID(2), planID: try row.textOrNil(7),
            messageType: try row.text(8), category: category, urgency: urgency, channel: channel,
            fallbacks: [Channel](joined: try row.text(11)), context: try row.json(12), batchID: try row.uuidOrNil(13), members: [],
            createdAt: try row.time(14), attemptsBegun: try row.int(4),
            unknownSince: leasedAt, lookUpSince: try row.timeOrNil(16) ?? leasedAt, rateLimited: try row.int(17),
            takeovers: try row.int(18) + (leasedAt == nil ? 0 : 1), fallbackAfter: try row.intOrNil(19), hasAttachments: try row.bool(15),
            client: nil, topic: try row.textOrNil(21), rules: try DeliveryRules(marketing: row.text(22), lacksPostalAddress: row.bool(23)))
    }
}

/// What a gate's decision changes, as statements that hold on both engines.
struct ClaimEffects {
    let candidate: ClaimCandidate
    let now: Timestamp

    private var id: CommunicationID { candidate.delivery.id }
    private var delivery: DueDelivery { candidate.delivery }
    /// The attempt whose lease ran out may have reached the provider; known until somebody has looked there.
    private static let unknownSince: SQL =
        "CASE WHEN unknown_since IS NULL AND lease_token IS NOT NULL THEN leased_at ELSE unknown_since END"

    /// The communication and the members that travel with it.
    private var everyone: [CommunicationID] { [id] + delivery.members.map(\.id) }

    /// Before any decision: the attempt whose lease ran out, and the batch that takes nobody in any more.
    func writePreamble(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        if let unknownSince = delivery.unknownSince {
            try emit(
                event(
                    "attempt_unknown", id, details: "the attempt's outcome was never recorded", attempt: delivery.attemptsBegun,
                    startedAt: unknownSince))
        }
        if let batch = delivery.batchID {
            try emit("UPDATE crm_batches SET is_open = \(false) WHERE batch_id = \(batch)")
        }
    }

    func write(_ decision: ClaimDecision, _ request: ClaimRequest, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        switch decision {
        case .begin: try writeBegin(request, emit)
        case .postpone(let until, let step): try writePostpone(until: until, step, emit)
        case .moveTo(let channel, let remaining, let step): try writeMove(to: channel, remaining: remaining, step, emit)
        case .suppress(let step): try writeSuppress(step, emit)
        case .fail(let failure): try writeFail(failure, emit)
        }
    }

    /// The events of messages that a decision ended. To be written after ``write(_:_:_:)``.
    ///
    /// - Returns: whether there are any.
    func writeOutgoing(_ decision: ClaimDecision, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) -> Bool {
        let event: StatusAnnouncement
        switch decision {
        case .begin, .postpone, .moveTo: return false
        case .suppress(let step):
            event = StatusAnnouncement(type: .suppressed, at: now, channel: delivery.channel, reason: step.because)
        case .fail(let failure):
            event = StatusAnnouncement(
                type: .failed, at: now, channel: delivery.channel, reason: failure.message, category: failure.category)
        }
        for member in everyone { try emit(event.insertion(of: member, now: now)) }
        return true
    }

    /// A receipt has settled it meanwhile. Members that it did not reach go on without it.
    func writeSettled(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        if let heir = delivery.members.first?.id, let batch = delivery.batchID {
            try emit(
                """
                UPDATE crm_delivery_queue SET communication_id = \(heir), lease_token = NULL, leased_at = NULL
                WHERE communication_id = \(id)
                """)
            try emit("UPDATE crm_batches SET leader_id = \(heir) WHERE batch_id = \(batch)")
        } else {
            try emit("DELETE FROM crm_delivery_queue WHERE communication_id = \(id)")
        }
        try emit(event("attempt_cancelled", id, details: "a receipt has settled it"))
    }

    private func writeBegin(_ request: ClaimRequest, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        try emit(
            """
            UPDATE crm_delivery_queue SET unknown_since = \(Self.unknownSince),
                takeovers = CASE WHEN lease_token IS NULL THEN takeovers ELSE takeovers + 1 END,
                lease_token = \(request.token), leased_at = \(now.milliseconds), due_at = \(request.leaseUntil.milliseconds), attempt = attempt + 1
            WHERE communication_id = \(id)
            """)
        for member in everyone {
            try emit(
                "UPDATE crm_communications SET status = 'sending' WHERE communication_id = \(member) AND status IN ('pending', 'queued')")
        }
    }

    private func writePostpone(until: Timestamp, _ step: DecisionStep, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        try emit(
            """
            UPDATE crm_delivery_queue SET unknown_since = \(Self.unknownSince), due_at = \(until.milliseconds), lease_token = NULL,
                leased_at = NULL
            WHERE communication_id = \(id)
            """)
        for member in everyone {
            try emit(
                """
                UPDATE crm_communications SET status = 'pending', scheduled_for = \(until)
                WHERE communication_id = \(member) AND status IN ('pending', 'queued', 'sending')
                """)
            try emit(event("postponed", member, status: step.rule, details: step.because))
        }
    }

    func writeMove(
        to channel: Channel, remaining: [Channel], _ step: DecisionStep, _ emit: (SQL) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        try emit(
            """
            UPDATE crm_delivery_queue SET channel = \(channel), attempt = 0, due_at = \(now.milliseconds), lease_token = NULL, leased_at = NULL,
                unknown_since = NULL, rate_limited = 0, takeovers = 0
            WHERE communication_id = \(id)
            """)
        for member in everyone {
            try emit(
                """
                UPDATE crm_communications SET status = 'queued', channel = \(channel), fallback_channels = \(remaining.joined)
                WHERE communication_id = \(member) AND status IN ('pending', 'queued', 'sending')
                """)
            try emit(event("channel_changed", member, status: step.rule, details: step.because, on: channel))
        }
    }

    private func writeFail(_ failure: AttemptFailure, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        try emit("DELETE FROM crm_delivery_queue WHERE communication_id = \(id)")
        for member in everyone {
            try emit(
                """
                UPDATE crm_communications SET status = 'failed', error_message = \(failure.message), error_category = \(failure.category),
                    failed_at = \(now), needs_review = \(true)
                WHERE communication_id = \(member) AND status IN ('pending', 'queued', 'sending')
                """)
            try emit(event("failed", member, status: failure.category, details: failure.message))
        }
    }

    private func writeSuppress(_ step: DecisionStep, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        try emit("DELETE FROM crm_delivery_queue WHERE communication_id = \(id)")
        for member in everyone {
            try emit(
                """
                UPDATE crm_communications SET status = 'suppressed', error_message = \(step.because)
                WHERE communication_id = \(member) AND status IN ('pending', 'queued', 'sending')
                """)
            try emit(event("suppressed", member, status: step.rule, details: step.because))
        }
    }

    private func event(
        _ type: String, _ id: CommunicationID, status: String? = nil, details: String, attempt: Int? = nil, startedAt: Timestamp? = nil,
        on channel: Channel? = nil
    ) -> SQL {
        """
        INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, attempt, started_at, delivery_status,
            error_details)
        VALUES (\(id), \(LogSequence.shared.next(at: now)), \(type), \(now), \(channel ?? delivery.channel),
            \(attempt.map { SQLValue.int(Int64($0)) } ?? .null), \(startedAt), \(status), \(details))
        """
    }
}
