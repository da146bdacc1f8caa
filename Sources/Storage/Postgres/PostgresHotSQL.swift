/// The hot statements' text on PostgreSQL: set-wise, with arrays. What they do on SQLite stands in
/// ``AcceptanceEffects``, ``ClaimEffects`` and ``OutcomeEffects``.
///
/// Tables are reached by `LATERAL (… LIMIT …)` for each element, which the planner can not turn round: on a table that was
/// empty when it was analysed, a plain join reads the whole index and looks each row up in the array (measured: 7 times slower).
enum PostgresHotSQL {
    /// Locks first and in this order, so that what the next statements see can not change any more: consent, then keys.
    static let locks = """
        SELECT CAST(pg_current_xact_id() AS text), \(endpointsExist), (SELECT COUNT(pg_advisory_xact_lock_shared($1::int4, p)) FROM unnest($2::int4[]) AS p),
            (SELECT COUNT(pg_advisory_xact_lock(k)) FROM unnest($3::int8[]) AS k)
        """
    static let transactionID = "SELECT CAST(pg_current_xact_id() AS text), \(endpointsExist)"

    /// Asked along with the first statement: where nobody wants events, nothing else is done for them.
    private static let endpointsExist = "EXISTS (SELECT 1 FROM crm_webhook_endpoints)"

    static let idempotency = """
        SELECT u.i, r.fingerprint, r.status_code, r.answer, r.created_at
        FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS u (business, route, key, i)
        CROSS JOIN LATERAL (SELECT * FROM crm_idempotency_records r
            WHERE r.business_id = u.business AND r.route = u.route AND r.idempotency_key = u.key LIMIT 1) AS r
        """

    /// `LATERAL … LIMIT` where a plain join was seen to read every suppression of the business.
    ///
    /// With suppressions among the addresses that the requests bring ($3, $4) or the store has: one row for each of them.
    static let clients = """
        SELECT u.i, c.client_id, c.name, c.language, c.timezone, c.email, c.email_hash, c.phone_number, c.phone_hash,
            p.preferred_channels, p.timezone, p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email, p.opt_out_sms, p.opt_out_whatsapp,
            p.language_preference, p.marketing, p.topics_refused, COALESCE(c.on_hold, FALSE),
            s.channel, s.address_hash, s.blocks_all
        FROM (SELECT generate_subscripts($1::uuid[], 1) AS i, unnest($1::uuid[]) AS business, unnest($2::text[]) AS client,
            unnest($3::bytea[]) AS email_hash, unnest($4::bytea[]) AS phone_hash) AS u
        LEFT JOIN crm_clients c ON c.business_id = u.business AND c.client_id = u.client
        LEFT JOIN crm_client_preferences p ON p.business_id = u.business AND p.client_id = u.client
        LEFT JOIN LATERAL (SELECT s.channel, s.address_hash, s.blocks_all FROM crm_suppressions s WHERE s.business_id = u.business
            AND s.address_hash = ANY (ARRAY[u.email_hash, u.phone_hash, c.email_hash, c.phone_hash]) LIMIT 16) AS s ON TRUE
        """

    static let lastMessages = """
        SELECT u.i, (SELECT m.created_at FROM crm_communications m WHERE m.business_id = u.business AND m.client_id = u.client
            AND m.status NOT IN ('suppressed', 'cancelled') ORDER BY m.communication_id DESC LIMIT 1)
        FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (business, client, i)
        """

    /// Locked: a claim in another process must not close a batch that this round joins.
    static let openBatches = """
        SELECT u.i, b.batch_id, b.channel, b.leader_id, b.member_count, b.closes_at
        FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS u (business, client, i)
        CROSS JOIN LATERAL (SELECT * FROM crm_batches b
            WHERE b.business_id = u.business AND b.client_id = u.client AND b.is_open LIMIT 3 FOR UPDATE) AS b
        """

    static let heldLeases = """
        SELECT q.communication_id FROM unnest($1::uuid[], $2::int8[], $3::text[]) AS u (id, token, channel)
        CROSS JOIN LATERAL (SELECT communication_id FROM crm_delivery_queue q
            WHERE q.communication_id = u.id AND q.lease_token = u.token AND q.channel = u.channel LIMIT 1 FOR UPDATE) AS q
        """

    static let extendLeases = """
        UPDATE crm_delivery_queue SET due_at = $3 WHERE communication_id = ANY ($1) AND lease_token = $2
        RETURNING communication_id
        """

    /// Sealed or in the clear, which its first byte tells.
    private static let context = "COALESCE(c.sealed_context, convert_to(CAST(c.context AS text), 'UTF8'))"

