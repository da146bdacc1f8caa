import Core

/// Who belongs to which business.
extension Transaction {
    /// A person's memberships, oldest first, disabled ones included.
    public func memberships(of user: UUIDv7) throws -> [Membership] {
        try run(
            "SELECT \(Membership.columns) FROM crm_memberships m WHERE m.user_id = \(user) ORDER BY m.created_at, m.business_id"
        ).map(Membership.init)
    }

    /// Nil when the account does not belong to the business.
    public func membership(of user: UUIDv7, business: BusinessID) throws -> Membership? {
        try run("SELECT \(Membership.columns) FROM crm_memberships m WHERE m.business_id = \(business) AND m.user_id = \(user)").first
            .map(Membership.init)
    }

    /// The people of one business, oldest account first.
    ///
    /// - Parameter after: the last one of the page before.
    public func members(business: BusinessID, after: UUIDv7? = nil, limit: Int = 100) throws -> [Member] {
        var conditions: [SQL] = ["m.business_id = \(business)"]
        if let after { conditions.append("u.user_id > \(after)") }
        return try members(conditions, limit)
    }

    /// Nil: nobody of this business, which is the same as nobody at all.
    public func member(_ user: UUIDv7, business: BusinessID) throws -> Member? {
        try members(["m.business_id = \(business)", "u.user_id = \(user)"], 1).first
    }

    private func members(_ conditions: [SQL], _ limit: Int) throws -> [Member] {
        let cipher = try cipher()
        return try run(
            """
            SELECT u.user_id, u.email, u.name, m.role, u.totp_enabled_at, m.disabled_at, u.disabled_at, m.last_sign_in_at,
                m.created_at
            FROM crm_memberships m JOIN crm_users u ON u.user_id = m.user_id
            WHERE \(SQL.all(conditions)) ORDER BY u.user_id LIMIT \(limit)
            """
        ).map { try Member(row: $0, cipher) }
    }

    /// False: they belong to it already.
    @discardableResult
    public func addMembership(_ role: Role, of user: UUIDv7, business: BusinessID) throws -> Bool {
        try execute(
            """
            INSERT INTO crm_memberships (business_id, user_id, role, created_at, updated_at)
            VALUES (\(business), \(user), \(role.rawValue), \(now), \(now)) ON CONFLICT (business_id, user_id) DO NOTHING
            """) > 0
    }

    /// Gives a member another role, which ends their sessions there.
    public func changeRole(_ role: Role, of user: UUIDv7, business: BusinessID) throws -> MembershipChange {
        try changeMembership(of: user, business: business, keepsAdmin: role == .admin) { membership in
            guard membership.role != role else { return .unchanged }
            try execute(
                """
                UPDATE crm_memberships SET role = \(role.rawValue), updated_at = \(now) WHERE business_id = \(business) AND user_id = \(user)
                """)
            return .changed
        }
    }

    /// Keeps a member out of this business, or lets them in again.
    public func setMembership(of user: UUIDv7, business: BusinessID, disabled: Bool) throws -> MembershipChange {
        try changeMembership(of: user, business: business, keepsAdmin: !disabled) { membership in
            guard (membership.disabledAt != nil) != disabled else { return .unchanged }
            try execute(
                """
                UPDATE crm_memberships SET disabled_at = \(disabled ? now : nil), updated_at = \(now)
                WHERE business_id = \(business) AND user_id = \(user)
                """)
            return .changed
        }
    }

    /// The account stays: it is the person's own, and other businesses may know them.
    public func removeMembership(of user: UUIDv7, business: BusinessID) throws -> MembershipChange {
        try changeMembership(of: user, business: business, keepsAdmin: false) { _ in
            try execute("DELETE FROM crm_memberships WHERE business_id = \(business) AND user_id = \(user)")
            return .changed
        }
    }

    /// - Parameter keepsAdmin: an admin stays one who can sign in.
    private func changeMembership(
        of user: UUIDv7, business: BusinessID, keepsAdmin: Bool, _ change: (Membership) throws -> MembershipChange
    ) throws -> MembershipChange {
        // Two admins who remove each other at once take turns here.
        try lockBusinessRow(business)
        guard let membership = try membership(of: user, business: business) else { return .notFound }
        if membership.role == .admin, membership.disabledAt == nil, !keepsAdmin {
            let others = try run(
                """
                SELECT 1 FROM crm_memberships m JOIN crm_users u ON u.user_id = m.user_id
                WHERE m.business_id = \(business) AND m.user_id <> \(user) AND m.role = \(Role.admin.rawValue)
                    AND m.disabled_at IS NULL AND u.disabled_at IS NULL
                LIMIT 1
                """)
            if others.isEmpty { return .lastAdmin }
        }
        let outcome = try change(membership)
        if outcome == .changed { try endSessions(of: user, business: business) }
        return outcome
    }
}

/// What came of a change of a membership.
public enum MembershipChange: Sendable, Hashable {
    case changed, unchanged, notFound
    /// Refused: the business would be left without an admin.
    case lastAdmin
}

extension Membership {
    static let columns: SQL = "m.business_id, m.user_id, m.role, m.disabled_at, m.created_at"

    init(row: Row) throws {
        self.init(
            business: try row.uuid(0), user: try row.uuid(1), role: try row.oneOf(2, as: Role.self), disabledAt: try row.timeOrNil(3),
            createdAt: try row.time(4))
    }
}

extension Member {
    fileprivate init(row: Row, _ cipher: Cipher) throws {
        let id = try row.uuid(0)
        self.init(
            id: id, email: try cipher.open(SealedValue(bytes: row.bytes(1)), .userEmail(id)),
            name: try cipher.open(SealedValue(bytes: row.bytes(2)), .userName(id)), role: try row.oneOf(3, as: Role.self),
            hasTOTP: try row.timeOrNil(4) != nil, disabledAt: try row.timeOrNil(5) ?? row.timeOrNil(6),
            lastSignInAt: try row.timeOrNil(7), createdAt: try row.time(8))
    }
}
