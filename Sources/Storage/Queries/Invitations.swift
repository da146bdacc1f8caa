import Core

/// Somebody whom a business asked in.
public struct Invitation: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    public var email: String
    public var role: Role
    public var createdAt: Timestamp
    public var expiresAt: Timestamp

    /// An invitation is good for this long.
    public static let lifetimeSeconds: Int64 = 7 * 86_400
}

/// Invitations and password resets: tokens that are good once, for a while.
extension Transaction {
    /// Invites; an open invitation of the same person to the same business is replaced. Nil: they belong to it already.
    public func createInvitation(email: String, role: Role, business: BusinessID, token: AccountToken) throws -> Invitation? {
        let cipher = try cipher()
        let hash = cipher.userEmailHash(email)
        // Two invitations of one person at once take turns here.
        try lockBusinessRow(business)
        let member = try run(
            """
            SELECT 1 FROM crm_users u JOIN crm_memberships m ON m.user_id = u.user_id
            WHERE u.email_hash = \(hash) AND m.business_id = \(business)
            """)
        guard member.isEmpty else { return nil }
        try execute(
            """
            UPDATE crm_invitations SET revoked_at = \(now)
            WHERE business_id = \(business) AND email_hash = \(hash) AND accepted_at IS NULL AND revoked_at IS NULL
            """)
        let invitation = Invitation(
            id: UUIDv7(at: now), business: business, email: email, role: role, createdAt: now,
            expiresAt: now.adding(seconds: Invitation.lifetimeSeconds))
        try execute(
            """
            INSERT INTO crm_invitations (invitation_id, business_id, email, email_hash, role, token_hash, created_at, expires_at)
            VALUES (\(invitation.id), \(business), \(cipher.seal(email, .invitationEmail(business, invitation.id))), \(hash),
                \(role.rawValue), \(token.hash), \(now), \(invitation.expiresAt))
            """)
        return invitation
    }

    /// Open ones, newest first.
    ///
    /// - Parameter after: the last one of the page before.
    public func invitations(business: BusinessID, after: UUIDv7? = nil, limit: Int = 100) throws -> [Invitation] {
        var conditions: [SQL] = ["i.business_id = \(business)", Invitation.isOpen(at: now)]
        if let after { conditions.append("i.invitation_id < \(after)") }
        let cipher = try cipher()
        return try run(
            "SELECT \(Invitation.columns) FROM crm_invitations i WHERE \(SQL.all(conditions)) ORDER BY i.invitation_id DESC LIMIT \(limit)"
        ).map { try Invitation(row: $0, cipher) }
    }

    /// Nil: there is none, or it is used, revoked or too old.
    public func invitation(tokenHash: [UInt8]) throws -> Invitation? {
        let conditions: [SQL] = ["i.token_hash = \(tokenHash)", Invitation.isOpen(at: now)]
        return try run("SELECT \(Invitation.columns) FROM crm_invitations i WHERE \(SQL.all(conditions))").first
            .map { try Invitation(row: $0, cipher()) }
    }

    /// Open ones of an address, of all businesses; for whoever is known to have that address.
    public func invitations(email: String) throws -> [Invitation] {
        let cipher = try cipher()
        let conditions: [SQL] = ["i.email_hash = \(cipher.userEmailHash(email))", Invitation.isOpen(at: now)]
        return try run("SELECT \(Invitation.columns) FROM crm_invitations i WHERE \(SQL.all(conditions)) ORDER BY i.invitation_id")
            .map { try Invitation(row: $0, cipher) }
    }

    /// Uses the invitation up and adds the membership. False: somebody was faster, or it is over.
    public func acceptInvitation(_ invitation: Invitation, as user: UUIDv7) throws -> Bool {
        let used = try execute(
            """
            UPDATE crm_invitations SET accepted_at = \(now)
            WHERE invitation_id = \(invitation.id) AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > \(now)
            """)
        guard used > 0 else { return false }
        try addMembership(invitation.role, of: user, business: invitation.business)
        return true
    }

    /// False: the business has no such open invitation.
    public func revokeInvitation(_ id: UUIDv7, business: BusinessID) throws -> Bool {
        try execute(
            """
            UPDATE crm_invitations SET revoked_at = \(now)
            WHERE invitation_id = \(id) AND business_id = \(business) AND accepted_at IS NULL AND revoked_at IS NULL
            """) > 0
    }

    /// A link with which a person sets another password; those before it end.
    public func createPasswordReset(user: UUIDv7, token: AccountToken) throws {
        try execute("DELETE FROM crm_password_resets WHERE user_id = \(user)")
        try execute(
            """
            INSERT INTO crm_password_resets (token_hash, user_id, created_at, expires_at)
            VALUES (\(token.hash), \(user), \(now), \(now.adding(seconds: Self.resetLifetimeSeconds)))
            """)
    }

    /// A reset's link is good for this long.
    public static let resetLifetimeSeconds: Int64 = 3_600

    /// Whose password the token may change; nil when it is used or too old, or they may not sign in at all.
    public func passwordReset(tokenHash: [UInt8]) throws -> User? {
        try run(
            """
            SELECT \(User.columns) FROM crm_password_resets r JOIN crm_users u ON u.user_id = r.user_id
            WHERE r.token_hash = \(tokenHash) AND r.used_at IS NULL AND r.expires_at > \(now) AND u.disabled_at IS NULL
            """
        ).first.map { try User(row: $0, cipher()) }
    }

    /// Uses the token up. False: somebody was faster, or it is over.
    public func usePasswordReset(tokenHash: [UInt8]) throws -> Bool {
        try execute(
            "UPDATE crm_password_resets SET used_at = \(now) WHERE token_hash = \(tokenHash) AND used_at IS NULL AND expires_at > \(now)")
            > 0
    }
}

extension Invitation {
    fileprivate static let columns: SQL = "i.invitation_id, i.business_id, i.email, i.role, i.created_at, i.expires_at"

    fileprivate static func isOpen(at now: Timestamp) -> SQL {
        "i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > \(now)"
    }

    fileprivate init(row: Row, _ cipher: Cipher) throws {
        let (id, business) = (try row.uuid(0), try row.uuid(1))
        self.init(
            id: id, business: business, email: try cipher.open(SealedValue(bytes: row.bytes(2)), .invitationEmail(business, id)),
            role: try row.oneOf(3, as: Role.self), createdAt: try row.time(4), expiresAt: try row.time(5))
    }
}
