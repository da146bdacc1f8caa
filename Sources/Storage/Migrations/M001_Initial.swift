/// The first schema. Immutable once released: later changes are migrations of their own.
///
/// Placeholders in braces are column types that differ by engine (``Dialect/types``):
/// `{uuid}`, `{time}`, `{json}`, `{document}` (JSON kept byte for byte), `{bool}`, `{bytes}`, `{int}`; `{hot}`, `{queue}` and
/// `{withoutRowID}` are table options, `{date:x}`, `{seconds:x}` and `{oneOf:column:a,b}` expressions; `{sqlite:x}` and
/// `{postgresql:x}` stand in one engine's schema only; `{channel}`, `{category}`, `{urgency}` and `{status}` are closed sets of words.
///
/// Three things are cheaper on PostgreSQL than what one would write first, measured for each message of the hot path:
/// - `crm_communications`, `crm_delivery_queue` and `crm_delivery_logs` have no foreign keys there: each costs a query and a row
///   lock. Their rows are written only by transactions that hold the communication's row, its row of the queue or its client's
///   consent lock, and a trigger deletes them with their communication.
/// - Closed sets are domains: a table's CHECK is parsed again by each statement, a domain's once.
/// - Keys compare by byte (`COLLATE "C"`), as SQLite does, not by the locale's rules.
enum M001_Initial {
    static let name = "001_initial"

