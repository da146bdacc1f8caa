CREATE UNIQUE INDEX idx_crm_batches_open ON crm_batches (business_id, client_id, channel) WHERE is_open;

CREATE INDEX idx_crm_client_tags_client ON crm_client_tags (business_id, client_id);

CREATE INDEX idx_crm_clients_created ON crm_clients (created_at, business_id);

CREATE INDEX idx_crm_clients_email ON crm_clients (business_id, email_hash) WHERE email_hash IS NOT NULL;

CREATE INDEX idx_crm_clients_phone ON crm_clients (business_id, phone_hash) WHERE phone_hash IS NOT NULL;

CREATE INDEX idx_crm_communications_batch ON crm_communications (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX idx_crm_communications_client ON crm_communications (business_id, client_id, communication_id);

CREATE INDEX idx_crm_communications_failed ON crm_communications (business_id, failed_at) WHERE failed_at IS NOT NULL;

CREATE INDEX idx_crm_communications_plan ON crm_communications (business_id, plan_id, communication_id) WHERE plan_id IS NOT NULL;

CREATE INDEX idx_crm_delivery_queue_due ON crm_delivery_queue (channel, priority, due_at);

CREATE INDEX idx_crm_idempotency_client ON crm_idempotency_records (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_idempotency_created ON crm_idempotency_records (created_at);

CREATE INDEX idx_crm_sandbox_business ON crm_sandbox_messages (business_id, message_id);

CREATE INDEX idx_crm_sandbox_communication ON crm_sandbox_messages (communication_id);

CREATE TABLE crm_api_keys (
    key_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    name TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT 'admin',
    key_hash BLOB NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
);

CREATE TABLE crm_batches (
    batch_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    leader_id TEXT NOT NULL,
    member_count INTEGER NOT NULL,
    closes_at INTEGER NOT NULL,
    is_open INTEGER NOT NULL DEFAULT TRUE
);

CREATE TABLE crm_businesses (
    business_id TEXT PRIMARY KEY,
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
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE crm_client_preferences (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT NOT NULL,
    preferred_channels TEXT,
    timezone TEXT,
    quiet_hours_start TEXT,
    quiet_hours_end TEXT,
    opt_out_email INTEGER NOT NULL DEFAULT FALSE,
    opt_out_sms INTEGER NOT NULL DEFAULT FALSE,
    opt_out_whatsapp INTEGER NOT NULL DEFAULT FALSE,
    language_preference TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, client_id)
);

CREATE TABLE crm_client_tags (
    business_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    PRIMARY KEY (business_id, tag, client_id),
    FOREIGN KEY (business_id, client_id) REFERENCES crm_clients (business_id, client_id) ON DELETE CASCADE
);

CREATE TABLE crm_clients (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT NOT NULL,
    name TEXT,
    email BLOB,
    email_hash BLOB,
    phone_number BLOB,
    phone_hash BLOB,
    language TEXT,
    timezone TEXT,
    attributes TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, client_id)
);

CREATE TABLE crm_communication_attachments (
    communication_id TEXT NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (communication_id, position)
);

CREATE TABLE crm_communication_templates (
    template_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    template_name TEXT NOT NULL,
    language TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    subject_template TEXT,
    content_template TEXT NOT NULL,
    text_template TEXT,
    variables TEXT NOT NULL DEFAULT '[]',
    is_active INTEGER NOT NULL DEFAULT FALSE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (business_id, channel, template_name, language, version)
);

CREATE TABLE crm_communications (
    communication_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT NOT NULL,
    plan_id TEXT,
    message_type TEXT NOT NULL,
    category TEXT NOT NULL CHECK (category = 'transactional' OR category = 'marketing'),
    urgency TEXT NOT NULL CHECK (urgency = 'critical' OR urgency = 'high' OR urgency = 'normal' OR urgency = 'low'),
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    fallback_channels TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL
        CHECK (status = 'pending' OR status = 'queued' OR status = 'sending' OR status = 'sent' OR status = 'delivered' OR status = 'opened' OR status = 'clicked' OR status = 'failed' OR status = 'bounced' OR status = 'suppressed' OR status = 'cancelled'),
    subject TEXT,
    content TEXT,
    context TEXT NOT NULL,
    metadata TEXT NOT NULL,
    batch_id TEXT,
    scheduled_for INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    delivered_at INTEGER,
    opened_at INTEGER,
    clicked_at INTEGER,
    failed_at INTEGER,
    error_message TEXT,
    error_category TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0,
    needs_review INTEGER NOT NULL DEFAULT FALSE,
    sandbox INTEGER NOT NULL DEFAULT FALSE
);

CREATE TABLE crm_delivery_logs (
    communication_id TEXT NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    log_id INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    event_timestamp INTEGER NOT NULL,
    channel TEXT,
    attempt INTEGER,
    started_at INTEGER,
    delivery_status TEXT,
    provider TEXT,
    provider_message_id TEXT,
    provider_response TEXT,
    error_details TEXT,
    PRIMARY KEY (communication_id, log_id)
) WITHOUT ROWID;

CREATE TABLE crm_delivery_queue (
    communication_id TEXT PRIMARY KEY REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    business_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    priority INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    lease_token INTEGER,
    leased_at INTEGER
);

CREATE TABLE crm_idempotency_records (
    business_id TEXT NOT NULL,
    route TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status_code INTEGER,
    answer BLOB,
    client_id TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, route, idempotency_key)
);

CREATE TABLE crm_message_types (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    name TEXT NOT NULL,
    category TEXT NOT NULL CHECK (category = 'transactional' OR category = 'marketing'),
    default_urgency TEXT NOT NULL CHECK (default_urgency = 'critical' OR default_urgency = 'high' OR default_urgency = 'normal' OR default_urgency = 'low'),
    channels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, name)
);

CREATE TABLE crm_sandbox_messages (
    message_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    communication_id TEXT NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    channel TEXT NOT NULL,
    recipient BLOB NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT,
    text_body TEXT,
    html_body TEXT,
    created_at INTEGER NOT NULL
);

CREATE TABLE crm_suppressions (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    address_hash BLOB NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, address_hash, channel)
);

CREATE TABLE rapport_meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE rapport_migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL);

CREATE VIEW crm_communication_analytics AS
SELECT business_id, message_type, channel, date(created_at / 1000, 'unixepoch') AS date,
    COUNT(*) AS total_sent,
    SUM(CASE WHEN delivered_at IS NOT NULL THEN 1 ELSE 0 END) AS delivered_count,
    SUM(CASE WHEN opened_at IS NOT NULL THEN 1 ELSE 0 END) AS opened_count,
    SUM(CASE WHEN clicked_at IS NOT NULL THEN 1 ELSE 0 END) AS clicked_count,
    SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed_count,
    AVG((delivered_at - sent_at) / 1000.0) AS avg_delivery_time_seconds
FROM crm_communications
WHERE sent_at IS NOT NULL OR status = 'failed'
GROUP BY business_id, message_type, channel, date(created_at / 1000, 'unixepoch');
