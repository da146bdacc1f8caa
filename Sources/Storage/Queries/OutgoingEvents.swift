import Core

/// Events for the businesses' own endpoints, written in the transaction that makes them true.
extension Transaction {
    /// Queues an event for every endpoint of the business that wants it; nothing where there is none.
    ///
    /// With a communication, its plan, type, channel and last provider are told along; without one (or after it was erased) only
    /// what the event itself says.
    public func emit(_ event: OutgoingEvent, business: BusinessID) throws(DatabaseError) {
        guard try endpointsExist() else { return }
        let id = UUIDv7(at: now)
        let data = event.data.isEmpty ? Array("{}".utf8) : try content.stored(json: event.data, .eventData(business, id))
        let changed: Int
        if let communication = event.communication {
            changed = try execute(
                """
                INSERT INTO crm_outgoing_events (event_id, business_id, event_type, client_id, communication_id, plan_id, message_type, channel,
                    provider, sandbox, occurred_at, created_at, data)
                SELECT \(id), c.business_id, \(event.type.rawValue), c.client_id, c.communication_id, c.plan_id, c.message_type,
                    c.channel, (SELECT l.provider FROM crm_delivery_logs l WHERE l.communication_id = c.communication_id
                        AND l.event_type = 'sent' ORDER BY l.log_id DESC LIMIT 1),
                    c.sandbox, \(event.at), \(now), \(json: data)
                FROM crm_communications c
                WHERE c.communication_id = \(communication) AND c.business_id = \(business)
                    AND EXISTS (\(WebhookInterest.anyEndpoint(wants: event.type, of: "c.business_id")))
                """)
        } else {
            changed = try execute(
                """
                INSERT INTO crm_outgoing_events (event_id, business_id, event_type, client_id, occurred_at, created_at, data)
                SELECT \(id), b.business_id, \(event.type.rawValue), CAST(\(event.clientID?.text) AS text), \(event.at), \(now),
                    \(json: data)
                FROM crm_businesses b
                WHERE b.business_id = \(business) AND EXISTS (\(WebhookInterest.anyEndpoint(wants: event.type, of: "b.business_id")))
                """)
        }
        if changed > 0 { leavesNewEvents() }
    }
}

/// Which endpoints want an event. `event_types` is empty for all of them, else a list with a comma before and behind each.
enum WebhookInterest {
    /// Disabled endpoints count too: what they miss can be replayed once they work again.
    static func anyEndpoint(wants type: OutgoingEventType, of business: SQL) -> SQL {
        """
        SELECT 1 FROM crm_webhook_endpoints e
        WHERE e.business_id = \(business) AND (e.event_types = '' OR e.event_types LIKE \("%,\(type.rawValue),%"))
        """
    }

    static func columnText(_ types: [OutgoingEventType]) -> String {
        types.isEmpty ? "" : "," + types.map(\.rawValue).joined(separator: ",") + ","
    }

    static func types(columnText: String) -> [OutgoingEventType] {
        columnText.split(separator: ",").compactMap { OutgoingEventType(rawValue: String($0)) }
    }
}

/// The event of a status that the delivery itself reached, as one statement that holds on both engines.
struct StatusAnnouncement {
    var type: OutgoingEventType
    var at: Timestamp
    var channel: Channel
    var reason: String?
    var category: String?
    var provider: String?
    var sandbox = false

    init(type: OutgoingEventType, at: Timestamp, channel: Channel, reason: String? = nil, category: String? = nil) {
        self.type = type
        self.at = at
        self.channel = channel
        self.reason = reason
        self.category = category
    }

    /// To be run after the status was written: an end that another one forestalled is told by whoever wrote that.
    func insertion(of id: CommunicationID, now: Timestamp) -> SQL {
        """
        INSERT INTO crm_outgoing_events (event_id, business_id, event_type, client_id, communication_id, plan_id, message_type, channel,
            provider, sandbox, occurred_at, created_at, data)
        SELECT \(UUIDv7(at: now)), c.business_id, \(type.rawValue), c.client_id, c.communication_id, c.plan_id, c.message_type,
            \(channel.rawValue), CAST(\(provider) AS text), c.sandbox OR \(sandbox), \(at), \(now), \(json: data)
        FROM crm_communications c
        WHERE c.communication_id = \(id) AND \(condition) AND EXISTS (\(WebhookInterest.anyEndpoint(wants: type, of: "c.business_id")))
        """
    }

    private var condition: SQL {
        switch type {
        case .failed: "c.status = 'failed' AND c.failed_at = \(at)"
        case .bounced: "c.status = 'bounced' AND c.failed_at = \(at)"
        case .suppressed: "c.status = 'suppressed'"
        default: "TRUE"
        }
    }

    private var data: [UInt8] {
        var json = JSONWriter(capacity: 128)
        json.object { json in
            if let reason { json.member("reason", reason) }
            if let category { json.member("error_category", category) }
        }
        return json.bytes
    }
}
