import Core

/// Programs that act for people: their sign-ins and refresh tokens.
extension Transaction {
    /// - Parameter token: the first refresh token.
    public func beginTokenFamily(
        user: User, membership: Membership, scopes: PermissionSet?, token: AccountToken
    ) throws -> TokenFamily {
        let family = TokenFamily(
            id: UUIDv7(at: now), user: user.id, business: membership.business, role: membership.role,
            credentialsVersion: user.credentialsVersion, scopes: scopes, createdAt: now,
            expiresAt: now.adding(seconds: TokenFamily.lifetimeSeconds))
        try execute(
            """
            INSERT INTO crm_token_families (family_id, user_id, business_id, role, credentials_version, scopes, created_at, expires_at)
            VALUES (\(family.id), \(user.id), \(family.business), \(family.role.rawValue), \(family.credentialsVersion), \(scopes?.text),
                \(now), \(family.expiresAt))
            """)
        try addRefreshToken(token, to: family)
        try noteSignIn(of: user.id, business: family.business)
        return family
    }

    /// The family and its person while it holds: with the password, the role and the membership that it began with.
    public func liveTokenFamily(_ id: UUIDv7) throws -> (family: TokenFamily, user: User)? {
        let rows = try run(
            """
            SELECT \(User.columns), f.family_id, f.business_id, f.role, f.credentials_version, f.scopes, f.created_at, f.expires_at,
                m.role, m.disabled_at
            FROM crm_token_families f
            JOIN crm_users u ON u.user_id = f.user_id
            JOIN crm_memberships m ON m.business_id = f.business_id AND m.user_id = f.user_id
            WHERE f.family_id = \(id) AND f.ended_at IS NULL AND f.expires_at > \(now)
            """)
        guard let row = rows.first else { return nil }
        let user = try User(row: row, cipher())
        let family = TokenFamily(
            id: id, user: user.id, business: try row.uuid(11), role: try row.oneOf(12, as: Role.self), credentialsVersion: try row.int(13),
            scopes: try row.textOrNil(14).map { PermissionSet(text: $0) }, createdAt: try row.time(15), expiresAt: try row.time(16))
        guard user.disabledAt == nil, user.credentialsVersion == family.credentialsVersion, try row.isNull(18),
            try row.oneOf(17, as: Role.self) == family.role
        else { return nil }
        return (family, user)
    }

    /// Exchanges a refresh token for the next one. Of two who come with the same, one is served and both are ended.
    public func rotateRefreshToken(hash: [UInt8], to next: AccountToken) throws -> RefreshOutcome {
        guard let (id, createdAt) = try refreshToken(hash) else { return .refused }
        let isFirst = try execute("UPDATE crm_refresh_tokens SET used_at = \(now) WHERE token_hash = \(hash) AND used_at IS NULL") > 0
        let live = try liveTokenFamily(id)
        guard isFirst else {
            guard try endTokenFamily(id, because: "reuse"), let live else { return .refused }
            return .reused(live.family)
        }
        guard let live, createdAt.adding(seconds: TokenFamily.idleSeconds) > now else {
            _ = try endTokenFamily(id, because: "over")
            return .refused
        }
        try addRefreshToken(next, to: live.family)
        return .refreshed(live.family, live.user)
    }

    /// Which family a refresh token belongs to, used or not.
    public func tokenFamily(refreshHash hash: [UInt8]) throws -> UUIDv7? { try refreshToken(hash)?.family }

    /// False: there is no such family, or it ended before.
    public func endTokenFamily(_ id: UUIDv7, because reason: String) throws -> Bool {
        try execute(
            "UPDATE crm_token_families SET ended_at = \(now), ended_because = \(reason) WHERE family_id = \(id) AND ended_at IS NULL") > 0
    }

    /// Takes away what is over; a family that ended is kept for a week, so that its tokens are still known for what they were.
    ///
    /// - Returns: how many rows went.
    public func purgeTokens() throws -> Int {
        let weekAgo = now.adding(seconds: -7 * 86_400)
        // Their refresh tokens go with them.
        let families = try execute("DELETE FROM crm_token_families WHERE expires_at <= \(now) OR ended_at <= \(weekAgo)")
        return families + (try execute("DELETE FROM crm_oidc_states WHERE expires_at <= \(now)"))
    }

    private func refreshToken(_ hash: [UInt8]) throws -> (family: UUIDv7, createdAt: Timestamp)? {
        try run("SELECT family_id, created_at FROM crm_refresh_tokens WHERE token_hash = \(hash)").first
            .map { (try $0.uuid(0), try $0.time(1)) }
    }

    private func addRefreshToken(_ token: AccountToken, to family: TokenFamily) throws {
        try execute(
            "INSERT INTO crm_refresh_tokens (token_hash, family_id, created_at) VALUES (\(token.hash), \(family.id), \(now))")
    }
}
