import Core

/// People with accounts.
extension Transaction {
    /// - Throws: ``DatabaseError/constraint(_:)`` where the address has an account already.
    public func createUser(email: String, name: String, passwordHash: PasswordHash?) throws -> User {
        let id = UUIDv7(at: now)
        let cipher = try cipher()
        try execute(
            """
            INSERT INTO crm_users (user_id, email, email_hash, name, password_hash, created_at, updated_at)
            VALUES (\(id), \(cipher.seal(email, .userEmail(id))), \(cipher.userEmailHash(email)), \(cipher.seal(name, .userName(id))),
                \(passwordHash?.description), \(now), \(now))
            """)
        return User(
            id: id, email: email, name: name, passwordHash: passwordHash, hasTOTP: false, credentialsVersion: 1, createdAt: now)
    }

    /// Nil when there is no such account.
    public func user(_ id: UUIDv7) throws -> User? {
        try run("SELECT \(User.columns) FROM crm_users u WHERE u.user_id = \(id)").first.map { try User(row: $0, cipher()) }
    }

    /// By the address, whatever its upper and lower case.
    public func user(email: String) throws -> User? {
        try run("SELECT \(User.columns) FROM crm_users u WHERE u.email_hash = \(cipher().userEmailHash(email))").first
            .map { try User(row: $0, cipher()) }
    }

    /// All accounts of this server, oldest first; for its operator.
    public func users() throws -> [User] {
        let cipher = try cipher()
        return try run("SELECT \(User.columns) FROM crm_users u ORDER BY u.user_id").map { try User(row: $0, cipher) }
    }

    /// Changes the name that others see.
    public func renameUser(_ user: UUIDv7, to name: String) throws {
        try execute("UPDATE crm_users SET name = \(cipher().seal(name, .userName(user))), updated_at = \(now) WHERE user_id = \(user)")
    }

    /// Also ends every session, token and reset of theirs. False: there is no such account.
    @discardableResult
    public func changePassword(_ hash: PasswordHash, of user: UUIDv7) throws -> Bool {
        guard
            try execute(
                """
                UPDATE crm_users SET password_hash = \(hash.description), credentials_version = credentials_version + 1, updated_at = \(now)
                WHERE user_id = \(user)
                """) > 0
        else { return false }
        try endSessions(of: user)
        try execute("DELETE FROM crm_password_resets WHERE user_id = \(user)")
        return true
    }

    /// The same password, hashed with other parameters: nothing ends.
    public func upgradePasswordHash(_ hash: PasswordHash, from old: PasswordHash, of user: UUIDv7) throws {
        try execute(
            """
            UPDATE crm_users SET password_hash = \(hash.description) WHERE user_id = \(user) AND password_hash = \(old.description)
            """)
    }

    /// By the operator: they sign in nowhere until they are enabled. False: there is no such account, or nothing changed.
    public func disableUser(_ user: UUIDv7) throws -> Bool {
        let changed = try execute(
            """
            UPDATE crm_users SET disabled_at = \(now), credentials_version = credentials_version + 1, updated_at = \(now)
            WHERE user_id = \(user) AND disabled_at IS NULL
            """)
        try endSessions(of: user)
        return changed > 0
    }

    /// False: there is no such account, or nothing changed.
    public func enableUser(_ user: UUIDv7) throws -> Bool {
        try execute("UPDATE crm_users SET disabled_at = NULL, updated_at = \(now) WHERE user_id = \(user) AND disabled_at IS NOT NULL") > 0
    }

    /// Notes where and when they signed in last.
    func noteSignIn(of user: UUIDv7, business: BusinessID) throws {
        try execute("UPDATE crm_users SET last_sign_in_at = \(now), last_business_id = \(business) WHERE user_id = \(user)")
        try execute("UPDATE crm_memberships SET last_sign_in_at = \(now) WHERE business_id = \(business) AND user_id = \(user)")
    }
}

extension User {
    static let columns: SQL = """
        u.user_id, u.email, u.name, u.password_hash, u.totp_enabled_at, u.credentials_version, u.last_business_id, u.last_sign_in_at,
        u.disabled_at, u.created_at
        """

    init(row: Row, _ cipher: Cipher) throws {
        let id = try row.uuid(0)
        self.init(
            id: id, email: try cipher.open(SealedValue(bytes: row.bytes(1)), .userEmail(id)),
            name: try cipher.open(SealedValue(bytes: row.bytes(2)), .userName(id)),
            passwordHash: try row.textOrNil(3).flatMap { PasswordHash($0) }, hasTOTP: try row.timeOrNil(4) != nil,
            credentialsVersion: try row.int(5), lastBusiness: try row.uuidOrNil(6), lastSignInAt: try row.timeOrNil(7),
            disabledAt: try row.timeOrNil(8), createdAt: try row.time(9))
    }
}
