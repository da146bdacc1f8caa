import Core

/// What the tables hold on a person beside their record, preferences, communications and replies, as an export shows it.
public enum PersonRecords: String, Sendable, CaseIterable {
    case queue = "delivery_queue"
    case batches
    case providerMessages = "provider_messages"
    case receiptDeadlines = "receipt_deadlines"
    case providerReports = "provider_reports"
    case events = "outgoing_events"
    case eventDeliveries = "event_deliveries"
    case eventAttempts = "event_attempts"
    case optInRequests = "opt_in_requests"
    case softBounces = "soft_bounces"
    case answers = "idempotency_records"
    case windows = "whatsapp_windows"
    case accessLog = "access_log"
    case erasures

    /// How a column is to be read.
    public enum Kind: Sendable { case plain, time, json, sealedAnswer, sealedStatement }

    /// One column of a table, and how it is to be read.
    public struct Column: Sendable {
        public var name: StaticString
        public var kind: Kind
    }

    /// In the order of the values that ``Transaction/personRecords(_:of:business:offset:limit:)`` reads.
    public var columns: [Column] {
        switch self {
        case .queue: Self.plain("communication_id", "channel", "priority", "attempt") + Self.times("due_at", "leased_at")
        case .batches: Self.plain("batch_id", "channel", "leader_id", "member_count", "is_open") + Self.times("closes_at")
        case .providerMessages: Self.plain("communication_id", "provider", "provider_message_id", "channel", "attempt")
        case .receiptDeadlines: Self.plain("communication_id", "provider", "provider_message_id") + Self.times("due_at")
        case .providerReports:
            Self.plain("provider", "provider_message_id", "word", "failure_category", "failure_code", "failure_message")
                + Self.times("happened_at", "received_at")
        case .events:
            Self.plain("position", "event_id", "event_type", "communication_id", "plan_id", "message_type", "channel", "provider")
                + Self.times("occurred_at") + [Column(name: "data", kind: .json)]
        case .eventDeliveries:
            Self.plain("position", "endpoint_id", "status", "attempts") + Self.times("next_attempt_at", "finished_at")
        case .eventAttempts:
            Self.plain("position", "endpoint_id", "attempt_id", "duration_ms", "response_status", "error", "response")
                + Self.times("attempted_at")
        case .optInRequests:
            Self.plain("channel", "request_id") + Self.times("requested_at", "expires_at", "confirmed_at") + [
                Column(name: "statement", kind: .sealedStatement)
            ]
        case .softBounces: Self.plain("communication_id") + Self.times("bounced_at")
        case .answers:
            Self.plain("route", "idempotency_key", "status_code") + Self.times("created_at")
                + [Column(name: "answer", kind: .sealedAnswer)]
        case .windows: Self.times("last_inbound_at")
        case .accessLog:
            Self.plain("actor_kind", "actor_id", "actor_name", "kind", "views") + Self.times("first_at", "last_at")
        case .erasures: Self.plain("erasure_id", "status", "requested_by_kind", "requested_by_id") + Self.times("requested_at", "due_at")
        }
    }

    private static func plain(_ names: StaticString...) -> [Column] { names.map { Column(name: $0, kind: .plain) } }
    private static func times(_ names: StaticString...) -> [Column] { names.map { Column(name: $0, kind: .time) } }

