import Core

/// How an event fares at an endpoint.
public enum EventDeliveryStatus: String, Sendable, Hashable, CaseIterable {
    case waiting, delivered, failed
}

/// One attempt to hand an event to an endpoint.
public struct EventAttempt: Sendable, Hashable {
    public var at: Timestamp
    /// Milliseconds.
    public var duration: Int
    public var responseStatus: Int?
    public var error: String?
    public var response: String?
}

/// An event at an endpoint with all that happened to it there.
public struct EventDelivery: Sendable, Hashable {
    public var event: StoredEvent
    public var status: EventDeliveryStatus
    public var nextAttemptAt: Timestamp?
    public var finishedAt: Timestamp?
    /// Oldest first.
    public var attempts: [EventAttempt]
}

/// What an endpoint was told, and telling it again.
extension Transaction {
    /// Newest first. The caller has made sure that the endpoint is the business's own.
    ///
    /// - Parameter before: the position of the last one of the page before.
    public func eventDeliveries(
        endpoint: UUIDv7, status: EventDeliveryStatus? = nil, event: UUIDv7? = nil, before: Int64? = nil, limit: Int
    ) throws -> [EventDelivery] {
        var conditions: [SQL] = ["d.endpoint_id = \(endpoint)"]
        if let status { conditions.append("d.status = \(status.rawValue)") }
        if let event { conditions.append("v.event_id = \(event)") }
        if let before { conditions.append("d.position < \(before)") }
        var deliveries = try run(
            """
            SELECT \(StoredEvent.columns), d.status, d.next_attempt_at, d.finished_at
            FROM crm_event_deliveries d JOIN crm_outgoing_events v ON v.position = d.position
            WHERE \(SQL.all(conditions)) ORDER BY d.position DESC LIMIT \(limit)
            """
        ).map { row in
            let first = StoredEvent.columnCount
            return EventDelivery(
                event: try StoredEvent(row, content), status: try row.oneOf(first, as: EventDeliveryStatus.self),
                nextAttemptAt: try row.timeOrNil(first + 1), finishedAt: try row.timeOrNil(first + 2), attempts: [])
        }
        let attempts = try attempts(endpoint, deliveries.map(\.event.position))
        for index in deliveries.indices { deliveries[index].attempts = attempts[deliveries[index].event.position] ?? [] }
        return deliveries
    }

    private func attempts(_ endpoint: UUIDv7, _ positions: [Int64]) throws -> [Int64: [EventAttempt]] {
        guard !positions.isEmpty, let business = try business(ofEndpoint: endpoint) else { return [:] }
        var found: [Int64: [EventAttempt]] = [:]
        for row in try run(
            """
            SELECT position, attempted_at, duration_ms, response_status, error, response, attempt_id FROM crm_event_attempts
            WHERE endpoint_id = \(endpoint) AND position IN (\(SQL.padded(positions.map { .int($0) }))) ORDER BY position, attempt_id
            """)
        {
            let (position, attempt) = (try row.int64(0), try row.int64(6))
            found[position, default: []].append(
                EventAttempt(
                    at: try row.time(1), duration: try row.int(2), responseStatus: try row.intOrNil(3), error: try row.textOrNil(4),
                    response: try content.opened(try row.textOrNil(5), .endpointResponse(business, endpoint, position, attempt))))
        }
        return found
    }

    /// Nil for an endpoint that is gone.
    func business(ofEndpoint endpoint: UUIDv7) throws(DatabaseError) -> BusinessID? {
        try run("SELECT business_id FROM crm_webhook_endpoints WHERE endpoint_id = \(endpoint)").first?.uuid(0)
    }

    /// Offers one event again, at once and as if for the first time. False: the endpoint has had no such event.
    public func retryEvent(_ id: UUIDv7, endpoint: UUIDv7) throws -> Bool {
        guard
            let row = try run(
                """
                SELECT d.position, d.lane FROM crm_event_deliveries d JOIN crm_outgoing_events v ON v.position = d.position
                WHERE d.endpoint_id = \(endpoint) AND v.event_id = \(id)
                """
            ).first
        else { return false }
        let position = try row.int64(0)
        try lockLanes(endpoint, "SELECT CAST(\(try row.text(1)) AS text)")
        try execute(
            """
            UPDATE crm_event_deliveries SET status = 'waiting', attempts = 0, next_attempt_at = \(now), finished_at = NULL
            WHERE endpoint_id = \(endpoint) AND position = \(position)
            """)
        try addLanes("d.endpoint_id = \(endpoint) AND d.position = \(position)")
        // It may wait for its next attempt; whoever is delivering at this moment keeps their lease.
        try execute(
            """
            UPDATE crm_event_lanes SET due_at = \(now.milliseconds)
            WHERE endpoint_id = \(endpoint) AND lane = \(try row.text(1)) AND lease_token IS NULL
            """)
        leavesNewEvents()
        return true
    }

    /// A step of a replay.
    public struct Replay: Sendable, Hashable {
        /// Offered again by this step.
        public var count: Int
        /// Where the next step begins; nil after the last one.
        public var next: Int64?
    }

