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

CREATE INDEX idx_crm_event_deliveries_event ON crm_event_deliveries (position);

CREATE INDEX idx_crm_event_deliveries_waiting ON crm_event_deliveries (endpoint_id, lane, position) WHERE status = 'waiting';

CREATE INDEX idx_crm_event_lanes_due ON crm_event_lanes (endpoint_id, due_at);

CREATE INDEX idx_crm_idempotency_client ON crm_idempotency_records (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_idempotency_created ON crm_idempotency_records (created_at);

CREATE INDEX idx_crm_outgoing_events_business ON crm_outgoing_events (business_id, position);

CREATE INDEX idx_crm_outgoing_events_client ON crm_outgoing_events (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_outgoing_events_new ON crm_outgoing_events (position) WHERE is_new;

CREATE INDEX idx_crm_provider_messages_communication ON crm_provider_messages (communication_id, sequence);

CREATE INDEX idx_crm_receipt_deadlines_due ON crm_receipt_deadlines (due_at);

CREATE INDEX idx_crm_replies_attention ON crm_replies (business_id, reply_id) WHERE needs_attention;

CREATE INDEX idx_crm_replies_business ON crm_replies (business_id, reply_id);

CREATE INDEX idx_crm_replies_client ON crm_replies (business_id, client_id, reply_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_replies_plan ON crm_replies (business_id, plan_id, reply_id) WHERE plan_id IS NOT NULL;

CREATE INDEX idx_crm_replies_unmatched ON crm_replies (business_id, phone_hash) WHERE client_id IS NULL;

CREATE INDEX idx_crm_sandbox_business ON crm_sandbox_messages (business_id, message_id);

CREATE INDEX idx_crm_sandbox_communication ON crm_sandbox_messages (communication_id);

CREATE INDEX idx_crm_unmatched_events_message ON crm_unmatched_events (provider_message_id);

CREATE INDEX idx_crm_unmatched_events_received ON crm_unmatched_events (received_at);

CREATE INDEX idx_crm_webhook_endpoints_business ON crm_webhook_endpoints (business_id, endpoint_id);

CREATE INDEX idx_crm_whatsapp_windows_client ON crm_whatsapp_windows (business_id, client_id) WHERE client_id IS NOT NULL;

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
    content BLOB NOT NULL, link TEXT,
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
, fallback_after_s INTEGER);

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
, unknown_since INTEGER, rate_limited INTEGER NOT NULL DEFAULT 0, takeovers INTEGER NOT NULL DEFAULT 0);

CREATE TABLE crm_event_attempts (
    endpoint_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    attempt_id INTEGER NOT NULL,
    attempted_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    response_status INTEGER,
    error TEXT,
    response TEXT,
    PRIMARY KEY (endpoint_id, position, attempt_id),
    FOREIGN KEY (endpoint_id, position) REFERENCES crm_event_deliveries (endpoint_id, position) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE crm_event_deliveries (
    endpoint_id TEXT NOT NULL REFERENCES crm_webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    position INTEGER NOT NULL REFERENCES crm_outgoing_events (position) ON DELETE CASCADE,
    lane TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status = 'waiting' OR status = 'delivered' OR status = 'failed'),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    finished_at INTEGER,
    PRIMARY KEY (endpoint_id, position)
) WITHOUT ROWID;

CREATE TABLE crm_event_lanes (
    endpoint_id TEXT NOT NULL REFERENCES crm_webhook_endpoints (endpoint_id) ON DELETE CASCADE,
    lane TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    lease_token INTEGER,
    PRIMARY KEY (endpoint_id, lane)
) WITHOUT ROWID;

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
    updated_at INTEGER NOT NULL, fallback_after_s INTEGER,
    PRIMARY KEY (business_id, name)
);

CREATE TABLE crm_outgoing_events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    business_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    client_id TEXT,
    communication_id TEXT,
    plan_id TEXT,
    message_type TEXT,
    channel TEXT,
    provider TEXT,
    sandbox INTEGER NOT NULL DEFAULT FALSE,
    occurred_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    data TEXT NOT NULL DEFAULT '{}',
    is_new INTEGER NOT NULL DEFAULT TRUE
);

CREATE TABLE crm_provider_messages (
    provider TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    communication_id TEXT NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    business_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    attempt INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (provider_message_id, provider, communication_id)
) WITHOUT ROWID;

CREATE TABLE crm_rate_holders (
    account TEXT NOT NULL,
    holder INTEGER NOT NULL,
    permits INTEGER NOT NULL CHECK (permits > 0),
    until_at INTEGER NOT NULL,
    PRIMARY KEY (account, holder)
) WITHOUT ROWID;

CREATE TABLE crm_rate_slots (
    account TEXT NOT NULL,
    slot_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    messages INTEGER NOT NULL CHECK (messages > 0),
    PRIMARY KEY (account, slot_at)
) WITHOUT ROWID;

CREATE TABLE crm_receipt_deadlines (
    communication_id TEXT PRIMARY KEY REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    due_at INTEGER NOT NULL
);

CREATE TABLE crm_replies (
    reply_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT,
    provider TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    kind TEXT NOT NULL,
    sender BLOB,
    phone_hash BLOB,
    content BLOB NOT NULL,
    content_cut INTEGER NOT NULL DEFAULT FALSE,
    communication_id TEXT,
    plan_id TEXT,
    action TEXT,
    value TEXT,
    keyword TEXT,
    needs_attention INTEGER NOT NULL DEFAULT FALSE,
    attention_reason TEXT,
    answer TEXT,
    sent_at INTEGER,
    received_at INTEGER NOT NULL,
    resolved_at INTEGER,
    UNIQUE (provider, provider_message_id)
);

CREATE TABLE crm_reply_patterns (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    position INTEGER NOT NULL,
    message_type TEXT,
    pattern TEXT NOT NULL,
    action TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (business_id, position)
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
, form TEXT, note TEXT);

CREATE TABLE crm_suppressions (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    address_hash BLOB NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL, blocks_all INTEGER NOT NULL DEFAULT TRUE, blocks_marketing INTEGER NOT NULL DEFAULT FALSE,
    PRIMARY KEY (business_id, address_hash, channel)
);

CREATE TABLE crm_unmatched_events (
    event_id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    provider_message_id TEXT NOT NULL,
    word TEXT NOT NULL,
    event TEXT,
    happened_at INTEGER,
    reference TEXT,
    failure_category TEXT,
    failure_code INTEGER,
    failure_message TEXT,
    failure_consequence TEXT,
    received_at INTEGER NOT NULL
);

CREATE TABLE crm_webhook_endpoints (
    endpoint_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    url TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    event_types TEXT NOT NULL DEFAULT '',
    secret BLOB NOT NULL,
    previous_secret BLOB,
    previous_secret_until INTEGER,
    is_enabled INTEGER NOT NULL DEFAULT TRUE,
    disabled_reason TEXT,
    disabled_at INTEGER,
    failing_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE crm_whatsapp_mappings (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    message_type TEXT NOT NULL,
    language TEXT NOT NULL,
    template_name TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, message_type, language)
) WITHOUT ROWID;

CREATE TABLE crm_whatsapp_templates (
    template_name TEXT NOT NULL,
    language TEXT NOT NULL,
    status TEXT NOT NULL,
    category TEXT,
    components TEXT,
    synced_at INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (template_name, language)
) WITHOUT ROWID;

CREATE TABLE crm_whatsapp_windows (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    phone_hash BLOB NOT NULL,
    client_id TEXT,
    last_inbound_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, phone_hash)
) WITHOUT ROWID;

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
