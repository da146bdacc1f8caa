import Core

/// Where businesses want to be told of events.
extension Transaction {
    /// Nil when the business has no such endpoint.
    public func webhookEndpoint(_ id: UUIDv7, business: BusinessID) throws -> WebhookEndpoint? {
        try run(
            """
            SELECT \(WebhookEndpoint.columns) FROM crm_webhook_endpoints e WHERE e.endpoint_id = \(id) AND e.business_id = \(business)
            """
        ).first.map(WebhookEndpoint.init)
    }

    /// Newest first.
    ///
    /// - Parameter after: the last one of the page before.
    public func webhookEndpoints(business: BusinessID, after: UUIDv7? = nil, limit: Int = 100) throws -> [WebhookEndpoint] {
        var conditions: [SQL] = ["e.business_id = \(business)"]
        if let after { conditions.append("e.endpoint_id < \(after)") }
        return try run(
            """
            SELECT \(WebhookEndpoint.columns) FROM crm_webhook_endpoints e WHERE \(SQL.all(conditions))
            ORDER BY e.endpoint_id DESC LIMIT \(limit)
            """
        ).map(WebhookEndpoint.init)
    }

    /// Of one business, disabled ones included.
    public func countWebhookEndpoints(business: BusinessID) throws -> Int {
        try run("SELECT COUNT(*) FROM crm_webhook_endpoints WHERE business_id = \(business)").first?.int(0) ?? 0
    }

    /// It gets the events that happen from now on.
    public func insertWebhookEndpoint(_ endpoint: WebhookEndpoint) throws {
        try execute(
            """
            INSERT INTO crm_webhook_endpoints (endpoint_id, business_id, url, description, event_types, secret, created_at, updated_at)
            VALUES (\(endpoint.id), \(endpoint.business), \(endpoint.wishes.url), \(endpoint.wishes.description),
                \(WebhookInterest.columnText(endpoint.wishes.eventTypes)), \(endpoint.secret.bytes), \(endpoint.createdAt),
                \(endpoint.updatedAt))
            """)
    }

    /// False: the business has no such endpoint.
    public func changeWebhookEndpoint(_ id: UUIDv7, _ wishes: WebhookEndpoint.Wishes, business: BusinessID) throws -> Bool {
        try execute(
            """
            UPDATE crm_webhook_endpoints SET url = \(wishes.url), description = \(wishes.description),
                event_types = \(WebhookInterest.columnText(wishes.eventTypes)),
                failing_since = CASE WHEN url = \(wishes.url) THEN failing_since END, updated_at = \(now)
            WHERE endpoint_id = \(id) AND business_id = \(business)
            """) > 0
    }

    /// With what waits for it and what is known of its deliveries. False: the business has no such endpoint.
    public func deleteWebhookEndpoint(_ id: UUIDv7, business: BusinessID) throws -> Bool {
        try execute("DELETE FROM crm_webhook_endpoints WHERE endpoint_id = \(id) AND business_id = \(business)") > 0
    }

    /// The key in use so far signs along until `previousUntil`. False: the business has no such endpoint.
    public func rotateWebhookSecret(_ id: UUIDv7, to secret: SealedValue, previousUntil: Timestamp, business: BusinessID) throws -> Bool {
        try execute(
            """
            UPDATE crm_webhook_endpoints SET previous_secret = secret, previous_secret_until = \(previousUntil), secret = \(secret.bytes),
                updated_at = \(now)
            WHERE endpoint_id = \(id) AND business_id = \(business)
            """) > 0
    }

    /// What waited goes out at once; what happened meanwhile can be replayed. False: the business has no such endpoint.
    public func enableWebhookEndpoint(_ id: UUIDv7, business: BusinessID) throws -> Bool {
        let changed = try execute(
            """
            UPDATE crm_webhook_endpoints SET is_enabled = \(true), disabled_reason = NULL, disabled_at = NULL, failing_since = NULL,
                updated_at = \(now)
            WHERE endpoint_id = \(id) AND business_id = \(business)
            """)
        guard changed > 0 else { return false }
        try execute(
            """
            UPDATE crm_event_lanes SET due_at = \(now.milliseconds) WHERE endpoint_id = \(id) AND lease_token IS NULL
                AND due_at > \(now.milliseconds)
            """)
        leavesNewEvents()
        return true
    }

    /// Nothing goes there any more until it is enabled. False: there is none, or it is disabled already.
    @discardableResult
    public func disableWebhookEndpoint(_ id: UUIDv7, reason: String, business: BusinessID) throws -> Bool {
        try execute(
            """
            UPDATE crm_webhook_endpoints SET is_enabled = \(false), disabled_reason = \(reason), disabled_at = \(now), updated_at = \(now)
            WHERE endpoint_id = \(id) AND business_id = \(business) AND is_enabled = \(true)
            """) > 0
    }
}