    /// Offers the events that happened in `since..<until` again, whatever became of them, as far as the endpoint wants their types.
    /// One step of at most `limit` events.
    public func replayEvents(
        endpoint: UUIDv7, business: BusinessID, since: Timestamp, until: Timestamp, after: Int64, limit: Int
    ) throws -> Replay {
        let rows = try run(
            """
            SELECT v.position FROM crm_outgoing_events v JOIN crm_webhook_endpoints e ON e.endpoint_id = \(endpoint)
            WHERE v.business_id = \(business) AND e.business_id = \(business) AND v.position > \(after)
                AND v.occurred_at >= \(since) AND v.occurred_at < \(until) AND v.is_new = \(false) AND v.event_type <> \(StoredEvent.testType)
                AND (e.event_types = '' OR e.event_types LIKE '%,' || v.event_type || ',%')
            ORDER BY v.position LIMIT \(limit)
            """)
        let positions = try rows.map { try $0.int64(0) }
        guard let last = positions.last else { return Replay(count: 0, next: nil) }
        let list = SQL.padded(positions.map { .int($0) })
        try lockLanes(
            endpoint,
            "SELECT COALESCE(v.client_id, CAST(v.event_id AS text)) FROM crm_outgoing_events v WHERE v.position IN (\(list))")
        try execute(
            """
            INSERT INTO crm_event_deliveries (endpoint_id, position, lane, status, next_attempt_at)
            SELECT e.endpoint_id, v.position, COALESCE(v.client_id, CAST(v.event_id AS text)), 'waiting', \(now)
            FROM crm_outgoing_events v JOIN crm_webhook_endpoints e ON e.endpoint_id = \(endpoint) WHERE v.position IN (\(list))
            ON CONFLICT (endpoint_id, position) DO UPDATE SET status = 'waiting', attempts = 0, next_attempt_at = excluded.next_attempt_at,
                finished_at = NULL
            """)
        try addLanes("d.endpoint_id = \(endpoint) AND d.position IN (\(list))")
        leavesNewEvents()
        return Replay(count: positions.count, next: positions.count < limit ? nil : last)
    }

    /// Lanes before deliveries, as those do who record attempts: two orders would end in a deadlock.
    private func lockLanes(_ endpoint: UUIDv7, _ lanes: SQL) throws(DatabaseError) {
        try run(
            "SELECT lane FROM crm_event_lanes WHERE endpoint_id = \(endpoint) AND lane IN (\(lanes)) ORDER BY lane \(dialect.forUpdate)")
    }

    /// Queues an event for this endpoint alone, to see whether it works.
    public func emitTest(endpoint: UUIDv7, business: BusinessID) throws -> UUIDv7 {
        let id = UUIDv7(at: now)
        try execute(
            """
            INSERT INTO crm_outgoing_events (event_id, business_id, event_type, occurred_at, created_at, is_new)
            VALUES (\(id), \(business), \(StoredEvent.testType), \(now), \(now), \(false))
            """)
        try execute(
            """
            INSERT INTO crm_event_deliveries (endpoint_id, position, lane, status, next_attempt_at)
            SELECT \(endpoint), v.position, CAST(v.event_id AS text), 'waiting', \(now) FROM crm_outgoing_events v WHERE v.event_id = \(id)
            """)
        try addLanes("d.endpoint_id = \(endpoint) AND d.position = (SELECT v.position FROM crm_outgoing_events v WHERE v.event_id = \(id))")
        leavesNewEvents()
        return id
    }

    /// Forgets events written before `time` with all their deliveries, oldest first.
    ///
    /// - Returns: how many there were; fewer than `limit` means that none is left.
    public func purgeEvents(before time: Timestamp, limit: Int) throws -> Int {
        let rows = try run("SELECT position, created_at FROM crm_outgoing_events ORDER BY position LIMIT \(limit)")
        let old = try rows.filter { try $0.time(1) < time }.map { SQLValue.int(try $0.int64(0)) }
        guard !old.isEmpty else { return 0 }
        return try execute("DELETE FROM crm_outgoing_events WHERE position IN (\(SQL.padded(old)))")
    }
}

/// What waits for the endpoints, over all businesses.
public struct EventBacklog: Sendable, Hashable {
    public var waiting: Int
    public var oldest: Timestamp?
}

extension Transaction {
    /// Counts what has not been delivered to enabled endpoints; for metrics.
    public func eventBacklog() throws -> EventBacklog {
        let waiting = try run(
            """
            SELECT COUNT(*), MIN(v.created_at) FROM crm_event_deliveries d JOIN crm_webhook_endpoints e ON e.endpoint_id = d.endpoint_id
            JOIN crm_outgoing_events v ON v.position = d.position WHERE d.status = 'waiting' AND e.is_enabled = \(true)
            """)[0]
        let new = try run("SELECT COUNT(*), MIN(created_at) FROM crm_outgoing_events WHERE is_new")[0]
        return EventBacklog(
            waiting: try waiting.int(0) + (try new.int(0)),
            oldest: [try waiting.timeOrNil(1), try new.timeOrNil(1)].compactMap { $0 }.min())
    }
}
