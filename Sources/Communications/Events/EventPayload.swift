import Core
import Storage

/// An event as its receivers get it: `{"type", "timestamp", "data"}`; the same bytes at every attempt.
public enum EventPayload {
    /// The whole body in UTF-8.
    public static func bytes(_ event: StoredEvent) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.member("type", event.type)
            json.member("timestamp", event.occurredAt.rfc3339)
            json.object("data") { json in members(event, &json) }
        }
        return json.bytes
    }

    /// What the event itself says wins over what is known of its communication.
    private static func members(_ event: StoredEvent, _ json: inout JSONWriter) {
        // We wrote it ourselves; should it be damaged, the event says less and still arrives.
        let extra = (try? JSONDocument(parsing: event.data).root).map { Array($0.members) } ?? []
        var said: Set<String> = []
        for (key, value) in extra {
            json.key(dynamic: key)
            json.raw(value.rawBytes)
            said.insert(key)
        }
        func member(_ key: StaticString, _ value: String?) {
            if !said.contains("\(key)") { json.member(key, value) }
        }
        if event.type == StoredEvent.testType { member("message", "It works.") }
        if let client = event.clientID { member("client_id", client.text) }
        if let communication = event.communication {
            member("communication_id", communication.description)
            member("plan_id", event.planID)
            member("message_type", event.messageType)
            member("channel", event.channel?.rawValue)
            member("provider", event.provider)
            if let status = status(event.type) { member("status", status) }
            if !said.contains("sandbox") { json.member("sandbox", event.sandbox) }
        }
        member("occurred_at", event.occurredAt.rfc3339)
    }

    /// `communication.sent` says that the status is `sent`.
    private static func status(_ type: String) -> String? {
        let prefix = "communication."
        return type.hasPrefix(prefix) ? String(type.dropFirst(prefix.count)) : nil
    }
}