    private static func due(priority: Int) -> String {
        """
        SELECT * FROM (SELECT * FROM crm_delivery_queue
            WHERE channel = $1 AND priority = \(priority) AND due_at <= $2 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS p\(priority)
        """
    }

    /// One probe of the index for each priority; `LIMIT` over them stops as soon as there are enough.
    static let dueRows = """
        SELECT q.communication_id, q.business_id, q.client_id, q.due_at, q.attempt, q.lease_token, q.leased_at, c.plan_id, c.message_type,
            c.category, c.urgency, c.fallback_channels, \(context), c.batch_id, c.created_at,
            EXISTS (SELECT 1 FROM crm_communication_attachments a WHERE a.communication_id = q.communication_id),
            q.unknown_since, q.rate_limited, q.takeovers, c.fallback_after_s, c.status,
            (SELECT t.topic FROM crm_message_types t WHERE t.business_id = q.business_id AND t.name = c.message_type),
            b.marketing_consent, b.postal_address = '',
            k.client_id, k.name, k.language, k.timezone, k.email, k.email_hash, k.phone_number, k.phone_hash,
            p.preferred_channels, p.timezone, p.quiet_hours_start, p.quiet_hours_end, p.opt_out_email, p.opt_out_sms, p.opt_out_whatsapp,
            p.language_preference, p.marketing, p.topics_refused, COALESCE(k.on_hold, FALSE),
            (SELECT string_agg(CASE WHEN s.blocks_all THEN s.channel ELSE s.channel || ' marketing' END, ',') FROM crm_suppressions s WHERE s.business_id = q.business_id
                AND s.address_hash = ANY (ARRAY[k.email_hash, k.phone_hash])
                AND s.address_hash = CASE WHEN s.channel = 'email' THEN k.email_hash ELSE k.phone_hash END),
            q.priority
        FROM (\((0...3).map(due(priority:)).joined(separator: " UNION ALL ")) LIMIT $3) AS q
        JOIN crm_communications c ON c.communication_id = q.communication_id
        JOIN crm_businesses b ON b.business_id = q.business_id
        LEFT JOIN crm_clients k ON k.business_id = q.business_id AND k.client_id = q.client_id
        LEFT JOIN crm_client_preferences p ON p.business_id = q.business_id AND p.client_id = q.client_id
        """

    static let lockBatches = "SELECT batch_id FROM crm_batches WHERE batch_id = ANY ($1) ORDER BY batch_id FOR UPDATE"
    static let members = """
        SELECT batch_id, communication_id, message_type, \(context) FROM crm_communications c
        WHERE batch_id = ANY ($1) AND status IN ('pending', 'queued', 'sending') ORDER BY communication_id
        """

    /// Fields that a request left out stay as they are, also when another instance changed them meanwhile.
    static let upsertClients = """
        INSERT INTO crm_clients AS c (business_id, client_id, name, email, email_hash, phone_number, phone_hash, language, timezone,
            name_words, created_at, updated_at)
        SELECT u.*, $11::timestamptz, $11::timestamptz
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[], $9::text[],
            $10::bytea[]) AS u
        ON CONFLICT (business_id, client_id) DO UPDATE SET name = COALESCE(excluded.name, c.name),
            name_words = COALESCE(excluded.name_words, c.name_words),
            email = COALESCE(excluded.email, c.email), email_hash = COALESCE(excluded.email_hash, c.email_hash),
            phone_number = COALESCE(excluded.phone_number, c.phone_number), phone_hash = COALESCE(excluded.phone_hash, c.phone_hash),
            language = COALESCE(excluded.language, c.language), timezone = COALESCE(excluded.timezone, c.timezone),
            updated_at = excluded.updated_at
        """

    // `unnest` in the select list: in FROM, each array's elements would be put away in a store of their own first.
    static let insertCommunications = """
        INSERT INTO crm_communications (communication_id, business_id, client_id, plan_id, message_type, category, urgency, channel,
            fallback_channels, status, context, metadata, batch_id, scheduled_for, error_message, fallback_after_s,
            sealed_context, created_at)
        SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]), unnest($6::text[]),
            unnest($7::text[]), unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::json[]), unnest($12::json[]),
            unnest($13::uuid[]), unnest($14::timestamptz[]), unnest($15::text[]), unnest($16::int4[]),
            unnest($17::bytea[]), $18::timestamptz
        """

    static let insertQueue = """
        INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at, attempt, lease_token, leased_at)
        SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::text[]), unnest($4::text[]), unnest($5::int4[]), unnest($6::int8[]),
            unnest($7::int4[]), unnest($8::int8[]), unnest($9::int8[])
        """

