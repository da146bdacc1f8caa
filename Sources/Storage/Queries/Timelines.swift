import Core

/// One thing that happened with a client.
public struct TimelineEntry: Sendable, Hashable {
    /// Of a reply: its id in place of the communication's.
    public var event: DeliveryEvent
    public var planID: String?
    /// Nil for a reply.
    public var messageType: String?
    /// How the communication stands now; nil for a reply.
    public var status: CommunicationStatus?
    /// The communication's channel now; the reply's own.
    public var channel: Channel
    public var reply: StoredReply?

    /// Where a page ends.
    public struct Position: Sendable, Hashable {
        public var at: Timestamp
        public var communication: CommunicationID
        public var number: Int64

        public init(at: Timestamp, communication: CommunicationID, number: Int64) {
            self.at = at
            self.communication = communication
            self.number = number
        }
    }

    public var position: Position {
        Position(at: event.at, communication: event.communication, number: event.number)
    }
}

extension Transaction {
    /// Up to `limit` events of all communications with a client and their replies, newest first; each communication begins with its
    /// acceptance.
    ///
    /// One person's events are few: they are collected through the client's index and sorted.
    public func timeline(of client: ClientID, business: BusinessID, after: TimelineEntry.Position?, limit: Int) throws -> [TimelineEntry] {
        var page: [SQL] = ["TRUE"]
        if let after {
            page.append("(t.at, t.communication_id, t.log_id) < (\(after.at), \(after.communication), \(after.number))")
        }
        let entries = try run(
            """
            SELECT t.communication_id, t.log_id, t.event_type, t.at, t.event_channel, t.attempt, t.started_at, t.delivery_status,
                t.provider, t.provider_message_id, t.provider_response, t.error_details, t.plan_id, t.message_type, t.status, t.channel
            FROM (
                SELECT e.communication_id, e.log_id, e.event_type, e.event_timestamp AS at, e.channel AS event_channel, e.attempt,
                    e.started_at, e.delivery_status, e.provider, e.provider_message_id, e.provider_response, e.error_details,
                    m.plan_id, m.message_type, m.status, m.channel
                FROM crm_communications m
                JOIN crm_delivery_logs e ON e.communication_id = m.communication_id AND e.event_type <> \(DeliveryEvent.accepted)
                WHERE m.business_id = \(business) AND m.client_id = \(client)
                UNION ALL
                SELECT m.communication_id, 0, \(DeliveryEvent.accepted), m.created_at, NULL, NULL,
                    NULL, NULL, NULL, NULL, NULL, NULL,
                    m.plan_id, m.message_type, m.status, m.channel
                FROM crm_communications m
                WHERE m.business_id = \(business) AND m.client_id = \(client)
                UNION ALL
                SELECT r.reply_id, 0, \(DeliveryEvent.replied), r.received_at, r.channel, NULL,
                    NULL, NULL, r.provider, r.provider_message_id, NULL, NULL,
                    r.plan_id, NULL, NULL, r.channel
                FROM crm_replies r
                WHERE r.business_id = \(business) AND r.client_id = \(client)
            ) t
            WHERE \(SQL.all(page))
            ORDER BY t.at DESC, t.communication_id DESC, t.log_id DESC
            LIMIT \(limit)
            """
        ).map { row in
            TimelineEntry(
                event: try DeliveryEvent(row: row), planID: try row.textOrNil(12), messageType: try row.textOrNil(13),
                status: try row.oneOfOrNil(14, as: CommunicationStatus.self), channel: try row.channel(15))
        }
        return try withReplies(entries, business: business)
    }

    private func withReplies(_ entries: [TimelineEntry], business: BusinessID) throws -> [TimelineEntry] {
        let ids = entries.filter { $0.event.type == DeliveryEvent.replied }.map(\.event.communication)
        let replies = try replies(ReplyFilter(ids: ids), business: business, limit: ids.count)
        let byID = Dictionary(replies.map { ($0.id, $0) }) { first, _ in first }
        return entries.map { entry in
            var entry = entry
            if entry.event.type == DeliveryEvent.replied { entry.reply = byID[entry.event.communication] }
            return entry
        }
    }
}

extension DeliveryEvent {
    static let replied = "replied"
}
