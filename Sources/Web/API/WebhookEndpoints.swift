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
        guard try await database.write({ tx in try tx.changeWebhookEndpoint(id, wishes, business: business) }) else {
            throw Refusal.notFound
        }
        return try await show(call)
    }

    func delete(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        guard try await database.write({ tx in try tx.deleteWebhookEndpoint(id, business: business) }) else { throw Refusal.notFound }
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
        guard try await database.write({ tx in try tx.rotateWebhookSecret(id, to: sealed, previousUntil: until, business: business) })
        else {
            throw Refusal.notFound
        }
        return .json { json in
            json.member("secret", secret.text)
            json.time("previous_secret_until", until)
        }
    }

    func enable(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.id("endpoint_id"), call.business)
        guard try await database.write({ tx in try tx.enableWebhookEndpoint(id, business: business) }) else { throw Refusal.notFound }
        return try await show(call)
    }

    func disable(_ call: Call) async throws -> Answer {
        try call.noFields()
        let (id, business) = (try call.id("endpoint_id"), call.business)
        _ = try await database.write { tx in try tx.disableWebhookEndpoint(id, reason: "switched off by hand", business: business) }
        return try await show(call)
    }

    private func endpoint(_ call: Call) async throws -> WebhookEndpoint {
        let (id, business) = (try call.id("endpoint_id"), call.business)
        guard let endpoint = try await database.read({ tx in try tx.webhookEndpoint(id, business: business) }) else {
            throw Refusal.notFound
        }
        return endpoint
    }
}
