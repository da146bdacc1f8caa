import Core

/// The way of an event from the outbox to its endpoints' lanes, and who delivers what.
///
/// A lane's lease is its `due_at` pushed ahead; one that ran out is simply due again. Whoever adds to a lane writes its row, and
/// whoever ends one locks its row before looking for what is left: so nothing is left behind in a lane that is gone.
extension Transaction {
    /// One distribution at a time over all instances: otherwise a client's later event could overtake an earlier one.
    private static let distributionLock: Int64 = 0x5250_5403

    /// Takes new events to the endpoints that want them, in the order in which they were written.
    ///
    /// - Returns: how many were taken; fewer than `limit` means that none is left for us.
    public func distributeEvents(limit: Int) throws(DatabaseError) -> Int {
        if dialect == .postgresql {
            let free = try run("SELECT pg_try_advisory_xact_lock(\(Self.distributionLock))").first?.bool(0) ?? false
            guard free else { return 0 }
        }
        let rows = try run(
            """
            SELECT position FROM crm_outgoing_events WHERE is_new ORDER BY position LIMIT \(limit) \(dialect.forUpdateSkipLocked)
            """)
        var positions: [Int64] = []
        for row in rows { positions.append(try row.int64(0)) }
        guard !positions.isEmpty else { return 0 }
        let list = SQL.padded(positions.map { .int($0) })
        try execute(
            """
            INSERT INTO crm_event_deliveries (endpoint_id, position, lane, status, next_attempt_at)
            SELECT e.endpoint_id, v.position, COALESCE(v.client_id, CAST(v.event_id AS text)), 'waiting', \(now)
            FROM crm_outgoing_events v JOIN crm_webhook_endpoints e ON e.business_id = v.business_id
            WHERE v.position IN (\(list)) AND e.is_enabled = \(true)
                AND (e.event_types = '' OR e.event_types LIKE '%,' || v.event_type || ',%')
            ON CONFLICT (endpoint_id, position) DO NOTHING
            """)
        try addLanes("d.position IN (\(list))")
        try execute("UPDATE crm_outgoing_events SET is_new = \(false) WHERE position IN (\(list))")
        return positions.count
    }

    /// Gives a lane to every waiting delivery that `condition` (on `d`) holds for. A lane that is there keeps its time.
    func addLanes(_ condition: SQL) throws(DatabaseError) {
        // In one order everywhere, and an update where there is one: see above.
        try execute(
            """
            INSERT INTO crm_event_lanes (endpoint_id, lane, due_at)
            SELECT DISTINCT d.endpoint_id, d.lane, CAST(\(now.milliseconds) AS \(dialect.bigInteger)) FROM crm_event_deliveries d
            WHERE \(condition) AND d.status = 'waiting' ORDER BY 1, 2
            ON CONFLICT (endpoint_id, lane) DO UPDATE SET due_at = crm_event_lanes.due_at
            """)
    }

    /// True when events wait to be distributed.
    public func hasNewEvents() throws(DatabaseError) -> Bool {
        try !run("SELECT 1 FROM crm_outgoing_events WHERE is_new LIMIT 1").isEmpty
    }

    /// Endpoints that take events and have a lane whose time has come.
    public func endpointsWithDueEvents() throws(DatabaseError) -> [WebhookEndpoint] {
        var endpoints: [WebhookEndpoint] = []
        let rows = try run(
            """
            SELECT \(WebhookEndpoint.columns) FROM crm_webhook_endpoints e
            WHERE e.is_enabled = \(true) AND EXISTS (SELECT 1 FROM crm_event_lanes l
                WHERE l.endpoint_id = e.endpoint_id AND l.due_at <= \(now.milliseconds))
            """)
        for row in rows { endpoints.append(try WebhookEndpoint(row)) }
        return endpoints
    }

