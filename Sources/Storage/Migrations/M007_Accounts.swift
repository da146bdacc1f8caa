/// People who sign in: accounts, to which businesses they belong in which role, their sessions, and how they get in.
///
/// An account is a person's own and may belong to several businesses; what a business may change is the membership. Tokens (sessions,
/// invitations, resets) are kept as SHA-256: they carry 256 random bits. Recovery codes are short, so they are kept as keyed hashes.
enum M007_Accounts {
    static let name = "007_accounts"

    static let statements: [String] = [
        """
        CREATE TABLE crm_users (
            user_id {uuid} PRIMARY KEY,
            email {bytes} NOT NULL,
            email_hash {bytes} NOT NULL UNIQUE,
            name {bytes} NOT NULL,
            password_hash TEXT,
            totp_secret {bytes},
            totp_enabled_at {time},
            totp_last_step {int},
            credentials_version INTEGER NOT NULL DEFAULT 1,
            last_business_id {uuid},
            last_sign_in_at {time},
            disabled_at {time},
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL
        )
        """,
        """
        CREATE TABLE crm_user_recovery_codes (
            user_id {uuid} NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
            code_hash {bytes} NOT NULL,
            used_at {time},
            PRIMARY KEY (user_id, code_hash)
        )
        """,
        """
        CREATE TABLE crm_memberships (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            user_id {uuid} NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK ({oneOf:role:admin,agent,viewer}),
            disabled_at {time},
            last_sign_in_at {time},
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            PRIMARY KEY (business_id, user_id)
        )
        """,
        "CREATE INDEX idx_crm_memberships_user ON crm_memberships (user_id)",
        """
        CREATE TABLE crm_sessions (
            session_id {uuid} PRIMARY KEY,
            token_hash {bytes} NOT NULL UNIQUE,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            user_id {uuid} REFERENCES crm_users (user_id) ON DELETE CASCADE,
            role TEXT,
            credentials_version INTEGER,
            key_hash {bytes},
            remote_address TEXT,
            user_agent TEXT,
            created_at {time} NOT NULL,
            last_seen_at {time} NOT NULL,
            expires_at {time} NOT NULL,
            CHECK ((user_id IS NULL) <> (key_hash IS NULL))
        )
        """,
        "CREATE INDEX idx_crm_sessions_user ON crm_sessions (user_id) WHERE user_id IS NOT NULL",
        "CREATE INDEX idx_crm_sessions_expires ON crm_sessions (expires_at)",
        """
        CREATE TABLE crm_invitations (
            invitation_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            email {bytes} NOT NULL,
            email_hash {bytes} NOT NULL,
            role TEXT NOT NULL CHECK ({oneOf:role:admin,agent,viewer}),
            token_hash {bytes} NOT NULL UNIQUE,
            created_at {time} NOT NULL,
            expires_at {time} NOT NULL,
            accepted_at {time},
            revoked_at {time}
        )
        """,
        "CREATE INDEX idx_crm_invitations_business ON crm_invitations (business_id, invitation_id)",
        """
        CREATE UNIQUE INDEX idx_crm_invitations_open ON crm_invitations (business_id, email_hash)
            WHERE accepted_at IS NULL AND revoked_at IS NULL
        """,
        """
        CREATE TABLE crm_password_resets (
            token_hash {bytes} PRIMARY KEY,
            user_id {uuid} NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
            created_at {time} NOT NULL,
            expires_at {time} NOT NULL,
            used_at {time}
        )
        """,
        "CREATE INDEX idx_crm_password_resets_user ON crm_password_resets (user_id)",
        """
        CREATE TABLE crm_sign_in_attempts (
            subject {bytes} PRIMARY KEY,
            failures INTEGER NOT NULL DEFAULT 0,
            last_failed_at {time} NOT NULL,
            locked_until {time}
        )
        """,
        "CREATE INDEX idx_crm_sign_in_attempts_last ON crm_sign_in_attempts (last_failed_at)",
    ]
}