    /// The rows' source and order; a person is named by `client` and `business`.
    fileprivate func source(_ client: ClientID, _ business: BusinessID) -> (from: SQL, order: SQL) {
        let person: SQL = "t.business_id = \(business) AND t.client_id = \(client)"
        let theirs: SQL =
            "t.communication_id IN (SELECT m.communication_id FROM crm_communications m WHERE m.business_id = \(business) AND m.client_id = \(client))"
        let told: SQL =
            "t.position IN (SELECT v.position FROM crm_outgoing_events v WHERE v.business_id = \(business) AND v.client_id = \(client))"
        return switch self {
        case .queue: ("crm_delivery_queue t WHERE \(theirs)", "t.communication_id")
        case .batches: ("crm_batches t WHERE \(person)", "t.batch_id")
        case .providerMessages: ("crm_provider_messages t WHERE \(theirs)", "t.communication_id, t.sequence")
        case .receiptDeadlines: ("crm_receipt_deadlines t WHERE \(theirs)", "t.communication_id")
        case .providerReports:
            (
                """
                crm_unmatched_events t WHERE EXISTS (SELECT 1 FROM crm_communications m
                        WHERE m.communication_id = t.reference AND m.business_id = \(business) AND m.client_id = \(client))
                    OR EXISTS (SELECT 1 FROM crm_provider_messages p WHERE p.provider_message_id = t.provider_message_id
                        AND p.provider = t.provider AND p.business_id = \(business) AND p.client_id = \(client))
                    OR EXISTS (SELECT 1 FROM crm_communications m JOIN crm_delivery_logs l ON l.communication_id = m.communication_id
                        WHERE m.business_id = \(business) AND m.client_id = \(client) AND l.provider_message_id = t.provider_message_id
                        AND l.provider = t.provider)
                """, "t.event_id"
            )
        case .events: ("crm_outgoing_events t WHERE \(person)", "t.position")
        case .eventDeliveries: ("crm_event_deliveries t WHERE \(told)", "t.position, t.endpoint_id")
        case .eventAttempts: ("crm_event_attempts t WHERE \(told)", "t.position, t.endpoint_id, t.attempt_id")
        case .optInRequests: ("crm_opt_in_requests t WHERE \(person)", "t.channel")
        case .softBounces: ("crm_soft_bounces t WHERE t.business_id = \(business) AND \(theirs)", "t.bounced_at, t.communication_id")
        case .answers: ("crm_idempotency_records t WHERE \(person)", "t.created_at, t.route, t.idempotency_key")
        case .windows:
            (
                """
                crm_whatsapp_windows t WHERE t.business_id = \(business) AND (t.client_id = \(client) OR t.phone_hash IN (
                    SELECT c.phone_hash FROM crm_clients c WHERE c.business_id = \(business) AND c.client_id = \(client)))
                """, "t.last_inbound_at"
            )
        case .accessLog: ("crm_access_log t WHERE \(person)", "t.hour DESC, t.actor_kind, t.actor_id, t.kind")
        case .erasures: ("crm_erasures t WHERE \(person)", "t.erasure_id")
        }
    }
}

extension Transaction {
    /// Up to `limit` rows; their values are those of ``PersonRecords/columns``.
    public func personRecords(
        _ records: PersonRecords, of client: ClientID, business: BusinessID, offset: Int, limit: Int
    ) throws -> [Row] {
        let (from, order) = records.source(client, business)
        var columns: SQL = "t."
        for (index, column) in records.columns.enumerated() {
            columns = index == 0 ? "t.\(unsafeSQL: column.name)" : "\(columns), t.\(unsafeSQL: column.name)"
        }
        return try run("SELECT \(columns) FROM \(from) ORDER BY \(order) LIMIT \(limit) OFFSET \(offset)")
            .map { try opened($0, records, business) }
    }

    /// With the content that stands in columns of text and JSON; ``PersonRecords/columns`` say where.
    private func opened(_ row: Row, _ records: PersonRecords, _ business: BusinessID) throws -> Row {
        var values = row.values
        switch records {
        case .events:
            guard let data = try row.jsonOrNil(9), let event = UUIDv7(try row.text(1)) else { return row }
            values[9] = .json(try content.opened(json: data, .eventData(business, event)))
        case .eventAttempts:
            guard let response = try row.textOrNil(6), let endpoint = UUIDv7(try row.text(1)) else { return row }
            let place = SealContext.endpointResponse(business, endpoint, try row.int64(0), try row.int64(2))
            values[6] = .text(try content.opened(response, place))
        default: return row
        }
        return Row(values)
    }

    /// Replies that came from the client's number before anybody knew whose it was.
    public func repliesOfTheirNumber(_ client: ClientID, business: BusinessID, limit: Int) throws -> [StoredReply] {
        try run(
            """
            SELECT \(StoredReply.columns) FROM crm_replies r
            WHERE r.business_id = \(business) AND r.client_id IS NULL AND r.phone_hash IN (SELECT phone_hash FROM crm_clients
                WHERE business_id = \(business) AND client_id = \(client) AND phone_hash IS NOT NULL)
            ORDER BY r.reply_id DESC LIMIT \(limit)
            """
        ).map { try StoredReply(row: $0, content) }
    }
}
