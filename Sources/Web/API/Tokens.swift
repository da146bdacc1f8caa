import Core
import HTTPTypes
import Storage

/// Access tokens for programs that act for a person (RFC 6749, in JSON): by password, then by refresh tokens that are good once.
struct TokensAPI: Sendable {
    let database: Database
    let tokens: AccessTokens
    let signIn: SignIn

    private enum Grant: String, CaseIterable {
        case password
        case refreshToken = "refresh_token"
    }

    func issue(_ incoming: Incoming) async throws -> Answer {
        var body = try FieldReader(incoming.json().root)
        switch body.requiredOneOf("grant_type", placeholder: Grant.password) {
        case .password: return try await byPassword(&body, incoming)
        case .refreshToken:
            let text = body.requiredString("refresh_token", maxLength: 200, .line)
            try body.finish()
            return try await refresh(text, incoming)
        }
    }

    private func byPassword(_ body: inout FieldReader, _ incoming: Incoming) async throws -> Answer {
        let email = body.requiredString("email", maxLength: 254, .line)
        let password = body.requiredString("password", maxLength: PasswordRule.longest)
        let code = body.string("code", maxLength: 40, .line, allowsEmpty: false)
        let business = body.convert("business_id", maxLength: 40) { text throws(FieldMessage) in
            guard let id = UUIDv7(text) else { throw FieldMessage("must be an id of a business") }
            return id
        }
        let scopes: [Permission]? = body.listOf("scopes")
        try body.finish()
        let result = try await signIn.verify(email: email, password: password, code: code, from: incoming.remoteAddress)
        switch result {
        case .signedIn(let user): return try await begin(user, business, scopes.map { PermissionSet($0) }, incoming)
        case .codeRequired: throw TokenRefusal.codeRequired
        case .refused: throw TokenRefusal.wrong
        case .locked(let seconds): throw Refusal.overloaded(retryAfterSeconds: seconds)
        }
    }

    private func begin(_ user: User, _ wanted: BusinessID?, _ scopes: PermissionSet?, _ incoming: Incoming) async throws -> Answer {
        let next = AccountToken()
        let family = try await database.write { tx -> TokenFamily? in
            let places = try tx.memberships(of: user.id).filter { $0.disabledAt == nil }
            let place = places.first { $0.business == wanted ?? user.lastBusiness } ?? (wanted == nil ? places.first : nil)
            // What was checked a moment ago must still hold where the tokens begin.
            guard let place, let current = try tx.user(user.id), current.disabledAt == nil,
                current.credentialsVersion == user.credentialsVersion
            else { return nil }
            let family = try tx.beginTokenFamily(user: current, membership: place, scopes: scopes, token: next)
            try tx.audit(entry("token.begin", family, user, incoming), business: family.business)
            return family
        }
        guard let family else { throw Refusal.forbidden }
        return try await answer(family, next)
    }

    private func refresh(_ text: String, _ incoming: Incoming) async throws -> Answer {
        let next = AccountToken()
        let outcome = try await database.write { tx in
            let outcome = try tx.rotateRefreshToken(hash: AccountToken.hash(text), to: next)
            if case .reused(let family) = outcome {
                // Whoever came second or first with it may be a thief: both stand outside now.
                let person = Actor(.user, id: family.user.description)
                try tx.audit(entry("token.reuse", family, by: person, incoming), business: family.business)
            }
            return outcome
        }
        guard case .refreshed(let family, _) = outcome else { throw TokenRefusal.wrong }
        return try await answer(family, next)
    }

    /// Ends the tokens of one sign-in, by any of them. Who holds none of them learns nothing (RFC 7009).
    func revoke(_ incoming: Incoming) async throws -> Answer {
        var body = try FieldReader(incoming.json().root)
        let text = body.requiredString("token", maxLength: CompactJWS.longest, .line)
        try body.finish()
        let named = AccessTokens.isCandidate(text[...]) ? try await tokens.family(of: text[...]) : nil
        try await database.write { tx in
            guard let id = try named ?? tx.tokenFamily(refreshHash: AccountToken.hash(text)) else { return }
            let live = try tx.liveTokenFamily(id)
            guard try tx.endTokenFamily(id, because: "revoked"), let live else { return }
            try tx.audit(entry("token.revoke", live.family, live.user, incoming), business: live.family.business)
        }
        return .json { _ in }
    }

    private func answer(_ family: TokenFamily, _ refreshToken: AccountToken) async throws -> Answer {
        let token = try await tokens.issue(family)
        return .json { json in
            json.member("access_token", token)
            json.member("token_type", "Bearer")
            json.member("expires_in", AccessTokens.lifetimeSeconds)
            json.member("refresh_token", refreshToken.text)
            json.member("scope", family.permissions.text)
            json.member("business_id", family.business.description)
        }
    }

    private func entry(_ action: String, _ family: TokenFamily, _ user: User, _ incoming: Incoming) -> AuditEntry {
        entry(action, family, by: user.actor, incoming)
    }

    private func entry(_ action: String, _ family: TokenFamily, by actor: Actor, _ incoming: Incoming) -> AuditEntry {
        var details = JSONWriter()
        details.object { $0.member("scope", family.permissions.text) }
        return AuditEntry(
            actor: actor, action: action, target: family.id.description, remoteAddress: incoming.remoteAddress,
            requestID: incoming.requestID, details: details.bytes)
    }
}

/// Why nobody got a token.
enum TokenRefusal: Error, Sendable, Hashable {
    /// Wrong, unknown, disabled or over: nobody learns which.
    case wrong
    /// The password is right; the second factor is missing.
    case codeRequired

    var problem: Problem {
        switch self {
        case .wrong:
            Problem(
                status: .unauthorized, name: "invalid-grant", title: "Not authenticated", detail: "What was sent does not let anybody in.",
                headers: [.wwwAuthenticate: "Bearer realm=\"rapport\""])
        case .codeRequired:
            Problem(
                status: .unauthorized, name: "code-required", title: "A code is needed",
                detail: "This account has a second factor: send \"code\" as well.", headers: [.wwwAuthenticate: "Bearer realm=\"rapport\""])
        }
    }
}
