import Communications
import Core
import HTTPTypes
import Storage

/// What endpoints were told, and telling it again.
struct WebhookDeliveriesAPI: Sendable {
    /// Events of one step of a replay; each step is a transaction of its own.
    static let step = 500

    let database: Database

    func list(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        var query = call.query
        let page = query.page()
        let status: EventDeliveryStatus? = query.oneOf("status")
        let before = position(page, &query)
        try query.finish()
        let found = try await database.read { tx -> [EventDelivery]? in
            guard try tx.webhookEndpoint(id, business: business) != nil else { return nil }
            return try tx.eventDeliveries(endpoint: id, status: status, before: before, limit: page.limit + 1)
        }
        guard let found else { throw Refusal.notFound }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor("\($0.event.position)") } : nil
        return .page(Array(shown), next: next) { json, delivery in json.object { json in WebhookJSON.members(delivery, &json) } }
    }

    /// 202: the event goes out right away, and `…/deliveries` tells what came of it.
    func test(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.id("endpoint_id"), call.business)
        let delivery = try await database.write { tx -> EventDelivery? in
            guard let endpoint = try tx.webhookEndpoint(id, business: business) else { return nil }
            guard endpoint.isEnabled else { throw Refusal.conflict("The endpoint is disabled; enable it first.") }
            let event = try tx.emitTest(endpoint: id, business: business)
            try tx.audit(call.audit("webhook_endpoint.test", target: id.description), business: business)
            return try tx.eventDeliveries(endpoint: id, event: event, limit: 1).first
        }
        return try accepted(delivery)
    }

    func retry(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, event, business) = (try call.id("endpoint_id"), try call.id("event_id"), call.business)
        let delivery = try await database.write { tx -> EventDelivery? in
            guard try tx.webhookEndpoint(id, business: business) != nil, try tx.retryEvent(event, endpoint: id) else { return nil }
            let details = AuditDetails.object { json in json.member("event_id", event.description) }
            try tx.audit(call.audit("webhook_endpoint.retry", target: id.description, details: details), business: business)
            return try tx.eventDeliveries(endpoint: id, event: event, limit: 1).first
        }
        return try accepted(delivery)
    }

    func replay(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        var body = try call.fields()
        let since = body.requiredConvert("since", maxLength: 64, placeholder: Timestamp(milliseconds: 0), CommunicationFields.time)
        let until = body.convert("until", maxLength: 64, CommunicationFields.time)
        if let until, until <= since { body.fail("until", "must be later than since") }
        try body.finish()
        guard try await database.read({ tx in try tx.webhookEndpoint(id, business: business) }) != nil else { throw Refusal.notFound }
        var (count, after): (Int, Int64?) = (0, 0)
        while let position = after {
            let isFirst = position == 0
            let step = try await database.write { tx in
                if isFirst {
                    let details = AuditDetails.object { json in
                        json.time("since", since)
                        json.time("until", until)
                    }
                    try tx.audit(call.audit("webhook_endpoint.replay", target: id.description, details: details), business: business)
                }
                // What happens from now on is on its way by itself.
                return try tx.replayEvents(
                    endpoint: id, business: business, since: since, until: min(until ?? tx.now, tx.now), after: position, limit: Self.step)
            }
            count += step.count
            after = step.next
        }
        return .json(.accepted) { json in json.member("replayed", count) }
    }

    private func accepted(_ delivery: EventDelivery?) throws -> Answer {
        guard let delivery else { throw Refusal.notFound }
        return .json(.accepted) { json in WebhookJSON.members(delivery, &json) }
    }

    private func position(_ page: PageRequest, _ query: inout Query) -> Int64? {
        guard let text = page.cursor?.parts.first else { return nil }
        guard let position = Int64(text) else {
            query.fail("cursor", Query.cursorRule)
            return nil
        }
        return position
    }
}

/// Endpoints and deliveries as JSON.
enum WebhookJSON {
    static func members(_ endpoint: WebhookEndpoint, _ json: inout JSONWriter) {
        json.member("endpoint_id", endpoint.id.description)
        json.member("url", endpoint.wishes.url)
        json.member("description", endpoint.wishes.description)
        json.member("event_types", endpoint.wishes.eventTypes.map(\.rawValue))
        json.member("status", endpoint.isEnabled ? "enabled" : "disabled")
        json.member("disabled_reason", endpoint.disabledReason)
        json.time("disabled_at", endpoint.disabledAt)
        json.time("failing_since", endpoint.failingSince)
        json.time("previous_secret_until", endpoint.previousSecretUntil)
        json.time("created_at", endpoint.createdAt)
        json.time("updated_at", endpoint.updatedAt)
    }

    static func members(_ delivery: EventDelivery, _ json: inout JSONWriter) {
        json.member("event_id", delivery.event.id.description)
        json.member("event_type", delivery.event.type)
        json.member("client_id", delivery.event.clientID?.text)
        json.member("communication_id", delivery.event.communication?.description)
        json.time("occurred_at", delivery.event.occurredAt)
        json.member("status", delivery.status.rawValue)
        json.time("next_attempt_at", delivery.status == .waiting ? delivery.nextAttemptAt : nil)
        json.time("finished_at", delivery.finishedAt)
        json.array("attempts") { json in
            for attempt in delivery.attempts {
                json.object { json in
                    json.time("at", attempt.at)
                    json.member("duration_ms", attempt.duration)
                    json.member("response_status", attempt.responseStatus)
                    json.member("error", attempt.error)
                    json.member("response", attempt.response)
                }
            }
        }
    }
}
