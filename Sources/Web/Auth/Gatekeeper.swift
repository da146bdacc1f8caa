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
    let largeBodies = LargeBodies()

    /// The holder of the API key or access token in `Authorization: Bearer …`.
    ///
    /// - Throws: ``RateLimited`` without looking, where too many wrong ones came from.
    func credential(of request: Request, _ context: WebContext) async throws -> Credential {
        guard let token = Self.bearerToken(request.headers[.authorization]) else { throw Refusal.unauthorized }
        let digest = SHA256.hash(data: Array(token.utf8))
        // Whoever is known already has nothing to guess.
        if let known = keys.known(digest) { return known }
        try limits.checkFailures(context)
        guard let credential = try await keys.credential(hash: digest) else {
            limits.noteFailure(context)
            throw Refusal.unauthorized
        }
        return credential
    }

    /// Whoever signed in to the pages with this browser; nil for nobody.
    func session(of request: Request) async throws -> Credential? {
        guard let hash = sessions.keyHash(for: request.headers) else { return nil }
        // Looked up again each time: a revoked key ends its sessions.
        return try await keys.credential(hash: hash)
    }

    /// The scheme is case-insensitive (RFC 9110, section 11.1).
    static func bearerToken(_ header: String?) -> Substring? {
        guard let header, header.utf8.count <= 512 else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].trimmed
        return token.isEmpty || token.contains(" ") ? nil : token
    }
}
