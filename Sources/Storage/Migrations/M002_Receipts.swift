/// What providers' receipts need: which message of a provider is which communication of ours, receipts that came before
/// that was known, and until when one is waited for. Placeholders as in ``M001_Initial``.
enum M002_Receipts {
    static let name = "002_receipts"

    static let statements: [String] = [
        "ALTER TABLE crm_message_types ADD COLUMN fallback_after_s INTEGER",
        "ALTER TABLE crm_communications ADD COLUMN fallback_after_s INTEGER",
        // Since when an attempt whose outcome nobody knows may have reached the provider.
        "ALTER TABLE crm_delivery_queue ADD COLUMN unknown_since {int}",
        "ALTER TABLE crm_delivery_queue ADD COLUMN rate_limited INTEGER NOT NULL DEFAULT 0",
        // Leases that ran out since the last recorded outcome.
        "ALTER TABLE crm_delivery_queue ADD COLUMN takeovers INTEGER NOT NULL DEFAULT 0",
        // The members of a batch share one message of the provider. `sequence` rises with each message of a communication.
        """
        CREATE TABLE crm_provider_messages (
            provider TEXT NOT NULL,
            provider_message_id {key} NOT NULL,
            communication_id {uuid} NOT NULL{sqlite: REFERENCES crm_communications (communication_id) ON DELETE CASCADE},
            business_id {uuid} NOT NULL,
            client_id {key} NOT NULL,
            channel {channel} NOT NULL{sqlite: CHECK ({oneOf:channel:email,sms,whatsapp})},
            attempt INTEGER NOT NULL,
            sequence {int} NOT NULL,
            PRIMARY KEY (provider_message_id, provider, communication_id)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_provider_messages_communication ON crm_provider_messages (communication_id, sequence)",
        """
        CREATE TABLE crm_unmatched_events (
            event_id {uuid} PRIMARY KEY,
            provider TEXT NOT NULL,
            provider_message_id {key} NOT NULL,
            word TEXT NOT NULL,
            event TEXT,
            happened_at {int},
            reference {uuid},
            failure_category TEXT,
            failure_code {int},
            failure_message TEXT,
            failure_consequence TEXT,
            received_at {int} NOT NULL
        )
        """,
        "CREATE INDEX idx_crm_unmatched_events_message ON crm_unmatched_events (provider_message_id)",
        "CREATE INDEX idx_crm_unmatched_events_received ON crm_unmatched_events (received_at)",
        """
        CREATE TABLE crm_receipt_deadlines (
            communication_id {uuid} PRIMARY KEY{sqlite: REFERENCES crm_communications (communication_id) ON DELETE CASCADE},
            provider TEXT NOT NULL,
            provider_message_id {key} NOT NULL,
            seconds INTEGER NOT NULL,
            due_at {int} NOT NULL
        )
        """,
        "CREATE INDEX idx_crm_receipt_deadlines_due ON crm_receipt_deadlines (due_at)",
        """
        {postgresql:CREATE FUNCTION crm_receipts_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM crm_provider_messages WHERE communication_id IN (SELECT communication_id FROM gone);
            DELETE FROM crm_receipt_deadlines WHERE communication_id IN (SELECT communication_id FROM gone);
            RETURN NULL;
        END $$}
        """,
        """
        {postgresql:CREATE TRIGGER crm_receipts_deleted AFTER DELETE ON crm_communications
            REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION crm_receipts_deleted()}
        """,
    ]
}
