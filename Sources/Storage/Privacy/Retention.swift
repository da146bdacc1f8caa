import Core

/// Removes what has been kept long enough, a bounded number of rows at a time. Nothing that has not ended is touched.
extension Transaction {
    /// All instances take the same lock, so that one removes at a time.
    private static let retentionLock: Int64 = 0x5250_5411

    /// False: another instance is at it. To be asked first thing in each step.
    public func takesRetentionTurn() throws -> Bool {
        guard dialect == .postgresql else { return true }
        return try run("SELECT pg_try_advisory_xact_lock(\(Self.retentionLock))").first?.bool(0) ?? false
    }

    /// Removes up to `limit` communications that ended before `moment`, with their logs, files, sandbox copies and provider ids. What
    /// they add to the analytics is kept as totals.
    ///
    /// - Parameter after: where the step before ended; what waits for longer than that is not looked at twice.
    /// - Returns: how many there were, and where the next step begins; nil after the last one.
    public func purgeCommunications(endedBefore moment: Timestamp, after: UUIDv7?, limit: Int) throws -> (removed: Int, next: UUIDv7?) {
        let found = try run(
            """
            SELECT communication_id, batch_id,
                status NOT IN ('pending', 'queued', 'sending') AND COALESCE(clicked_at, opened_at, delivered_at, sent_at, failed_at,
                    scheduled_for) < \(moment) AND NOT EXISTS (
                        SELECT 1 FROM crm_delivery_queue q WHERE q.communication_id = crm_communications.communication_id)
            FROM crm_communications
            WHERE communication_id < \(UUIDv7.first(at: moment)) AND communication_id > \(after ?? UUIDv7(high: 0, low: 0))
            ORDER BY communication_id LIMIT \(limit) \(dialect.forUpdateSkipLocked)
            """)
        let next = found.count < limit ? nil : try found.last?.uuid(0)
        let old = try found.filter { try $0.bool(2) }
        guard !old.isEmpty else { return (0, next) }
        let ids = SQL.padded(try old.map { .uuid(try $0.uuid(0)) })
        try addToTotals(ids)
        for table in Self.partsOfCommunications {
            try execute("DELETE FROM \(unsafeSQL: table) WHERE communication_id IN (\(ids))")
        }
        let removed = try execute("DELETE FROM crm_communications WHERE communication_id IN (\(ids))")
        let batches = try old.compactMap { try $0.uuidOrNil(1) }.map(SQLValue.uuid)
        if !batches.isEmpty {
            try execute(
                """
                DELETE FROM crm_batches WHERE batch_id IN (\(SQL.padded(batches))) AND NOT EXISTS (
                    SELECT 1 FROM crm_communications c WHERE c.batch_id = crm_batches.batch_id)
                """)
        }
        return (removed, next)
    }

    private static let partsOfCommunications: [StaticString] = [
        "crm_communication_attachments", "crm_delivery_logs", "crm_sandbox_messages", "crm_provider_messages", "crm_receipt_deadlines",
        "crm_soft_bounces",
    ]

    /// As `crm_communication_analytics` counts them.
    private func addToTotals(_ ids: SQL) throws {
        let date: SQL =
            dialect == .sqlite ? "date(created_at / 1000, 'unixepoch')" : "CAST((created_at AT TIME ZONE 'UTC') AS date)"
        let milliseconds: SQL =
            dialect == .sqlite
            ? "SUM(delivered_at - sent_at)" : "CAST(SUM(EXTRACT(EPOCH FROM (delivered_at - sent_at))) * 1000 AS bigint)"
        try execute(
            """
            INSERT INTO crm_communication_totals AS t (business_id, message_type, channel, date, total_sent, delivered_count, opened_count,
                clicked_count, failed_count, timed_count, delivery_ms)
            SELECT business_id, message_type, channel, \(date), COUNT(*), COUNT(delivered_at), COUNT(opened_at), COUNT(clicked_at),
                SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END),
                SUM(CASE WHEN delivered_at IS NOT NULL AND sent_at IS NOT NULL THEN 1 ELSE 0 END), COALESCE(\(milliseconds), 0)
            FROM crm_communications
            WHERE communication_id IN (\(ids)) AND (sent_at IS NOT NULL OR status = 'failed')
            GROUP BY business_id, message_type, channel, \(date)
            ON CONFLICT (business_id, message_type, channel, date) DO UPDATE SET total_sent = t.total_sent + excluded.total_sent,
                delivered_count = t.delivered_count + excluded.delivered_count, opened_count = t.opened_count + excluded.opened_count,
                clicked_count = t.clicked_count + excluded.clicked_count, failed_count = t.failed_count + excluded.failed_count,
                timed_count = t.timed_count + excluded.timed_count, delivery_ms = t.delivery_ms + excluded.delivery_ms
            """)
    }

    /// Removes up to `limit` replies from before `moment`; those that a person should still look at stay.
    public func purgeReplies(before moment: Timestamp, limit: Int) throws -> Int {
        try execute(
            """
            DELETE FROM crm_replies WHERE reply_id IN (SELECT reply_id FROM crm_replies
                WHERE received_at < \(moment) AND reply_id < \(UUIDv7.first(at: moment)) AND NOT needs_attention
                ORDER BY reply_id LIMIT \(limit))
            """)
    }

    /// Removes up to `limit` messages that the sandbox kept before `moment`; their communications stay.
    public func purgeSandbox(before moment: Timestamp, limit: Int) throws -> Int {
        try execute(
            """
            DELETE FROM crm_sandbox_messages WHERE message_id IN (SELECT message_id FROM crm_sandbox_messages
                WHERE message_id < \(UUIDv7.first(at: moment)) ORDER BY message_id LIMIT \(limit))
            """)
    }

    /// Removes up to `limit` lines of the access log from before `moment`.
    public func purgeAccessLog(before moment: Timestamp, limit: Int) throws -> Int {
        let key: SQL = "business_id, client_id, hour, actor_kind, actor_id, kind"
        return try execute(
            """
            DELETE FROM crm_access_log WHERE (\(key)) IN (SELECT \(key) FROM crm_access_log
                WHERE hour < \(AccessLine.hour(of: moment)) ORDER BY hour LIMIT \(limit))
            """)
    }
}
