/// What clients answer, what their answers mean to a business, and suppressions that stop marketing only.
enum M003_Replies {
    static let name = "003_replies"

    static let statements: [String] = [
        // A row blocks everything or marketing or both; ``reason`` is that of blocking everything where it does.
        "ALTER TABLE crm_suppressions ADD COLUMN blocks_all {bool} NOT NULL DEFAULT TRUE",
        "ALTER TABLE crm_suppressions ADD COLUMN blocks_marketing {bool} NOT NULL DEFAULT FALSE",
        """
        CREATE TABLE crm_replies (
            reply_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            client_id {key},
            provider TEXT NOT NULL,
            provider_message_id {key} NOT NULL,
            channel TEXT NOT NULL CHECK ({oneOf:channel:email,sms,whatsapp}),
            kind TEXT NOT NULL,
            sender {bytes},
            phone_hash {bytes},
            content {bytes} NOT NULL,
            content_cut {bool} NOT NULL DEFAULT FALSE,
            communication_id {uuid},
            plan_id {key},
            action TEXT,
            value TEXT,
            keyword TEXT,
            needs_attention {bool} NOT NULL DEFAULT FALSE,
            attention_reason TEXT,
            answer TEXT,
            sent_at {time},
            received_at {time} NOT NULL,
            resolved_at {time},
            UNIQUE (provider, provider_message_id)
        )
        """,
        "CREATE INDEX idx_crm_replies_business ON crm_replies (business_id, reply_id)",
        "CREATE INDEX idx_crm_replies_client ON crm_replies (business_id, client_id, reply_id) WHERE client_id IS NOT NULL",
        "CREATE INDEX idx_crm_replies_plan ON crm_replies (business_id, plan_id, reply_id) WHERE plan_id IS NOT NULL",
        "CREATE INDEX idx_crm_replies_attention ON crm_replies (business_id, reply_id) WHERE needs_attention",
        "CREATE INDEX idx_crm_replies_unmatched ON crm_replies (business_id, phone_hash) WHERE client_id IS NULL",
        """
        CREATE TABLE crm_reply_patterns (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            position INTEGER NOT NULL,
            message_type TEXT,
            pattern TEXT NOT NULL,
            action TEXT NOT NULL,
            value TEXT,
            PRIMARY KEY (business_id, position)
        )
        """,
    ]
}
