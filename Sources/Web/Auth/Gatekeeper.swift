import Core
import Crypto
import HTTPTypes
import Hummingbird

/// Says who is asking, and what passes at once.
struct Gatekeeper: Sendable {
    let keys: APIKeyCache
    let sessions: SessionStore
    let idempotency: Idempotency
    let limits: RequestLimits
    let tokens: AccessTokens
    /// The public address; forms come from there.
    let baseURL: String
    let largeBodies = LargeBodies()

    init(_ parts: WebParts) {
        keys = parts.keys
        sessions = parts.sessions
        idempotency = Idempotency(database: parts.database, cipher: parts.cipher)
        baseURL = parts.baseURL
        tokens = parts.tokens
        limits = RequestLimits(parts.rates, clock: parts.clock)
    }

    /// The holder of the API key or access token in `Authorization: Bearer …`.
    ///
    /// - Throws: ``RateLimited`` without looking, where too many wrong ones came from.
    func credential(of request: Request, _ context: WebContext) async throws -> Credential {
        guard let token = Self.bearerToken(request.headers[.authorization]) else { throw Refusal.unauthorized }
        let digest = SHA256.hash(data: Array(token.utf8))
        // Whoever is known already has nothing to guess.
        if let known = keys.known(digest) { return known }
        if AccessTokens.isCandidate(token) {
            switch try await tokens.verdict(on: token) {
            case .valid(let credential): return credential
            case .over: throw Refusal.unauthorized
            case .foreign: break
            }
        }
        try limits.checkFailures(context)
        guard let credential = try await keys.credential(hash: digest) else {
            limits.noteFailure(context)
            throw Refusal.unauthorized
        }
        return credential
    }

    /// Whoever signed in to the pages with this browser; nil for nobody.
    func session(of request: Request) async throws -> Viewer? {
        try await sessions.viewer(request.headers)
    }

    /// A form that changes something must come from our own page, and say so with the session's token.
    func checkForm(_ call: Call) throws {
        try SameOrigin.check(call.incoming.request, baseURL: baseURL)
        var form = Query(String(decoding: call.incoming.body, as: UTF8.self))
        let token = form.string(Call.csrfField, maxLength: 100) ?? ""
        guard let viewer = call.viewer, SecretText.equal(token, viewer.csrfToken) else { throw Refusal.forbidden }
    }

    /// The scheme is case-insensitive (RFC 9110, section 11.1).
    static func bearerToken(_ header: String?) -> Substring? {
        guard let header, header.utf8.count <= 4_096 else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].trimmed
        return token.isEmpty || token.contains(" ") ? nil : token
    }
}
