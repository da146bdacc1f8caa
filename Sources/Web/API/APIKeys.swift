import Core
import HTTPTypes
import Storage

/// API keys: the programs that may call.
struct APIKeysAPI: Sendable {
    let database: Database
    let clock: WallClock
    let keys: APIKeyCache

    /// Newest first, also revoked and expired ones.
    func list(_ call: Call) async throws -> Answer {
        let business = call.business
        var query = call.query
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        let now = clock.now()
        let found = try await database.read { tx in try tx.apiKeys(business: business, after: after, limit: page.limit + 1) }
        let shown = found.prefix(page.limit)
        let next = found.count > page.limit ? shown.last.map { Cursor($0.id.description) } : nil
        return .page(Array(shown), next: next) { json, key in json.object { json in APIKeyJSON.members(key, at: now, &json) } }
    }

    /// The only answer that shows the key itself; not even a repetition with the same `Idempotency-Key` shows it again.
    func create(_ call: Call) async throws -> Answer {
        let now = clock.now()
        let wish = try APIKeyWish(call.fields(), credential: call.credential, now: now)
        let secret = APIKeySecret()
        let key = try await database.write { tx in
            let key = try tx.createAPIKey(
                business: call.business, name: wish.name, secret: secret, role: wish.role ?? .viewer, scopes: wish.scopes,
                expiresAt: wish.expiresAt, createdBy: call.credential.actor)
            try tx.audit(
                call.audit("api_key.create", target: key.id.description, details: APIKeyJSON.details(key)), business: call.business)
            return key
        }
        func answer(_ text: String?) -> Answer {
            .json(.created) { json in
                APIKeyJSON.members(key, at: now, &json)
                json.member("key", text)
            }
        }
        var first = answer(secret.text)
        first.kept = answer(nil).body
        return first
    }

    /// Also a key that was revoked before answers 204: it is what the caller wants.
    func revoke(_ call: Call) async throws -> Answer {
        let (id, business) = (try call.id("key_id"), call.business)
        let isKnown = try await database.write { tx in
            if try tx.revokeAPIKey(id, business: business) {
                try tx.audit(call.audit("api_key.revoke", target: id.description), business: business)
                return true
            }
            return try tx.apiKey(id, business: business) != nil
        }
        guard isKnown else { throw Refusal.notFound }
        keys.forgetAll()
        return Answer(status: .noContent)
    }
}

/// What a caller wants a new key to be; never more than the caller is.
struct APIKeyWish: Sendable {
    var name: String
    var role: Role?
    var scopes: PermissionSet?
    var expiresAt: Timestamp?

    /// - Throws: ``ValidationError`` that names every field that can not be accepted.
    init(_ reader: FieldReader, credential: Credential, now: Timestamp) throws(ValidationError) {
        var body = reader
        name = body.requiredString("name", maxLength: 200, .line)
        role = body.oneOf("role", as: Role.self)
        let list: [Permission]? = body.listOf("scopes")
        scopes = list.map { PermissionSet($0) }
        switch (role, list) {
        case (nil, nil): if !body.contains("role"), !body.contains("scopes") { body.fail("scopes", "is required, unless there is a role") }
        case (_?, _?): body.fail("role", "must not stand beside scopes")
        case (nil, []) where body.value("scopes")?.count == 0: body.fail("scopes", "must name at least one")
        default: break
        }
        let missing = (scopes ?? role?.permissions ?? PermissionSet()).subtracting(credential.permissions)
        if !missing.isEmpty {
            body.fail(role == nil ? "scopes" : "role", "is more than this credential may do itself: \(missing.text)")
        }
        expiresAt = body.convert("expires_at", maxLength: 40) { text throws(FieldMessage) in
            guard let time = Timestamp(rfc3339: text) else { throw FieldMessage("must be an RFC 3339 time") }
            guard time > now else { throw FieldMessage("must lie in the future") }
            return time
        }
        // A key that ends must not leave another one behind that does not.
        if credential.actor.kind == .key, let end = credential.expiresAt {
            if (expiresAt ?? Timestamp(milliseconds: .max)) > end {
                body.fail("expires_at", "must not be later than this credential's own end, \(end.rfc3339)")
            }
        }
        try body.finish()
    }
}

/// API keys as callers see them.
public enum APIKeyJSON {
    static func members(_ key: APIKey, at now: Timestamp, _ json: inout JSONWriter) {
        json.member("key_id", key.id.description)
        json.member("name", key.name)
        json.member("hint", key.hint)
        json.member("role", key.scopes == nil ? key.role.rawValue : nil)
        json.array("scopes") { json in for permission in key.permissions.permissions { json.value(permission.rawValue) } }
        json.member("status", status(of: key, at: now))
        json.member("created_by", key.createdBy)
        json.time("created_at", key.createdAt)
        json.time("expires_at", key.expiresAt)
        json.time("revoked_at", key.revokedAt)
        json.time("last_used_at", key.lastUsedAt)
    }

    /// For the audit log.
    public static func details(_ key: APIKey) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("name", key.name)
            json.member("role", key.scopes == nil ? key.role.rawValue : nil)
            json.member("scopes", key.permissions.text)
            json.time("expires_at", key.expiresAt)
        }
        return json.bytes
    }

    private static func status(of key: APIKey, at now: Timestamp) -> String {
        if key.revokedAt != nil { return "revoked" }
        if let end = key.expiresAt, end <= now { return "expired" }
        return "valid"
    }
}
