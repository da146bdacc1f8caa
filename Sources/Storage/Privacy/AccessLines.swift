import Core

/// Somebody looked at a client's data, so and so often within an hour.
public struct AccessLine: Sendable, Hashable {
    public var business: BusinessID
    public var client: ClientID
    public var actor: Actor
    public var kind: AccessKind
    public var views: Int
    public var firstAt: Timestamp
    public var lastAt: Timestamp

    public init(business: BusinessID, client: ClientID, actor: Actor, kind: AccessKind, views: Int, firstAt: Timestamp, lastAt: Timestamp) {
        self.business = business
        self.client = client
        self.actor = actor
        self.kind = kind
        self.views = views
        self.firstAt = firstAt
        self.lastAt = lastAt
    }

    /// Whole hours since the epoch.
    static func hour(of time: Timestamp) -> Int64 { time.milliseconds / 3_600_000 }

    /// Where a page ends.
    public struct Position: Sendable, Hashable {
        public var hour: Int64
        public var actorKind: String
        public var actorID: String
        public var kind: String

        public init(hour: Int64, actorKind: String, actorID: String, kind: String) {
            self.hour = hour
            self.actorKind = actorKind
            self.actorID = actorID
            self.kind = kind
        }
    }

    public var position: Position {
        Position(hour: Self.hour(of: firstAt), actorKind: actor.kind.rawValue, actorID: actor.id, kind: kind.rawValue)
    }
}

/// Who looked at whom.
extension Transaction {
    /// Adds what was seen, to the hour that it belongs to. Looks at nobody (an id that nothing is known of, somebody who was erased
    /// meanwhile) leave nothing.
    public func noteAccess(_ lines: [AccessLine]) throws {
        guard !lines.isEmpty else { return }
        var rows = RowSet(
            (name: "business", kind: .uuid), (name: "client", kind: .text), (name: "hour", kind: .int), (name: "actor_kind", kind: .text),
            (name: "actor_id", kind: .text), (name: "kind", kind: .text), (name: "actor_name", kind: .text), (name: "views", kind: .int),
            (name: "first_at", kind: .time), (name: "last_at", kind: .time))
        for line in lines {
            rows.append(
                .uuid(line.business), .text(line.client.text), .int(AccessLine.hour(of: line.firstAt)), .text(line.actor.kind.rawValue),
                .text(line.actor.id), .text(line.kind.rawValue), .optional(line.actor.name), .int(Int64(line.views)), .time(line.firstAt),
                .time(line.lastAt))
        }
        let table = rows.table(dialect)
        // The lock makes an erasure wait that has not removed the record yet; after one there is no record to be found.
        try insert(table, "JOIN crm_clients p ON p.business_id = u.business AND p.client_id = u.client", "TRUE")
        try insert(
            table, "JOIN crm_client_preferences p ON p.business_id = u.business AND p.client_id = u.client",
            "NOT EXISTS (SELECT 1 FROM crm_clients c WHERE c.business_id = u.business AND c.client_id = u.client)")
    }

    private func insert(_ table: SQL, _ person: SQL, _ condition: SQL) throws {
        let lock: SQL = dialect == .postgresql ? "FOR KEY SHARE OF p" : ""
        try execute(
            """
            INSERT INTO crm_access_log AS l (business_id, client_id, hour, actor_kind, actor_id, kind, actor_name, views, first_at, last_at)
            SELECT u.business, u.client, u.hour, u.actor_kind, u.actor_id, u.kind, u.actor_name, u.views, u.first_at, u.last_at
            FROM \(table) AS u \(person)
            WHERE \(condition) \(lock)
            ON CONFLICT (business_id, client_id, hour, actor_kind, actor_id, kind) DO UPDATE SET views = l.views + excluded.views,
                last_at = CASE WHEN excluded.last_at > l.last_at THEN excluded.last_at ELSE l.last_at END,
                first_at = CASE WHEN excluded.first_at < l.first_at THEN excluded.first_at ELSE l.first_at END
            """)
    }

    /// Up to `limit` lines about a client, newest first.
    public func accessLines(of client: ClientID, business: BusinessID, after: AccessLine.Position? = nil, limit: Int) throws -> [AccessLine]
    {
        var conditions: [SQL] = ["business_id = \(business)", "client_id = \(client)"]
        if let after {
            conditions.append(
                "(hour, actor_kind, actor_id, kind) < (\(after.hour), \(after.actorKind), \(after.actorID), \(after.kind))")
        }
        return try run(
            """
            SELECT actor_kind, actor_id, actor_name, kind, views, first_at, last_at FROM crm_access_log
            WHERE \(SQL.all(conditions)) ORDER BY hour DESC, actor_kind DESC, actor_id DESC, kind DESC LIMIT \(limit)
            """
        ).map { row in
            AccessLine(
                business: business, client: client,
                actor: Actor(try row.oneOf(0, as: Actor.Kind.self), id: try row.text(1), name: try row.textOrNil(2)),
                kind: try row.oneOf(3, as: AccessKind.self), views: try row.int(4), firstAt: try row.time(5), lastAt: try row.time(6))
        }
    }
}

extension Transaction {
    /// Whose these communications are.
    public func owners(of communications: [CommunicationID], business: BusinessID) throws -> Set<ClientID> {
        guard !communications.isEmpty else { return [] }
        let ids = SQL.padded(communications.map(SQLValue.uuid))
        return Set(
            try run("SELECT DISTINCT client_id FROM crm_communications WHERE communication_id IN (\(ids)) AND business_id = \(business)")
                .map { try $0.clientID(0) })
    }
}
