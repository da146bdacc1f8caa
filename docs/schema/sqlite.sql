CREATE INDEX idx_crm_access_log_hour ON crm_access_log (hour);

CREATE INDEX idx_crm_api_keys_business ON crm_api_keys (business_id, key_id);

CREATE INDEX idx_crm_batches_client ON crm_batches (business_id, client_id);

CREATE UNIQUE INDEX idx_crm_batches_open ON crm_batches (business_id, client_id, channel) WHERE is_open;

CREATE INDEX idx_crm_client_imports_business ON crm_client_imports (business_id, started_at);

CREATE UNIQUE INDEX idx_crm_client_imports_key ON crm_client_imports (business_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE INDEX idx_crm_client_tags_client ON crm_client_tags (business_id, client_id);

CREATE INDEX idx_crm_clients_created ON crm_clients (created_at, business_id);

CREATE INDEX idx_crm_clients_email ON crm_clients (business_id, email_hash) WHERE email_hash IS NOT NULL;

CREATE INDEX idx_crm_clients_phone ON crm_clients (business_id, phone_hash) WHERE phone_hash IS NOT NULL;

CREATE INDEX idx_crm_communications_batch ON crm_communications (batch_id) WHERE batch_id IS NOT NULL;

CREATE INDEX idx_crm_communications_client ON crm_communications (business_id, client_id, communication_id);

CREATE INDEX idx_crm_communications_failed ON crm_communications (business_id, failed_at) WHERE failed_at IS NOT NULL;

CREATE INDEX idx_crm_communications_plan ON crm_communications (business_id, plan_id, communication_id) WHERE plan_id IS NOT NULL;

CREATE INDEX idx_crm_delivery_queue_due ON crm_delivery_queue (channel, priority, due_at);

CREATE INDEX idx_crm_erasures_business ON crm_erasures (business_id, erasure_id);

CREATE INDEX idx_crm_erasures_due ON crm_erasures (due_at) WHERE client_id IS NOT NULL;

CREATE UNIQUE INDEX idx_crm_erasures_open ON crm_erasures (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_erasures_person ON crm_erasures (business_id, client_hash);

CREATE INDEX idx_crm_event_deliveries_event ON crm_event_deliveries (position);

CREATE INDEX idx_crm_event_deliveries_waiting ON crm_event_deliveries (endpoint_id, lane, position) WHERE status = 'waiting';

CREATE INDEX idx_crm_event_lanes_due ON crm_event_lanes (endpoint_id, due_at);

CREATE INDEX idx_crm_idempotency_client ON crm_idempotency_records (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_idempotency_created ON crm_idempotency_records (created_at);

CREATE INDEX idx_crm_invitations_business ON crm_invitations (business_id, invitation_id);

CREATE UNIQUE INDEX idx_crm_invitations_open ON crm_invitations (business_id, email_hash)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE UNIQUE INDEX idx_crm_ledger_entries_chain ON crm_ledger_entries (business_id, ledger, sequence) WHERE sequence IS NOT NULL;

CREATE INDEX idx_crm_ledger_entries_client ON crm_ledger_entries (business_id, client_hash, ledger, entry_id)
    WHERE client_hash IS NOT NULL;

CREATE INDEX idx_crm_ledger_entries_unsealed ON crm_ledger_entries (business_id, ledger, entry_id) WHERE sequence IS NULL;

CREATE INDEX idx_crm_memberships_user ON crm_memberships (user_id);

CREATE INDEX idx_crm_oidc_identities_user ON crm_oidc_identities (user_id);

CREATE INDEX idx_crm_oidc_states_expires ON crm_oidc_states (expires_at);

CREATE INDEX idx_crm_outgoing_events_business ON crm_outgoing_events (business_id, position);

CREATE INDEX idx_crm_outgoing_events_client ON crm_outgoing_events (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_outgoing_events_new ON crm_outgoing_events (position) WHERE is_new;

CREATE INDEX idx_crm_password_resets_user ON crm_password_resets (user_id);

CREATE INDEX idx_crm_provider_messages_communication ON crm_provider_messages (communication_id, sequence);

CREATE INDEX idx_crm_receipt_deadlines_due ON crm_receipt_deadlines (due_at);

CREATE INDEX idx_crm_refresh_tokens_family ON crm_refresh_tokens (family_id);

CREATE INDEX idx_crm_replies_attention ON crm_replies (business_id, reply_id) WHERE needs_attention;

CREATE INDEX idx_crm_replies_business ON crm_replies (business_id, reply_id);

CREATE INDEX idx_crm_replies_client ON crm_replies (business_id, client_id, reply_id) WHERE client_id IS NOT NULL;

CREATE INDEX idx_crm_replies_plan ON crm_replies (business_id, plan_id, reply_id) WHERE plan_id IS NOT NULL;

CREATE INDEX idx_crm_replies_unmatched ON crm_replies (business_id, phone_hash) WHERE client_id IS NULL;

CREATE INDEX idx_crm_sandbox_business ON crm_sandbox_messages (business_id, message_id);

CREATE INDEX idx_crm_sandbox_communication ON crm_sandbox_messages (communication_id);

CREATE INDEX idx_crm_sessions_expires ON crm_sessions (expires_at);

CREATE INDEX idx_crm_sessions_user ON crm_sessions (user_id) WHERE user_id IS NOT NULL;

CREATE INDEX idx_crm_sign_in_attempts_last ON crm_sign_in_attempts (last_failed_at);

CREATE INDEX idx_crm_soft_bounces_bounced ON crm_soft_bounces (bounced_at);

CREATE INDEX idx_crm_soft_bounces_communication ON crm_soft_bounces (communication_id);

CREATE INDEX idx_crm_suppressions_created ON crm_suppressions (business_id, created_at, address_hash, channel);

CREATE INDEX idx_crm_token_families_expires ON crm_token_families (expires_at);

CREATE INDEX idx_crm_token_families_user ON crm_token_families (user_id);

CREATE INDEX idx_crm_unmatched_events_message ON crm_unmatched_events (provider_message_id);

CREATE INDEX idx_crm_unmatched_events_received ON crm_unmatched_events (received_at);

CREATE INDEX idx_crm_unmatched_events_reference ON crm_unmatched_events (reference) WHERE reference IS NOT NULL;

CREATE INDEX idx_crm_webhook_endpoints_business ON crm_webhook_endpoints (business_id, endpoint_id);

CREATE INDEX idx_crm_whatsapp_windows_client ON crm_whatsapp_windows (business_id, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE crm_access_log (
    business_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    hour INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor_name TEXT,
    views INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, client_id, hour, actor_kind, actor_id, kind)
) WITHOUT ROWID;

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
, scopes TEXT, created_by TEXT, last_used_at INTEGER);

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
, marketing_consent TEXT NOT NULL DEFAULT 'opt_out'
    CHECK (marketing_consent = 'opt_out' OR marketing_consent = 'opt_in' OR marketing_consent = 'double_opt_in'));

CREATE TABLE crm_client_import_errors (
    import_id TEXT NOT NULL REFERENCES crm_client_imports (import_id) ON DELETE CASCADE,
    line_number INTEGER NOT NULL,
    position INTEGER NOT NULL,
    field TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (import_id, line_number, position)
) WITHOUT ROWID;

CREATE TABLE crm_client_imports (
    import_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    is_dry_run INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state = 'running' OR state = 'completed' OR state = 'interrupted'),
    line_count INTEGER NOT NULL DEFAULT 0,
    created_count INTEGER NOT NULL DEFAULT 0,
    updated_count INTEGER NOT NULL DEFAULT 0,
    rejected_count INTEGER NOT NULL DEFAULT 0,
    kept_refusals INTEGER NOT NULL DEFAULT 0,
    suppressed_count INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT,
    fingerprint BLOB,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
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
    updated_at INTEGER NOT NULL, topics_refused TEXT NOT NULL DEFAULT '', marketing TEXT NOT NULL DEFAULT '',
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
    updated_at INTEGER NOT NULL, on_hold INTEGER NOT NULL DEFAULT FALSE, name_words BLOB, links_revoked_at INTEGER,
    PRIMARY KEY (business_id, client_id)
);

CREATE TABLE crm_communication_attachments (
    communication_id TEXT NOT NULL REFERENCES crm_communications (communication_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT NOT NULL,
    content BLOB NOT NULL, link TEXT, is_sealed INTEGER NOT NULL DEFAULT FALSE,
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

CREATE TABLE crm_communication_totals (
    business_id TEXT NOT NULL,
    message_type TEXT NOT NULL,
    channel TEXT NOT NULL,
    date TEXT NOT NULL,
    total_sent INTEGER NOT NULL,
    delivered_count INTEGER NOT NULL,
    opened_count INTEGER NOT NULL,
    clicked_count INTEGER NOT NULL,
    failed_count INTEGER NOT NULL,
    timed_count INTEGER NOT NULL,
    delivery_ms INTEGER NOT NULL,
    PRIMARY KEY (business_id, message_type, channel, date)
) WITHOUT ROWID;

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
, fallback_after_s INTEGER, sealed_context BLOB);

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

CREATE TABLE crm_erasures (
    erasure_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT,
    client_hash BLOB NOT NULL,
    status TEXT NOT NULL CHECK (status = 'scheduled' OR status = 'running' OR status = 'completed' OR status = 'cancelled'),
    requested_at INTEGER NOT NULL,
    requested_by_kind TEXT NOT NULL,
    requested_by_id TEXT,
    due_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    lease_until INTEGER,
    counts TEXT NOT NULL DEFAULT '{}'
);

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

CREATE TABLE crm_invitations (
    invitation_id TEXT PRIMARY KEY,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    email BLOB NOT NULL,
    email_hash BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role = 'admin' OR role = 'agent' OR role = 'viewer'),
    token_hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted_at INTEGER,
    revoked_at INTEGER
);

CREATE TABLE crm_ledger_entries (
    business_id TEXT NOT NULL,
    ledger TEXT NOT NULL CHECK (ledger = 'audit' OR ledger = 'consent'),
    entry_id TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    action TEXT NOT NULL,
    client_hash BLOB,
    payload BLOB,
    payload_digest BLOB NOT NULL,
    mac BLOB NOT NULL,
    sequence INTEGER,
    previous_hash BLOB,
    hash BLOB,
    seal BLOB,
    PRIMARY KEY (business_id, ledger, entry_id)
) WITHOUT ROWID;

CREATE TABLE crm_ledger_heads (
    business_id TEXT NOT NULL,
    ledger TEXT NOT NULL CHECK (ledger = 'audit' OR ledger = 'consent'),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac BLOB NOT NULL,
    sealed_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, ledger)
) WITHOUT ROWID;

