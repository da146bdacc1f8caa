import Core

/// Who is signed in to the pages. Sessions stand in the database, so that every instance knows them and none keeps a dead one.
extension Transaction {
    /// Begins a person's session. Nil: they do not belong to the business, or may not sign in there.
    public func beginSession(
        user: UUIDv7, business: BusinessID, token: AccountToken, origin: SessionOrigin = SessionOrigin()
    ) throws -> Session? {
        guard let membership = try membership(of: user, business: business), membership.disabledAt == nil,
            let person = try self.user(user), person.disabledAt == nil
        else { return nil }
        let session = newSession(business, .user(person, membership.role))
        try execute(
            """
            INSERT INTO crm_sessions (session_id, token_hash, business_id, user_id, role, credentials_version, remote_address, user_agent,
                created_at, last_seen_at, expires_at)
            VALUES (\(session.id), \(token.hash), \(business), \(user), \(membership.role.rawValue), \(person.credentialsVersion),
                \(origin.remoteAddress), \(origin.userAgent), \(now), \(now), \(session.expiresAt))
            """)
        try noteSignIn(of: user, business: business)
        return session
    }

    /// Begins the session of whoever holds an API key.
    public func beginSession(
        keyHash: [UInt8], business: BusinessID, token: AccountToken, origin: SessionOrigin = SessionOrigin()
    ) throws -> Session {
        let session = newSession(business, .key(keyHash))
        try execute(
            """
            INSERT INTO crm_sessions (session_id, token_hash, business_id, key_hash, remote_address, user_agent, created_at, last_seen_at,
                expires_at)
            VALUES (\(session.id), \(token.hash), \(business), \(keyHash), \(origin.remoteAddress), \(origin.userAgent), \(now), \(now),
                \(session.expiresAt))
            """)
        return session
    }

    private func newSession(_ business: BusinessID, _ holder: Session.Holder) -> Session {
        Session(
            id: UUIDv7(at: now), business: business, holder: holder, createdAt: now, lastSeenAt: now,
            expiresAt: now.adding(seconds: Session.lifetimeSeconds))
    }

    /// The session of this token while it holds: neither idle nor too old, with the password, the role and the membership that it
    /// began with. The holder of a key is not looked at.
    public func session(tokenHash: [UInt8]) throws -> Session? {
        let idleSince = now.adding(seconds: -Session.idleSeconds)
        let rows = try run(
            """
            SELECT \(User.columns), s.session_id, s.business_id, s.role, s.credentials_version, s.key_hash, s.created_at, s.last_seen_at,
                s.expires_at, m.role, m.disabled_at, s.user_id
            FROM crm_sessions s
            LEFT JOIN crm_users u ON u.user_id = s.user_id
            LEFT JOIN crm_memberships m ON m.business_id = s.business_id AND m.user_id = s.user_id
            WHERE s.token_hash = \(tokenHash) AND s.expires_at > \(now) AND s.last_seen_at > \(idleSince)
            """)
        guard let row = rows.first, let holder = try holder(row) else { return nil }
        return Session(
            id: try row.uuid(10), business: try row.uuid(11), holder: holder, createdAt: try row.time(15), lastSeenAt: try row.time(16),
            expiresAt: try row.time(17))
    }

    private func holder(_ row: Row) throws -> Session.Holder? {
        if let keyHash = try row.bytesOrNil(14) { return .key(keyHash) }
        // Without a membership there is no role.
        guard try row.uuidOrNil(0) != nil, let role = try row.oneOfOrNil(18, as: Role.self) else { return nil }
        let user = try User(row: row, cipher())
        guard user.disabledAt == nil, try row.isNull(19), try row.oneOfOrNil(12, as: Role.self) == role,
            try row.intOrNil(13) == user.credentialsVersion
        else { return nil }
        return .user(user, role)
    }

    /// Says that the session is in use; worth a write every few minutes only.
    public func touchSession(_ id: UUIDv7) throws {
        try execute("UPDATE crm_sessions SET last_seen_at = \(now) WHERE session_id = \(id)")
    }

    /// Ends one session. False: there was none.
    @discardableResult
    public func endSession(_ id: UUIDv7) throws -> Bool {
        try execute("DELETE FROM crm_sessions WHERE session_id = \(id)") > 0
    }

    /// Ends one of a person's own sessions. False: they have no such session.
    public func endSession(_ id: UUIDv7, of user: UUIDv7) throws -> Bool {
        try execute("DELETE FROM crm_sessions WHERE session_id = \(id) AND user_id = \(user)") > 0
    }

    /// Ends a person's sessions, everywhere or at one business.
    ///
    /// - Parameter kept: one that goes on.
    /// - Returns: how many ended.
    @discardableResult
    public func endSessions(of user: UUIDv7, business: BusinessID? = nil, except kept: UUIDv7? = nil) throws -> Int {
        var conditions: [SQL] = ["user_id = \(user)"]
        if let business { conditions.append("business_id = \(business)") }
        if let kept { conditions.append("session_id <> \(kept)") }
        return try execute("DELETE FROM crm_sessions WHERE \(SQL.all(conditions))")
    }

    /// A person's sessions that may still hold, the latest used first.
    public func sessions(of user: UUIDv7) throws -> [SessionSummary] {
        let idleSince = now.adding(seconds: -Session.idleSeconds)
        return try run(
            """
            SELECT s.session_id, s.business_id, s.remote_address, s.user_agent, s.created_at, s.last_seen_at
            FROM crm_sessions s
            WHERE s.user_id = \(user) AND s.expires_at > \(now) AND s.last_seen_at > \(idleSince)
            ORDER BY s.last_seen_at DESC, s.session_id DESC LIMIT 100
            """
        ).map { row in
            SessionSummary(
                id: try row.uuid(0), business: try row.uuid(1), remoteAddress: try row.textOrNil(2), userAgent: try row.textOrNil(3),
                createdAt: try row.time(4), lastSeenAt: try row.time(5))
        }
    }

    /// Takes away what is over: sessions, resets and invitations past their time, counts of failures that no longer matter.
    ///
    /// - Returns: how many rows went.
    public func purgeAccountRecords() throws -> Int {
        let idleSince = now.adding(seconds: -Session.idleSeconds)
        let weekAgo = now.adding(seconds: -7 * 86_400)
        var count = try execute("DELETE FROM crm_sessions WHERE expires_at <= \(now) OR last_seen_at <= \(idleSince)")
        count += try execute("DELETE FROM crm_password_resets WHERE expires_at <= \(weekAgo)")
        count += try execute("DELETE FROM crm_invitations WHERE accepted_at IS NULL AND expires_at <= \(weekAgo)")
        count += try execute(
            "DELETE FROM crm_sign_in_attempts WHERE last_failed_at <= \(now.adding(seconds: -SignInLimit.memorySeconds))")
        return count
    }
}
