/// The statements of the hot path. Each is prepared once for the writer's connection and found by its position:
/// building a text and hashing it for every message costs more than most of these statements take.
///
/// None makes SQLite build a b-tree for the list of an `IN` on every run (a test watches over it).
/// The text of a statement and the code that binds it (by position) belong together; change both or none.
enum SQLiteHotStatement: Int, CaseIterable {
    case begin, commit
    case findIdempotencyRecord, upsertIdempotencyRecord
    case findClient, upsertClient
    case anySuppression, findSuppressions
    case insertCommunication, insertQueueRow
    case dueRows, leaseRow, markSending
    case deleteHeldRow, markSent, insertSentEvent, insertProviderMessage
    case anyWebhookEndpoint, insertOutgoingSent
    case insertLedgerEntry

    var text: String {
        switch self {
        case .begin: "BEGIN IMMEDIATE"
        case .commit: "COMMIT"
        case .findIdempotencyRecord:
            """
            SELECT fingerprint, status_code, answer, created_at FROM crm_idempotency_records
            WHERE business_id = ?1 AND route = ?2 AND idempotency_key = ?3
            """
        case .upsertIdempotencyRecord:
            // A key past its lifetime is written over.
            """
            INSERT INTO crm_idempotency_records (business_id, route, idempotency_key, fingerprint, status_code, answer, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (business_id, route, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint,
                status_code = excluded.status_code, answer = excluded.answer, created_at = excluded.created_at
            """
        case .findClient:
            // The outer join's left side makes one row in any case: a client without a record may have stated preferences.
            """
            SELECT c.client_id IS NOT NULL, c.name, c.language, c.timezone, c.email, c.email_hash, c.phone_number, c.phone_hash,
                p.preferred_channels, p.timezone, p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email, p.opt_out_sms,
                p.opt_out_whatsapp, p.language_preference, p.marketing, p.topics_refused, c.on_hold
            FROM (SELECT 1)
            LEFT JOIN crm_clients c ON c.business_id = ?1 AND c.client_id = ?2
            LEFT JOIN crm_client_preferences p ON p.business_id = ?1 AND p.client_id = ?2
            """
        case .upsertClient:
            """
            INSERT INTO crm_clients (business_id, client_id, name, email, email_hash, phone_number, phone_hash, language, timezone,
                created_at, updated_at, name_words)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11)
            ON CONFLICT (business_id, client_id) DO UPDATE SET name = excluded.name,
                name_words = COALESCE(excluded.name_words, crm_clients.name_words), email = excluded.email,
                email_hash = excluded.email_hash, phone_number = excluded.phone_number, phone_hash = excluded.phone_hash,
                language = excluded.language, timezone = excluded.timezone, updated_at = excluded.updated_at
            """
        case .anySuppression: "SELECT 1 FROM crm_suppressions LIMIT 1"
        case .findSuppressions:
            // Two probes of the key; a client without one of the addresses binds NULL, which matches nothing.
            """
            SELECT channel, address_hash, blocks_all FROM crm_suppressions WHERE business_id = ?1 AND address_hash = ?2
            UNION ALL
            SELECT channel, address_hash, blocks_all FROM crm_suppressions WHERE business_id = ?1 AND address_hash = ?3
            """
        case .insertCommunication:
            """
            INSERT INTO crm_communications (communication_id, business_id, client_id, plan_id, message_type, category, urgency, channel,
                fallback_channels, status, context, metadata, batch_id, scheduled_for, created_at, error_message, fallback_after_s,
                sealed_context)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
            """
        case .insertQueueRow:
            """
            INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at, attempt, lease_token,
                leased_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            """
        case .dueRows:
            """
            SELECT q.communication_id, q.business_id, q.client_id, q.due_at, q.attempt, q.lease_token, q.leased_at, c.plan_id,
                c.message_type, c.category, c.urgency, c.fallback_channels, COALESCE(c.sealed_context, c.context), c.batch_id, c.created_at,
                EXISTS (SELECT 1 FROM crm_communication_attachments a WHERE a.communication_id = q.communication_id),
                q.unknown_since, q.rate_limited, q.takeovers, c.fallback_after_s, c.status, t.topic, b.marketing_consent,
                b.postal_address = ''
            FROM crm_delivery_queue q JOIN crm_communications c ON c.communication_id = q.communication_id
            JOIN crm_businesses b ON b.business_id = q.business_id
            LEFT JOIN crm_message_types t ON t.business_id = q.business_id AND t.name = c.message_type
            WHERE q.channel = ?1 AND q.priority = ?2 AND q.due_at <= ?3
            ORDER BY q.due_at LIMIT ?4
            """
        case .leaseRow:
            """
            UPDATE crm_delivery_queue SET
                unknown_since = CASE WHEN unknown_since IS NULL AND lease_token IS NOT NULL THEN leased_at ELSE unknown_since END,
                takeovers = CASE WHEN lease_token IS NULL THEN takeovers ELSE takeovers + 1 END,
                lease_token = ?2, leased_at = ?3, due_at = ?4, attempt = attempt + 1
            WHERE communication_id = ?1
            """
        case .markSending:
            "UPDATE crm_communications SET status = 'sending' WHERE communication_id = ?1 AND status IN ('pending', 'queued')"
        case .deleteHeldRow:
            // The channel too: a fallback that is recorded twice must not meet its successor, whose lease has the same token.
            "DELETE FROM crm_delivery_queue WHERE communication_id = ?1 AND lease_token = ?2 AND channel = ?3"
        case .markSent:
            // A provider's event may have come before this record: never back from `delivered`.
            """
            UPDATE crm_communications SET
                status = CASE WHEN status = 'pending' OR status = 'queued' OR status = 'sending' THEN 'sent' ELSE status END,
                sent_at = COALESCE(sent_at, ?2), sandbox = ?3, channel = ?4
            WHERE communication_id = ?1
            """
        case .insertSentEvent:
            """
            INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, attempt, started_at,
                delivery_status, provider, provider_message_id, provider_response)
            VALUES (?1, ?2, 'sent', ?3, ?4, ?5, ?6, 'sent', ?7, ?8, ?9)
            """
        case .anyWebhookEndpoint: "SELECT 1 FROM crm_webhook_endpoints LIMIT 1"
        case .insertOutgoingSent:
            """
            INSERT INTO crm_outgoing_events (event_id, business_id, event_type, client_id, communication_id, plan_id, message_type, channel,
                provider, sandbox, occurred_at, created_at)
            SELECT ?2, c.business_id, 'communication.sent', c.client_id, c.communication_id, c.plan_id, c.message_type, ?3, ?4, c.sandbox,
                ?5, ?6
            FROM crm_communications c
            WHERE c.communication_id = ?1 AND EXISTS (SELECT 1 FROM crm_webhook_endpoints e WHERE e.business_id = c.business_id
                AND (e.event_types = '' OR e.event_types LIKE '%,communication.sent,%'))
            """
        case .insertLedgerEntry:
            """
            INSERT INTO crm_ledger_entries (business_id, ledger, entry_id, occurred_at, actor_kind, actor_id, action, payload, payload_digest,
                mac)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """
        case .insertProviderMessage:
            """
            INSERT INTO crm_provider_messages (provider, provider_message_id, communication_id, business_id, client_id, channel, attempt,
                sequence)
            SELECT ?2, ?3, communication_id, business_id, client_id, ?4, ?5, ?6 FROM crm_communications WHERE communication_id = ?1
            ON CONFLICT (provider_message_id, provider, communication_id) DO NOTHING
            """
        }
    }
}
