import Core
import Storage

/// Communications as JSON.
enum CommunicationJSON {
    /// The members of a communication as it stands; lists leave out the context, which may be large.
    static func members(_ record: CommunicationRecord, withContext: Bool, _ json: inout JSONWriter) {
        json.member("communication_id", record.id.description)
        json.member("client_id", record.clientID.text)
        json.member("plan_id", record.planID)
        json.member("message_type", record.messageType)
        json.member("category", record.category.rawValue)
        json.member("urgency", record.urgency.rawValue)
        json.member("status", record.status.rawValue)
        json.member("channel_used", record.channel.rawValue)
        json.time("scheduled_for", record.scheduledFor)
        json.time("created_at", record.createdAt)
        json.time("sent_at", record.sentAt)
        json.time("delivered_at", record.deliveredAt)
        json.time("opened_at", record.openedAt)
        json.time("clicked_at", record.clickedAt)
        json.time("failed_at", record.failedAt)
        json.member("error_message", record.errorMessage)
        json.member("error_category", record.errorCategory)
        json.member("retry_count", record.retryCount)
        json.member("needs_review", record.needsReview)
        json.member("sandbox", record.sandbox)
        if withContext { json.member("context", raw: record.context) }
        json.object("metadata") { json in metadata(record, &json) }
    }

    /// What may have changed since it was accepted comes from the record, the rest as it was stored.
    private static func metadata(_ record: CommunicationRecord, _ json: inout JSONWriter) {
        json.member("priority", record.urgency.priority)
        json.member("fallback_channels", record.fallbacks.map(\.rawValue))
        json.member("batch_id", record.batchID?.description)
        guard let stored = try? JSONDocument(parsing: record.metadata).root else { return }
        for (key, value) in stored.members where !["priority", "fallback_channels", "batch_id"].contains(key) {
            json.key(dynamic: key)
            json.raw(value.rawBytes)
        }
    }

    static func event(_ event: DeliveryEvent, _ json: inout JSONWriter) {
        json.member("event_type", event.type)
        json.member("channel", event.channel?.rawValue)
        json.time("at", event.at)
        json.member("provider", event.provider)
        json.member("provider_message_id", event.providerMessageID)
        json.member("detail", event.detail)
        json.member("attempt", event.attempt)
        json.member("delivery_status", event.status)
        if let response = event.providerResponse { json.member("provider_response", raw: response) } else { json.null("provider_response") }
    }

    static func attempt(_ attempt: DeliveryAttempt, _ json: inout JSONWriter) {
        let (outcome, category): (String, String?) =
            switch attempt.outcome {
            case .running: ("running", nil)
            case .sent: ("sent", nil)
            case .failed(let category): ("failed", category)
            case .bounced(let category): ("bounced", category)
            case .suppressed: ("suppressed", nil)
            case .unknown: ("unknown", nil)
            }
        json.member("attempt", attempt.number)
        json.member("channel", attempt.channel.rawValue)
        json.time("started_at", attempt.startedAt)
        json.time("finished_at", attempt.finishedAt)
        json.member("outcome", outcome)
        json.member("error_category", category)
        json.member("provider", attempt.provider)
        json.member("detail", attempt.detail)
    }

    static func detail(_ detail: CommunicationDetail) -> Answer {
        .json { json in
            members(detail.record, withContext: true, &json)
            json.array("events") { json in
                for event in detail.events { json.object { json in self.event(event, &json) } }
            }
            json.array("attempts") { json in
                for attempt in detail.attempts { json.object { json in self.attempt(attempt, &json) } }
            }
        }
    }
}

extension JSONWriter {
    /// RFC 3339 in UTC, or null.
    mutating func time(_ key: StaticString, _ time: Timestamp?) {
        member(key, time?.rfc3339)
    }
}