    static let statements: [String] = [
        "{postgresql:CREATE DOMAIN crm_channel AS text CHECK (VALUE IN ('email', 'sms', 'whatsapp'))}",
        "{postgresql:CREATE DOMAIN crm_category AS text CHECK (VALUE IN ('transactional', 'marketing'))}",
        "{postgresql:CREATE DOMAIN crm_urgency AS text CHECK (VALUE IN ('critical', 'high', 'normal', 'low'))}",
        """
        {postgresql:CREATE DOMAIN crm_status AS text CHECK (VALUE IN ('pending', 'queued', 'sending', 'sent', 'delivered', 'opened',
            'clicked', 'failed', 'bounced', 'suppressed', 'cancelled'))}
        """,
        """
        CREATE TABLE rapport_meta (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE crm_businesses (
            business_id {uuid} PRIMARY KEY,
            name TEXT NOT NULL,
            postal_address TEXT NOT NULL DEFAULT '',
            support_email TEXT NOT NULL DEFAULT '',
            timezone TEXT NOT NULL DEFAULT 'UTC',
            hours_start TEXT NOT NULL DEFAULT '09:00',
            hours_end TEXT NOT NULL DEFAULT '18:00',
            hours_days TEXT NOT NULL DEFAULT '1,2,3,4,5,6,7',
            default_language TEXT NOT NULL DEFAULT 'en',
            brand_color TEXT NOT NULL DEFAULT '#2f6f4f',
            logo_url TEXT,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL
        )
        """,
        """
        CREATE TABLE crm_api_keys (
            key_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            name TEXT NOT NULL,
            role TEXT NOT NULL DEFAULT 'admin',
            key_hash {bytes} NOT NULL UNIQUE,
            hint TEXT NOT NULL,
            created_at {time} NOT NULL,
            expires_at {time},
            revoked_at {time}
        )
        """,
        """
        CREATE TABLE crm_clients (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            client_id {key} NOT NULL,
            name TEXT,
            email {bytes},
            email_hash {bytes},
            phone_number {bytes},
            phone_hash {bytes},
            language TEXT,
            timezone TEXT,
            attributes {json} NOT NULL DEFAULT '{}',
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            PRIMARY KEY (business_id, client_id)
        )
        """,
        "CREATE INDEX idx_crm_clients_created ON crm_clients (created_at, business_id)",
        "CREATE INDEX idx_crm_clients_email ON crm_clients (business_id, email_hash) WHERE email_hash IS NOT NULL",
        "CREATE INDEX idx_crm_clients_phone ON crm_clients (business_id, phone_hash) WHERE phone_hash IS NOT NULL",
        """
        CREATE TABLE crm_client_tags (
            business_id {uuid} NOT NULL,
            client_id {key} NOT NULL,
            tag TEXT NOT NULL,
            PRIMARY KEY (business_id, tag, client_id),
            FOREIGN KEY (business_id, client_id) REFERENCES crm_clients (business_id, client_id) ON DELETE CASCADE
        )
        """,
        "CREATE INDEX idx_crm_client_tags_client ON crm_client_tags (business_id, client_id)",
        """
        CREATE TABLE crm_client_preferences (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            client_id {key} NOT NULL,
            preferred_channels TEXT,
            timezone TEXT,
            quiet_hours_start TEXT,
            quiet_hours_end TEXT,
            opt_out_email {bool} NOT NULL DEFAULT FALSE,
            opt_out_sms {bool} NOT NULL DEFAULT FALSE,
            opt_out_whatsapp {bool} NOT NULL DEFAULT FALSE,
            language_preference TEXT,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            PRIMARY KEY (business_id, client_id)
        )
        """,
        """
        CREATE TABLE crm_suppressions (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            channel TEXT NOT NULL CHECK ({oneOf:channel:email,sms,whatsapp}),
            address_hash {bytes} NOT NULL,
            reason TEXT NOT NULL,
            created_at {time} NOT NULL,
            PRIMARY KEY (business_id, address_hash, channel)
        )
        """,
        """
        CREATE TABLE crm_message_types (
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            name TEXT NOT NULL,
            category TEXT NOT NULL CHECK ({oneOf:category:transactional,marketing}),
            default_urgency TEXT NOT NULL CHECK ({oneOf:default_urgency:critical,high,normal,low}),
            channels TEXT NOT NULL,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            PRIMARY KEY (business_id, name)
        )
        """,
        """
        CREATE TABLE crm_communication_templates (
            template_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            channel TEXT NOT NULL CHECK ({oneOf:channel:email,sms,whatsapp}),
            template_name TEXT NOT NULL,
            language TEXT NOT NULL,
            version INTEGER NOT NULL CHECK (version > 0),
            subject_template TEXT,
            content_template TEXT NOT NULL,
            text_template TEXT,
            variables {json} NOT NULL DEFAULT '[]',
            is_active {bool} NOT NULL DEFAULT FALSE,
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL,
            UNIQUE (business_id, channel, template_name, language, version)
        )
        """,
        """
        CREATE TABLE crm_communications (
            communication_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL{sqlite: REFERENCES crm_businesses (business_id)},
            client_id {key} NOT NULL,
            plan_id {key},
            message_type TEXT NOT NULL,
            category {category} NOT NULL{sqlite: CHECK ({oneOf:category:transactional,marketing})},
            urgency {urgency} NOT NULL{sqlite: CHECK ({oneOf:urgency:critical,high,normal,low})},
            channel {channel} NOT NULL{sqlite: CHECK ({oneOf:channel:email,sms,whatsapp})},
            fallback_channels TEXT NOT NULL DEFAULT '',
            status {status} NOT NULL{sqlite:
                CHECK ({oneOf:status:pending,queued,sending,sent,delivered,opened,clicked,failed,bounced,suppressed,cancelled})},
            subject TEXT,
            content TEXT,
            context {document} NOT NULL,
            metadata {document} NOT NULL,
            batch_id {uuid},
            scheduled_for {time} NOT NULL,
            created_at {time} NOT NULL,
            sent_at {time},
            delivered_at {time},
            opened_at {time},
            clicked_at {time},
            failed_at {time},
            error_message TEXT,
            error_category TEXT,
            retry_count INTEGER NOT NULL DEFAULT 0,
            needs_review {bool} NOT NULL DEFAULT FALSE,
            sandbox {bool} NOT NULL DEFAULT FALSE
        ){hot}
        """,
        "CREATE INDEX idx_crm_communications_client ON crm_communications (business_id, client_id, communication_id)",
        "CREATE INDEX idx_crm_communications_plan ON crm_communications (business_id, plan_id, communication_id) WHERE plan_id IS NOT NULL",
        "CREATE INDEX idx_crm_communications_failed ON crm_communications (business_id, failed_at) WHERE failed_at IS NOT NULL",
        "CREATE INDEX idx_crm_communications_batch ON crm_communications (batch_id) WHERE batch_id IS NOT NULL",
        """
        CREATE TABLE crm_delivery_queue (
            communication_id {uuid} PRIMARY KEY{sqlite: REFERENCES crm_communications (communication_id) ON DELETE CASCADE},
            business_id {uuid} NOT NULL,
            client_id {key} NOT NULL,
            channel {channel} NOT NULL{sqlite: CHECK ({oneOf:channel:email,sms,whatsapp})},
            priority INTEGER NOT NULL,
            due_at {int} NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 0,
            lease_token {int},
            leased_at {int}
        ){queue}
        """,
        "CREATE INDEX idx_crm_delivery_queue_due ON crm_delivery_queue (channel, priority, due_at)",
        """
        CREATE TABLE crm_batches (
            batch_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            client_id {key} NOT NULL,
            channel TEXT NOT NULL,
            leader_id {uuid} NOT NULL,
            member_count INTEGER NOT NULL,
            closes_at {time} NOT NULL,
            is_open {bool} NOT NULL DEFAULT TRUE
        )
        """,
        "CREATE UNIQUE INDEX idx_crm_batches_open ON crm_batches (business_id, client_id, channel) WHERE is_open",
        """
        CREATE TABLE crm_delivery_logs (
            communication_id {uuid} NOT NULL{sqlite: REFERENCES crm_communications (communication_id) ON DELETE CASCADE},
            log_id {int} NOT NULL,
            event_type TEXT NOT NULL,
            event_timestamp {time} NOT NULL,
            channel TEXT,
            attempt INTEGER,
            started_at {time},
            delivery_status TEXT,
            provider TEXT,
            provider_message_id TEXT,
            provider_response {document},
            error_details TEXT,
            PRIMARY KEY (communication_id, log_id)
        ){withoutRowID}
        """,
        """
        {postgresql:CREATE FUNCTION crm_communications_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM crm_delivery_queue WHERE communication_id IN (SELECT communication_id FROM gone);
            DELETE FROM crm_delivery_logs WHERE communication_id IN (SELECT communication_id FROM gone);
            RETURN NULL;
        END $$}
        """,
        """
        {postgresql:CREATE TRIGGER crm_communications_deleted AFTER DELETE ON crm_communications
            REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION crm_communications_deleted()}
        """,
        """
        CREATE TABLE crm_communication_attachments (
            communication_id {uuid} NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            filename TEXT NOT NULL,
            content_type TEXT NOT NULL,
            content {bytes} NOT NULL,
            PRIMARY KEY (communication_id, position)
        )
        """,
        """
        CREATE TABLE crm_idempotency_records (
            business_id {uuid} NOT NULL,
            route {key} NOT NULL,
            idempotency_key {key} NOT NULL,
            fingerprint {bytes} NOT NULL,
            status_code INTEGER,
            answer {bytes},
            client_id {key},
            created_at {time} NOT NULL,
            PRIMARY KEY (business_id, route, idempotency_key)
        )
        """,
        "CREATE INDEX idx_crm_idempotency_client ON crm_idempotency_records (business_id, client_id) WHERE client_id IS NOT NULL",
        "CREATE INDEX idx_crm_idempotency_created ON crm_idempotency_records (created_at)",
        """
        CREATE TABLE crm_sandbox_messages (
            message_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            communication_id {uuid} NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
            channel TEXT NOT NULL,
            recipient {bytes} NOT NULL,
            sender TEXT NOT NULL,
            subject TEXT,
            text_body TEXT,
            html_body TEXT,
            created_at {time} NOT NULL
        )
        """,
        "CREATE INDEX idx_crm_sandbox_business ON crm_sandbox_messages (business_id, message_id)",
        "CREATE INDEX idx_crm_sandbox_communication ON crm_sandbox_messages (communication_id)",
        """
        CREATE VIEW crm_communication_analytics AS
        SELECT business_id, message_type, channel, {date:created_at} AS date,
            COUNT(*) AS total_sent,
            SUM(CASE WHEN delivered_at IS NOT NULL THEN 1 ELSE 0 END) AS delivered_count,
            SUM(CASE WHEN opened_at IS NOT NULL THEN 1 ELSE 0 END) AS opened_count,
            SUM(CASE WHEN clicked_at IS NOT NULL THEN 1 ELSE 0 END) AS clicked_count,
            SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed_count,
            AVG({seconds:delivered_at - sent_at}) AS avg_delivery_time_seconds
        FROM crm_communications
        WHERE sent_at IS NOT NULL OR status = 'failed'
        GROUP BY business_id, message_type, channel, {date:created_at}
        """,
    ]
}
