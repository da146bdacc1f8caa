/// Erasures with their receipts, who looked at whom, and the totals of what retention has removed. Placeholders as in ``M001_Initial``.
enum M011_Privacy {
    static let name = "M011_Privacy"

    static let statements = [
        // Nothing is sent to whoever is to be erased. Every decision reads it together with the record.
        "ALTER TABLE crm_clients ADD COLUMN on_hold {bool} NOT NULL DEFAULT FALSE",
        // `client_id` is emptied with the end: then the keyed hash alone tells whose receipt it was, and only to who knows the id.
        """
        CREATE TABLE crm_erasures (
            erasure_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            client_id {key},
            client_hash {bytes} NOT NULL,
            status TEXT NOT NULL CHECK ({oneOf:status:scheduled,running,completed,cancelled}),
            requested_at {time} NOT NULL,
            requested_by_kind TEXT NOT NULL,
            requested_by_id TEXT,
            due_at {time} NOT NULL,
            started_at {time},
            finished_at {time},
            lease_until {int},
            counts {document} NOT NULL DEFAULT '{}'
        )
        """,
        "CREATE UNIQUE INDEX idx_crm_erasures_open ON crm_erasures (business_id, client_id) WHERE client_id IS NOT NULL",
        "CREATE INDEX idx_crm_erasures_due ON crm_erasures (due_at) WHERE client_id IS NOT NULL",
        "CREATE INDEX idx_crm_erasures_business ON crm_erasures (business_id, erasure_id)",
        "CREATE INDEX idx_crm_erasures_person ON crm_erasures (business_id, client_hash)",
        // One row for each hour in which somebody looked at a kind of a client's data.
        """
        CREATE TABLE crm_access_log (
            business_id {uuid} NOT NULL,
            client_id {key} NOT NULL,
            hour {int} NOT NULL,
            actor_kind {key} NOT NULL,
            actor_id {key} NOT NULL,
            kind {key} NOT NULL,
            actor_name TEXT,
            views {int} NOT NULL,
            first_at {time} NOT NULL,
            last_at {time} NOT NULL,
            PRIMARY KEY (business_id, client_id, hour, actor_kind, actor_id, kind)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_access_log_hour ON crm_access_log (hour)",
        "CREATE INDEX idx_crm_soft_bounces_communication ON crm_soft_bounces (communication_id)",
        "CREATE INDEX idx_crm_batches_client ON crm_batches (business_id, client_id)",
        "CREATE INDEX idx_crm_unmatched_events_reference ON crm_unmatched_events (reference) WHERE reference IS NOT NULL",
        // What is too old to be kept still counts in the analytics.
        """
        CREATE TABLE crm_communication_totals (
            business_id {uuid} NOT NULL,
            message_type {key} NOT NULL,
            channel {key} NOT NULL,
            date {sqlite:TEXT}{postgresql:date} NOT NULL,
            total_sent {int} NOT NULL,
            delivered_count {int} NOT NULL,
            opened_count {int} NOT NULL,
            clicked_count {int} NOT NULL,
            failed_count {int} NOT NULL,
            timed_count {int} NOT NULL,
            delivery_ms {int} NOT NULL,
            PRIMARY KEY (business_id, message_type, channel, date)
        ){withoutRowID}
        """,
        "DROP VIEW crm_communication_analytics",
        """
        CREATE VIEW crm_communication_analytics AS
        SELECT business_id, message_type, channel, date, CAST(SUM(total_sent) AS {int}) AS total_sent,
            CAST(SUM(delivered_count) AS {int}) AS delivered_count, CAST(SUM(opened_count) AS {int}) AS opened_count,
            CAST(SUM(clicked_count) AS {int}) AS clicked_count, CAST(SUM(failed_count) AS {int}) AS failed_count,
            SUM(seconds) / NULLIF(SUM(timed_count), 0) AS avg_delivery_time_seconds
        FROM (
            SELECT business_id, message_type, CAST(channel AS TEXT) AS channel, {date:created_at} AS date, 1 AS total_sent,
                CASE WHEN delivered_at IS NOT NULL THEN 1 ELSE 0 END AS delivered_count,
                CASE WHEN opened_at IS NOT NULL THEN 1 ELSE 0 END AS opened_count,
                CASE WHEN clicked_at IS NOT NULL THEN 1 ELSE 0 END AS clicked_count,
                CASE WHEN status = 'failed' THEN 1 ELSE 0 END AS failed_count,
                {seconds:delivered_at - sent_at} AS seconds,
                CASE WHEN delivered_at IS NOT NULL AND sent_at IS NOT NULL THEN 1 ELSE 0 END AS timed_count
            FROM crm_communications
            WHERE sent_at IS NOT NULL OR status = 'failed'
            UNION ALL
            SELECT business_id, message_type, channel, date, total_sent, delivered_count, opened_count, clicked_count, failed_count,
                delivery_ms / 1000.0, timed_count
            FROM crm_communication_totals
        ) AS t
        GROUP BY business_id, message_type, channel, date
        """,
    ]
}