    /// Takes the first waiting event of up to `limit` lanes of an endpoint.
    ///
    /// - Parameter token: names the claiming process, new on every start.
    public func claimEvents(endpoint: UUIDv7, limit: Int, token: Int64, leaseUntil: Timestamp) throws(DatabaseError) -> [DueEvent] {
        var positions: [SQLValue]?
        // Lanes whose events were erased or have expired end here; behind them others may wait. Bounded, as every transaction is.
        for _ in 0..<100 {
            positions = try claimLanes(endpoint, limit, token, leaseUntil)
            guard let positions, positions.isEmpty else { break }
        }
        guard let positions, !positions.isEmpty else { return [] }
        var events: [DueEvent] = []
        for row in try run(
            """
            SELECT \(StoredEvent.columns), d.lane, d.attempts
            FROM crm_event_deliveries d JOIN crm_outgoing_events v ON v.position = d.position
            WHERE d.endpoint_id = \(endpoint) AND d.position IN (\(SQL.padded(positions)))
            ORDER BY d.position
            """)
        {
            events.append(
                DueEvent(
                    endpoint: endpoint, lane: try row.text(StoredEvent.columnCount), event: try StoredEvent(row, content),
                    attempts: try row.int(StoredEvent.columnCount + 1)))
        }
        return events
    }

    /// - Returns: the positions of the lanes' first events; nil when no lane is due.
    private func claimLanes(
        _ endpoint: UUIDv7, _ limit: Int, _ token: Int64, _ leaseUntil: Timestamp
    ) throws(DatabaseError) -> [SQLValue]? {
        let due = try run(
            """
            SELECT lane FROM crm_event_lanes WHERE endpoint_id = \(endpoint) AND due_at <= \(now.milliseconds)
            ORDER BY due_at LIMIT \(limit) \(dialect.forUpdateSkipLocked)
            """)
        var lanes: [SQLValue] = []
        for row in due { lanes.append(.text(try row.text(0))) }
        guard !lanes.isEmpty else { return nil }
        // A statement of its own, which sees what was committed before the locks were taken.
        let heads = try run(
            """
            SELECT l.lane, (SELECT d.position FROM crm_event_deliveries d
                WHERE d.endpoint_id = l.endpoint_id AND d.lane = l.lane AND d.status = 'waiting' ORDER BY d.position LIMIT 1)
            FROM crm_event_lanes l WHERE l.endpoint_id = \(endpoint) AND l.lane IN (\(SQL.padded(lanes)))
            """)
        var positions: [SQLValue] = []
        var taken: [SQLValue] = []
        for head in heads {
            guard let position = try head.int64OrNil(1) else {
                try execute("DELETE FROM crm_event_lanes WHERE endpoint_id = \(endpoint) AND lane = \(try head.text(0))")
                continue
            }
            positions.append(.int(position))
            taken.append(.text(try head.text(0)))
        }
        guard !positions.isEmpty else { return [] }
        try execute(
            """
            UPDATE crm_event_lanes SET due_at = \(leaseUntil.milliseconds), lease_token = \(token)
            WHERE endpoint_id = \(endpoint) AND lane IN (\(SQL.padded(taken)))
            """)
        return positions
    }

    /// After a crash on SQLite: whoever held a lease is dead, so their lanes are due now. Nothing on PostgreSQL, where others live.
    public func releaseAbandonedEventLeases(keeping token: Int64) throws(DatabaseError) {
        guard dialect == .sqlite else { return }
        try execute(
            """
            UPDATE crm_event_lanes SET due_at = \(now.milliseconds), lease_token = NULL
            WHERE lease_token IS NOT NULL AND lease_token <> \(token)
            """)
    }
}

extension SQL {
    /// As ``list(_:)``, repeated to a power of two: few different texts, so that prepared statements are found again.
    static func padded(_ values: [SQLValue]) -> SQL {
        guard let last = values.last else { return list(values) }
        var size = 1
        while size < values.count { size *= 2 }
        return list(values + Array(repeating: last, count: size - values.count))
    }
}

extension Dialect {
    fileprivate var bigInteger: SQL {
        self == .postgresql ? "bigint" : "INTEGER"
    }
}
