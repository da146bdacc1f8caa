import Core
import HTTPTypes
import Hummingbird

/// Says who is asking, and what passes at once.
struct Gatekeeper: Sendable {
    let keys: APIKeyCache
    let sessions: SessionStore
    let idempotency: Idempotency
    let largeBodies = LargeBodies()

    /// The holder of the API key in `Authorization: Bearer …`.
    func credential(of request: Request) async throws -> Credential {
        guard let key = Self.bearerToken(request.headers[.authorization]) else { throw Refusal.unauthorized }
        guard let credential = try await keys.credential(of: key.utf8) else { throw Refusal.unauthorized }
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