CREATE TABLE crm_memberships (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    user_id TEXT NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role = 'admin' OR role = 'agent' OR role = 'viewer'),
    disabled_at INTEGER,
    last_sign_in_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, user_id)
);

CREATE TABLE crm_message_types (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    name TEXT NOT NULL,
    category TEXT NOT NULL CHECK (category = 'transactional' OR category = 'marketing'),
    default_urgency TEXT NOT NULL CHECK (default_urgency = 'critical' OR default_urgency = 'high' OR default_urgency = 'normal' OR default_urgency = 'low'),
    channels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, fallback_after_s INTEGER, topic TEXT,
    PRIMARY KEY (business_id, name)
);

CREATE TABLE crm_oidc_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) WITHOUT ROWID;

CREATE TABLE crm_oidc_states (
    state_hash BLOB NOT NULL PRIMARY KEY,
    browser_hash BLOB NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    next_path TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE crm_opt_in_requests (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    client_id TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    request_id TEXT NOT NULL,
    statement BLOB NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    PRIMARY KEY (business_id, client_id, channel),
    FOREIGN KEY (business_id, client_id) REFERENCES crm_clients (business_id, client_id) ON DELETE CASCADE
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

CREATE TABLE crm_password_resets (
    token_hash BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
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

CREATE TABLE crm_refresh_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    family_id TEXT NOT NULL REFERENCES crm_token_families (family_id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
) WITHOUT ROWID;

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

CREATE TABLE crm_sessions (
    session_id TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    user_id TEXT REFERENCES crm_users (user_id) ON DELETE CASCADE,
    role TEXT,
    credentials_version INTEGER,
    key_hash BLOB,
    remote_address TEXT,
    user_agent TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (key_hash IS NULL))
);

CREATE TABLE crm_sign_in_attempts (
    subject BLOB PRIMARY KEY,
    failures INTEGER NOT NULL DEFAULT 0,
    last_failed_at INTEGER NOT NULL,
    locked_until INTEGER
);

CREATE TABLE crm_soft_bounces (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    address_hash BLOB NOT NULL,
    communication_id TEXT NOT NULL,
    bounced_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, address_hash, communication_id)
) WITHOUT ROWID;

CREATE TABLE crm_suppressions (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    channel TEXT NOT NULL CHECK (channel = 'email' OR channel = 'sms' OR channel = 'whatsapp'),
    address_hash BLOB NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL, blocks_all INTEGER NOT NULL DEFAULT TRUE, blocks_marketing INTEGER NOT NULL DEFAULT FALSE, source TEXT, evidence TEXT, note BLOB,
    PRIMARY KEY (business_id, address_hash, channel)
);

CREATE TABLE crm_token_families (
    family_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    role TEXT NOT NULL CHECK (role = 'admin' OR role = 'agent' OR role = 'viewer'),
    credentials_version INTEGER NOT NULL,
    scopes TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_because TEXT
);

CREATE TABLE crm_topics (
    business_id TEXT NOT NULL REFERENCES crm_businesses (business_id),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    titles TEXT NOT NULL,
    descriptions TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (business_id, name)
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

CREATE TABLE crm_user_recovery_codes (
    user_id TEXT NOT NULL REFERENCES crm_users (user_id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE crm_users (
    user_id TEXT PRIMARY KEY,
    email BLOB NOT NULL,
    email_hash BLOB NOT NULL UNIQUE,
    name BLOB NOT NULL,
    password_hash TEXT,
    totp_secret BLOB,
    totp_enabled_at INTEGER,
    totp_last_step INTEGER,
    credentials_version INTEGER NOT NULL DEFAULT 1,
    last_business_id TEXT,
    last_sign_in_at INTEGER,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
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
SELECT business_id, message_type, channel, date, CAST(SUM(total_sent) AS INTEGER) AS total_sent,
    CAST(SUM(delivered_count) AS INTEGER) AS delivered_count, CAST(SUM(opened_count) AS INTEGER) AS opened_count,
    CAST(SUM(clicked_count) AS INTEGER) AS clicked_count, CAST(SUM(failed_count) AS INTEGER) AS failed_count,
    SUM(seconds) / NULLIF(SUM(timed_count), 0) AS avg_delivery_time_seconds
FROM (
    SELECT business_id, message_type, CAST(channel AS TEXT) AS channel, date(created_at / 1000, 'unixepoch') AS date, 1 AS total_sent,
        CASE WHEN delivered_at IS NOT NULL THEN 1 ELSE 0 END AS delivered_count,
        CASE WHEN opened_at IS NOT NULL THEN 1 ELSE 0 END AS opened_count,
        CASE WHEN clicked_at IS NOT NULL THEN 1 ELSE 0 END AS clicked_count,
        CASE WHEN status = 'failed' THEN 1 ELSE 0 END AS failed_count,
        (delivered_at - sent_at) / 1000.0 AS seconds,
        CASE WHEN delivered_at IS NOT NULL AND sent_at IS NOT NULL THEN 1 ELSE 0 END AS timed_count
    FROM crm_communications
    WHERE sent_at IS NOT NULL OR status = 'failed'
    UNION ALL
    SELECT business_id, message_type, channel, date, total_sent, delivered_count, opened_count, clicked_count, failed_count,
        delivery_ms / 1000.0, timed_count
    FROM crm_communication_totals
) AS t
GROUP BY business_id, message_type, channel, date;
