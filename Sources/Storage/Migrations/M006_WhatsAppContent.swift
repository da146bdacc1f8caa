/// What WhatsApp messages are made from outside the 24-hour window, and files that are linked to rather than sent along.
enum M006_WhatsAppContent {
    static let name = "M006_WhatsAppContent"

    static let statements = [
        """
        CREATE TABLE crm_whatsapp_windows (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            phone_hash {bytes} NOT NULL,
            client_id {key},
            last_inbound_at {time} NOT NULL,
            PRIMARY KEY (business_id, phone_hash)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_whatsapp_windows_client ON crm_whatsapp_windows (business_id, client_id) WHERE client_id IS NOT NULL",
        """
        CREATE TABLE crm_whatsapp_mappings (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            message_type {key} NOT NULL,
            language {key} NOT NULL,
            template_name {key} NOT NULL,
            definition {document} NOT NULL,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            PRIMARY KEY (business_id, message_type, language)
        ){withoutRowID}
        """,
        // The account is the installation's, not a business's.
        """
        CREATE TABLE crm_whatsapp_templates (
            template_name {key} NOT NULL,
            language {key} NOT NULL,
            status TEXT NOT NULL,
            category TEXT,
            components {document},
            synced_at {time},
            updated_at {time} NOT NULL,
            PRIMARY KEY (template_name, language)
        ){withoutRowID}
        """,
        "ALTER TABLE crm_communication_attachments ADD COLUMN link TEXT",
        "ALTER TABLE crm_sandbox_messages ADD COLUMN form TEXT",
        "ALTER TABLE crm_sandbox_messages ADD COLUMN note TEXT",
    ]
}
