/// Events for the businesses' own endpoints: the endpoints, the outbox, and what became of each event at each of them.
///
/// An event is one row, written by the transaction that makes it true; only later is it distributed to the endpoints. So the way
/// of a message pays for one insertion and waits for no lock. A lane is one client at one endpoint with something left to deliver:
/// its events go out one after the other, and the lanes of other clients do not wait for it.
enum M004_OutgoingEvents {
    static let name = "004_outgoing_events"

    static let statements: [String] = [
        """
        CREATE TABLE crm_webhook_endpoints (
            endpoint_id {uuid} PRIMARY KEY,
            business_id {uuid} NOT NULL REFERENCES crm_businesses (business_id),
            url TEXT NOT NULL,
            description TEXT NOT NULL DEFAULT '',
            event_types TEXT NOT NULL DEFAULT '',
            secret {bytes} NOT NULL,
            previous_secret {bytes},
            previous_secret_until {time},
            is_enabled {bool} NOT NULL DEFAULT TRUE,
            disabled_reason TEXT,
            disabled_at {time},
            failing_since {time},
            created_at {time} NOT NULL,
            updated_at {time} NOT NULL
        )
        """,
        "CREATE INDEX idx_crm_webhook_endpoints_business ON crm_webhook_endpoints (business_id, endpoint_id)",
        """
        CREATE TABLE crm_outgoing_events (
            position {sqlite:INTEGER PRIMARY KEY AUTOINCREMENT}{postgresql:bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY},
            event_id {uuid} NOT NULL UNIQUE,
            business_id {uuid} NOT NULL,
            event_type TEXT NOT NULL,
            client_id {key},
            communication_id {uuid},
            plan_id {key},
            message_type TEXT,
            channel TEXT,
            provider TEXT,
            sandbox {bool} NOT NULL DEFAULT FALSE,
            occurred_at {time} NOT NULL,
            created_at {time} NOT NULL,
            data {document} NOT NULL DEFAULT '{}',
            is_new {bool} NOT NULL DEFAULT TRUE
        )
        """,
        "CREATE INDEX idx_crm_outgoing_events_new ON crm_outgoing_events (position) WHERE is_new",
        "CREATE INDEX idx_crm_outgoing_events_business ON crm_outgoing_events (business_id, position)",
        "CREATE INDEX idx_crm_outgoing_events_client ON crm_outgoing_events (business_id, client_id) WHERE client_id IS NOT NULL",
        """
        CREATE TABLE crm_event_deliveries (
            endpoint_id {uuid} NOT NULL REFERENCES crm_webhook_endpoints (endpoint_id) ON DELETE CASCADE,
            position {int} NOT NULL REFERENCES crm_outgoing_events (position) ON DELETE CASCADE,
            lane {key} NOT NULL,
            status TEXT NOT NULL CHECK ({oneOf:status:waiting,delivered,failed}),
            attempts INTEGER NOT NULL DEFAULT 0,
            next_attempt_at {time},
            finished_at {time},
            PRIMARY KEY (endpoint_id, position)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_event_deliveries_waiting ON crm_event_deliveries (endpoint_id, lane, position) WHERE status = 'waiting'",
        "CREATE INDEX idx_crm_event_deliveries_event ON crm_event_deliveries (position)",
        """
        CREATE TABLE crm_event_lanes (
            endpoint_id {uuid} NOT NULL REFERENCES crm_webhook_endpoints (endpoint_id) ON DELETE CASCADE,
            lane {key} NOT NULL,
            due_at {int} NOT NULL,
            lease_token {int},
            PRIMARY KEY (endpoint_id, lane)
        ){withoutRowID}
        """,
        "CREATE INDEX idx_crm_event_lanes_due ON crm_event_lanes (endpoint_id, due_at)",
        """
        CREATE TABLE crm_event_attempts (
            endpoint_id {uuid} NOT NULL,
            position {int} NOT NULL,
            attempt_id {int} NOT NULL,
            attempted_at {time} NOT NULL,
            duration_ms INTEGER NOT NULL,
            response_status INTEGER,
            error TEXT,
            response TEXT,
            PRIMARY KEY (endpoint_id, position, attempt_id),
            FOREIGN KEY (endpoint_id, position) REFERENCES crm_event_deliveries (endpoint_id, position) ON DELETE CASCADE
        ){withoutRowID}
        """,
    ]
}
