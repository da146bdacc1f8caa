/// What API keys may do and who made them; refresh tokens; sign-ins at another provider that are under way.
enum M013_Tokens {
    static let name = "013_tokens"

    static let statements: [String] = [
        // Permissions in a key's own words, `clients:read clients:write`; without them its role says what it may do.
        "ALTER TABLE crm_api_keys ADD COLUMN scopes TEXT",
        // The actor who made it: `user:…`, `key:…`, `system:…`.
        "ALTER TABLE crm_api_keys ADD COLUMN created_by TEXT",
        "ALTER TABLE crm_api_keys ADD COLUMN last_used_at {time}",
        "CREATE INDEX idx_crm_api_keys_business ON crm_api_keys (business_id, key_id)",
        // One sign-in of a program on behalf of a person. All refresh tokens that came of it end together.
        """
        CREATE TABLE crm_token_families (
            family_id {uuid} PRIMARY KEY,
            user_id {uuid} NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            role TEXT NOT NULL CHECK ({oneOf:role:admin,agent,viewer}),
            credentials_version INTEGER NOT NULL,
            scopes TEXT,
            created_at {time} NOT NULL,
            expires_at {time} NOT NULL,
            ended_at {time},
            ended_because TEXT
        )
        """,
        "CREATE INDEX idx_crm_token_families_user ON crm_token_families (user_id)",
        "CREATE INDEX idx_crm_token_families_expires ON crm_token_families (expires_at)",
        """
        CREATE TABLE crm_refresh_tokens (
            token_hash {bytes} NOT NULL PRIMARY KEY,
            family_id {uuid} NOT NULL REFERENCES crm_token_families (family_id) ON DELETE CASCADE,
            created_at {time} NOT NULL,
            used_at {time}
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_refresh_tokens_family ON crm_refresh_tokens (family_id)",
        // Between the redirect to the provider and its answer: by the hash of the state, for ten minutes, once.
        """
        CREATE TABLE crm_oidc_states (
            state_hash {bytes} NOT NULL PRIMARY KEY,
            browser_hash {bytes} NOT NULL,
            nonce TEXT NOT NULL,
            verifier TEXT NOT NULL,
            next_path TEXT NOT NULL,
            expires_at {time} NOT NULL
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_oidc_states_expires ON crm_oidc_states (expires_at)",
        // Whom a provider's `sub` is here, since the first sign-in that a verified address linked.
        """
        CREATE TABLE crm_oidc_identities (
            issuer {key} NOT NULL,
            subject {key} NOT NULL,
            user_id {uuid} NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
            linked_at {time} NOT NULL,
            PRIMARY KEY (issuer, subject)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_oidc_identities_user ON crm_oidc_identities (user_id)",
    ]
}