    /// For keys that nobody has used: the lock on a key, taken before it was looked for, keeps everybody else away.
    static let insertIdempotency = """
        INSERT INTO crm_idempotency_records (business_id, route, idempotency_key, fingerprint, answer, status_code, created_at)
        SELECT unnest($1::uuid[]), unnest($2::text[]), unnest($3::text[]), unnest($4::bytea[]), unnest($5::bytea[]), $6::int8,
            $7::timestamptz
        """

    /// For keys past their lifetime.
    static let replaceIdempotency =
        insertIdempotency + """
             ON CONFLICT (business_id, route, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint,
                status_code = excluded.status_code, answer = excluded.answer, created_at = excluded.created_at
            """

    static let beginQueue = """
        UPDATE crm_delivery_queue SET
            unknown_since = CASE WHEN unknown_since IS NULL AND lease_token IS NOT NULL THEN leased_at ELSE unknown_since END,
            takeovers = CASE WHEN lease_token IS NULL THEN takeovers ELSE takeovers + 1 END,
            lease_token = $2, leased_at = $3, due_at = $4, attempt = attempt + 1
        WHERE communication_id = ANY ($1)
        """
    static let beginCommunications = """
        UPDATE crm_communications SET status = 'sending' WHERE communication_id = ANY ($1) AND status IN ('pending', 'queued')
        """

    /// Ends the leases that are still ours; whoever holds the row of the queue may record the attempt's end. The channel counts
    /// too: after a fallback the same process may hold the row for the next channel's attempt.
    static let endLeases = """
        DELETE FROM crm_delivery_queue
        WHERE communication_id = ANY ($1::uuid[]) AND lease_token = $2::int8 AND channel = $3::text RETURNING communication_id
        """

    /// Found by `ANY`, not joined: no plan can turn that round, and no lock is needed to keep a row where it was found.
    static let finishSent = """
        UPDATE crm_communications SET status = CASE WHEN status IN ('pending', 'queued', 'sending') THEN 'sent' ELSE status END,
            sent_at = COALESCE(sent_at, ($2::timestamptz[])[array_position($1::uuid[], communication_id)]),
            channel = ($3::text[])[array_position($1::uuid[], communication_id)], sandbox = $4::bool
        WHERE communication_id = ANY ($1::uuid[])
        """

    /// Rows in one ``finishSent`` at most: each looks its values up by walking the array.
    static let finishLimit = 128

    static let logSent = """
        INSERT INTO crm_delivery_logs (communication_id, event_timestamp, channel, log_id, started_at, attempt, provider,
            provider_message_id, provider_response, event_type, delivery_status)
        SELECT unnest($1::uuid[]), unnest($2::timestamptz[]), unnest($3::text[]), unnest($4::int8[]), unnest($5::timestamptz[]),
            unnest($6::int4[]), unnest($7::text[]), unnest($8::text[]), unnest($9::json[]), 'sent', 'sent'
        """

    /// One event for each message that went out and whose business has an endpoint that wants it.
    static let tellSent = """
        INSERT INTO crm_outgoing_events (event_id, business_id, event_type, client_id, communication_id, plan_id, message_type, channel,
            provider, sandbox, occurred_at, created_at)
        SELECT u.event_id, c.business_id, 'communication.sent', c.client_id, c.communication_id, c.plan_id, c.message_type, u.channel,
            u.provider, $6::bool, u.at, $7::timestamptz
        FROM (SELECT unnest($1::uuid[]) AS event_id, unnest($2::uuid[]) AS id, unnest($3::timestamptz[]) AS at,
            unnest($4::text[]) AS channel, unnest($5::text[]) AS provider) AS u
        CROSS JOIN LATERAL (SELECT * FROM crm_communications c WHERE c.communication_id = u.id LIMIT 1) AS c
        WHERE EXISTS (SELECT 1 FROM crm_webhook_endpoints e WHERE e.business_id = c.business_id
            AND (e.event_types = '' OR e.event_types LIKE '%,communication.sent,%'))
        """

    /// For what a provider tells later: which of its messages is whose.
    static let insertProviderMessages = """
        INSERT INTO crm_provider_messages (provider, provider_message_id, communication_id, business_id, client_id, channel, attempt, sequence)
        SELECT u.provider, u.message, c.communication_id, c.business_id, c.client_id, u.channel, u.attempt, u.sequence
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int4[], $6::int8[])
            AS u (id, provider, message, channel, attempt, sequence)
        CROSS JOIN LATERAL (SELECT communication_id, business_id, client_id FROM crm_communications
            WHERE communication_id = u.id LIMIT 1) AS c
        ON CONFLICT (provider_message_id, provider, communication_id) DO NOTHING
        """
}
