import Communications
import Core
import HTTPTypes
import Storage

/// Where the business wants to be told of events.
struct WebhookEndpointsAPI: Sendable {
    /// Endpoints that a business may have.
    static let limit = 50
    /// How long a replaced key signs along, in seconds.
    static let overlap: Int64 = 86_400

    let database: Database
    let cipher: Cipher
    let clock: WallClock
    let fields: WebhookEndpointFields

    /// The only answer but `…/secret` and `…/rotate-secret` that shows the key.
    func create(_ call: Call) async throws -> Answer {
        let business = call.business
        var body = try call.fields()
        let wishes = fields.wishes(&body)
        let own = body.convert("secret", maxLength: 200) { text throws(FieldMessage) in
            guard let secret = WebhookSecret(text) else { throw FieldMessage(WebhookSecret.rule) }
            return secret
        }
        try body.finish()
        let secret = own ?? WebhookSecret()
        let now = clock.now()
        let id = UUIDv7(at: now)
        let sealed = try cipher.seal(secret.key, .webhookSecret(business, id))
        let endpoint = WebhookEndpoint(id: id, business: business, wishes: wishes, secret: sealed, at: now)
        let isStored = try await database.write { tx in
            guard try tx.countWebhookEndpoints(business: business) < Self.limit else { return false }
            try tx.insertWebhookEndpoint(endpoint)
            try tx.audit(call.auditOfFields("webhook_endpoint.create", target: id.description), business: business)
            return true
        }
        guard isStored else { throw Refusal.conflict("A business may have \(Self.limit) endpoints.") }
        return .json(.created) { json in
            WebhookJSON.members(endpoint, &json)
            json.member("secret", secret.text)
        }
    }

    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        let found = try await database.read { tx in try tx.webhookEndpoints(business: business, after: after, limit: page.limit + 1) }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(Array(shown), next: next) { json, endpoint in json.object { json in WebhookJSON.members(endpoint, &json) } }
    }

    func show(_ call: Call) async throws -> Answer {
        let endpoint = try await endpoint(call)
        return .json { json in WebhookJSON.members(endpoint, &json) }
    }

    func change(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        var body = try call.fields()
        let wishes = fields.wishes(&body)
        try body.finish()
        let entry = call.auditOfFields("webhook_endpoint.put", target: id.description)
        try await write(entry, business) { tx in try tx.changeWebhookEndpoint(id, wishes, business: business) }
        return try await show(call)
    }

    func delete(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        let entry = call.audit("webhook_endpoint.delete", target: id.description)
        try await write(entry, business) { tx in try tx.deleteWebhookEndpoint(id, business: business) }
        return Answer(status: .noContent)
    }

    func secret(_ call: Call) async throws -> Answer {
        let endpoint = try await endpoint(call)
        let key = try cipher.openBytes(endpoint.secret, .webhookSecret(endpoint.business, endpoint.id))
        return .json { json in json.member("secret", WebhookSecret(stored: key).text) }
    }

    func rotateSecret(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.id("endpoint_id"), call.business)
        let secret = WebhookSecret()
        let sealed = try cipher.seal(secret.key, .webhookSecret(business, id))
        let until = clock.now().adding(seconds: Self.overlap)
        let entry = call.audit("webhook_endpoint.rotate_secret", target: id.description)
        try await write(entry, business) { tx in
            try tx.rotateWebhookSecret(id, to: sealed, previousUntil: until, business: business)
        }
        return .json { json in
            json.member("secret", secret.text)
            json.time("previous_secret_until", until)
        }
    }

    func enable(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.id("endpoint_id"), call.business)
        let entry = call.audit("webhook_endpoint.enable", target: id.description)
        try await write(entry, business) { tx in try tx.enableWebhookEndpoint(id, business: business) }
        return try await show(call)
    }

    func disable(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.id("endpoint_id"), call.business)
        let entry = call.audit("webhook_endpoint.disable", target: id.description)
        _ = try await database.write { tx in
            if try tx.disableWebhookEndpoint(id, reason: "switched off by hand", business: business) {
                try tx.audit(entry, business: business)
            }
        }
        return try await show(call)
    }

    /// 404 and no entry where nothing was changed.
    private func write(
        _ entry: AuditEntry, _ business: BusinessID, _ change: @escaping @Sendable (Transaction) throws -> Bool
    ) async throws {
        let isDone = try await database.write { tx in
            guard try change(tx) else { return false }
            try tx.audit(entry, business: business)
            return true
        }
        guard isDone else { throw Refusal.notFound }
    }

    private func endpoint(_ call: Call) async throws -> WebhookEndpoint {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        guard let endpoint = try await database.read({ tx in try tx.webhookEndpoint(id, business: business) }) else {
            throw Refusal.notFound
        }
        return endpoint
    }
}
