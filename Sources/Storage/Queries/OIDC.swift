import Core

/// A sign-in at another provider that is under way.
public struct OIDCState: Sendable, Hashable {
    /// Of what only the browser that began it has.
    public var browserHash: [UInt8]
    public var nonce: String
    /// The secret whose hash went along with the browser (RFC 7636).
    public var verifier: String
    /// Where the person wants to go afterwards.
    public var nextPath: String

    public init(browserHash: [UInt8], nonce: String, verifier: String, nextPath: String) {
        self.browserHash = browserHash
        self.nonce = nonce
        self.verifier = verifier
        self.nextPath = nextPath
    }

    /// As long as it takes to sign in there.
    public static let lifetimeSeconds: Int64 = 600
}

/// Sign-ins with another provider's accounts.
extension Transaction {
    /// Remembers a sign-in that has gone to the provider, under the hash of its state.
    public func beginOIDC(_ state: OIDCState, hash: [UInt8]) throws {
        try execute(
            """
            INSERT INTO crm_oidc_states (state_hash, browser_hash, nonce, verifier, next_path, expires_at)
            VALUES (\(hash), \(state.browserHash), \(state.nonce), \(state.verifier), \(state.nextPath),
                \(now.adding(seconds: OIDCState.lifetimeSeconds)))
            """)
    }

    /// Uses the state up. Nil: unknown, used before, or too old.
    public func endOIDC(hash: [UInt8]) throws -> OIDCState? {
        let rows = try run(
            """
            DELETE FROM crm_oidc_states WHERE state_hash = \(hash)
            RETURNING browser_hash, nonce, verifier, next_path, expires_at
            """)
        guard let row = rows.first, try row.time(4) > now else { return nil }
        return OIDCState(
            browserHash: try row.bytes(0), nonce: try row.text(1), verifier: try row.text(2), nextPath: try row.text(3))
    }

    /// Whom a provider's subject is here.
    public func user(issuer: String, subject: String) throws -> User? {
        try run(
            """
            SELECT \(User.columns) FROM crm_oidc_identities i JOIN crm_users u ON u.user_id = i.user_id
            WHERE i.issuer = \(issuer) AND i.subject = \(subject)
            """
        ).first.map { try User(row: $0, cipher()) }
    }

    /// From now on this subject is that person.
    public func linkOIDC(issuer: String, subject: String, to user: UUIDv7) throws {
        try execute(
            """
            INSERT INTO crm_oidc_identities (issuer, subject, user_id, linked_at)
            VALUES (\(issuer), \(subject), \(user), \(now))
            """)
    }
}
