/// What clients agreed to beyond channels: topics, marketing, the requests that wait for a confirmation, and imports of many clients.
/// Placeholders as in ``M001_Initial``.
enum M009_Consent {
    static let name = "M009_Consent"

    static let statements = [
        // Both stand in the row that every decision reads anyway: `newsletter,offers` and `email:confirmed,sms:refused`.
        "ALTER TABLE crm_client_preferences ADD COLUMN topics_refused TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE crm_client_preferences ADD COLUMN marketing TEXT NOT NULL DEFAULT ''",
        """
        ALTER TABLE crm_businesses ADD COLUMN marketing_consent TEXT NOT NULL DEFAULT 'opt_out'
            CHECK ({oneOf:marketing_consent:opt_out,opt_in,double_opt_in})
        """,
        "ALTER TABLE crm_message_types ADD COLUMN topic {key}",
        """
        CREATE TABLE crm_topics (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            name {key} NOT NULL,
            position INTEGER NOT NULL,
            titles {document} NOT NULL,
            descriptions {document} NOT NULL,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            PRIMARY KEY (business_id, name)
        )
        """,
        // The last request of each client and channel. What they were shown is sealed: evidence may name them.
        """
        CREATE TABLE crm_opt_in_requests (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            client_id {key} NOT NULL,
            channel TEXT NOT NULL CHECK ({oneOf:channel:email,sms,whatsapp}),
            request_id {uuid} NOT NULL,
            statement {bytes} NOT NULL,
            requested_at {time} NOT NULL,
            expires_at {time} NOT NULL,
            confirmed_at {time},
            PRIMARY KEY (business_id, client_id, channel),
            FOREIGN KEY (business_id, client_id) REFERENCES crm_clients (business_id, client_id) ON DELETE CASCADE
        )
        """,
        """
        CREATE TABLE crm_client_imports (
            import_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            is_dry_run {bool} NOT NULL,
            state TEXT NOT NULL CHECK ({oneOf:state:running,completed,interrupted}),
            line_count {int} NOT NULL DEFAULT 0,
            created_count {int} NOT NULL DEFAULT 0,
            updated_count {int} NOT NULL DEFAULT 0,
            rejected_count {int} NOT NULL DEFAULT 0,
            kept_refusals {int} NOT NULL DEFAULT 0,
            suppressed_count {int} NOT NULL DEFAULT 0,
            idempotency_key {key},
            fingerprint {bytes},
            started_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            finished_at {time}
        )
        """,
        "CREATE INDEX idx_crm_client_imports_business ON crm_client_imports (business_id, started_at)",
        """
        CREATE UNIQUE INDEX idx_crm_client_imports_key ON crm_client_imports (business_id, idempotency_key) WHERE idempotency_key IS NOT NULL
        """,
        // Never what stood in the line: it may be a person's data.
        """
        CREATE TABLE crm_client_import_errors (
            import_id {uuid} NOT NULL REFERENCES crm_client_imports (import_id) ON DELETE CASCADE,
            line_number {int} NOT NULL,
            position INTEGER NOT NULL,
            field TEXT NOT NULL,
            message TEXT NOT NULL,
            PRIMARY KEY (import_id, line_number, position)
        ){withoutRowID}
        """,
    ]
}
