import Core

/// One-time codes and what stands in for them.
extension Transaction {
    /// Keeps a new key that is not asked for until ``enableTOTP(of:recoveryCodes:)``. False: one is in use already.
    public func proposeTOTP(_ secret: [UInt8], of user: UUIDv7) throws -> Bool {
        try execute(
            """
            UPDATE crm_users SET totp_secret = \(cipher().seal(secret, .userTOTPSecret(user))), totp_last_step = NULL, updated_at = \(now)
            WHERE user_id = \(user) AND totp_enabled_at IS NULL
            """) > 0
    }

    /// The key that was proposed and is not in use yet.
    public func proposedTOTP(of user: UUIDv7) throws -> [UInt8]? {
        try run("SELECT totp_secret FROM crm_users WHERE user_id = \(user) AND totp_enabled_at IS NULL").first?.sealedOrNil(0)
            .map { try cipher().openBytes($0, .userTOTPSecret(user)) }
    }

    /// From now on the code is asked for. Nil: it is the wrong one, or nothing was proposed.
    ///
    /// - Parameter code: of the proposed key; proves that the app has it.
    /// - Returns: the recovery codes, to be shown once.
    public func enableTOTP(of user: UUIDv7, code: String) throws -> [String]? {
        guard let secret = try proposedTOTP(of: user), let step = TOTP.matchingStep(code: code, secret: secret, at: now, after: nil) else {
            return nil
        }
        try execute("UPDATE crm_users SET totp_enabled_at = \(now), totp_last_step = \(step), updated_at = \(now) WHERE user_id = \(user)")
        return try renewRecoveryCodes(of: user)
    }

    /// Makes new recovery codes; the old ones end.
    public func renewRecoveryCodes(of user: UUIDv7) throws -> [String] {
        try execute("DELETE FROM crm_user_recovery_codes WHERE user_id = \(user)")
        let codes = RecoveryCode.make()
        for code in codes {
            try execute(
                """
                INSERT INTO crm_user_recovery_codes (user_id, code_hash) VALUES (\(user), \(RecoveryCode.hash(code, of: user, cipher())))
                """)
        }
        return codes
    }

    /// How many recovery codes the person has left.
    public func unusedRecoveryCodes(of user: UUIDv7) throws -> Int {
        try run("SELECT COUNT(*) FROM crm_user_recovery_codes WHERE user_id = \(user) AND used_at IS NULL").first?.int(0) ?? 0
    }

    /// The password alone is enough again; whoever is signed in elsewhere is signed out. False: no code was asked for.
    public func disableTOTP(of user: UUIDv7) throws -> Bool {
        let changed = try execute(
            """
            UPDATE crm_users SET totp_secret = NULL, totp_enabled_at = NULL, totp_last_step = NULL,
                credentials_version = credentials_version + 1, updated_at = \(now)
            WHERE user_id = \(user) AND totp_enabled_at IS NOT NULL
            """)
        guard changed > 0 else { return false }
        try execute("DELETE FROM crm_user_recovery_codes WHERE user_id = \(user)")
        try endSessions(of: user)
        return true
    }

    /// Uses a one-time or recovery code up. Nil: it is wrong, or was used before.
    public func useSecondFactor(_ code: String, of user: UUIDv7) throws -> SecondFactor? {
        if RecoveryCode.isForm(code) {
            let hash = RecoveryCode.hash(code, of: user, try cipher())
            let used = try execute(
                """
                UPDATE crm_user_recovery_codes SET used_at = \(now)
                WHERE user_id = \(user) AND code_hash = \(hash) AND used_at IS NULL
                """)
            return used > 0 ? .recoveryCode : nil
        }
        let rows = try run(
            "SELECT totp_secret, totp_last_step FROM crm_users WHERE user_id = \(user) AND totp_enabled_at IS NOT NULL \(dialect.forUpdate)"
        )
        guard let row = rows.first, let sealed = try row.sealedOrNil(0) else { return nil }
        let secret = try cipher().openBytes(sealed, .userTOTPSecret(user))
        let digits = code.filter { $0 != " " }
        guard let step = TOTP.matchingStep(code: digits, secret: secret, at: now, after: try row.int64OrNil(1)) else { return nil }
        try execute("UPDATE crm_users SET totp_last_step = \(step) WHERE user_id = \(user)")
        return .oneTimeCode
    }
}

/// What proved that they are who they say, besides the password.
public enum SecondFactor: String, Sendable, Hashable {
    case oneTimeCode = "one_time_code"
    case recoveryCode = "recovery_code"
}
