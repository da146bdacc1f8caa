import Core

/// A request to confirm consent to marketing on one channel, as it was sent to the address itself.
public struct OptInRequest: Sendable, Hashable {
    public var id: UUIDv7
    public var client: ClientID
    public var channel: Channel
    /// What the client was shown and what shows it, sealed (``SealContext/optInStatement(_:_:)``).
    public var statement: SealedValue
    public var requestedAt: Timestamp
    /// From then on it can not be confirmed any more.
    public var expiresAt: Timestamp
    public var confirmedAt: Timestamp?

    public init(
        id: UUIDv7, client: ClientID, channel: Channel, statement: SealedValue, requestedAt: Timestamp, expiresAt: Timestamp,
        confirmedAt: Timestamp? = nil
    ) {
        self.id = id
        self.client = client
        self.channel = channel
        self.statement = statement
        self.requestedAt = requestedAt
        self.expiresAt = expiresAt
        self.confirmedAt = confirmedAt
    }
}

extension SealContext {
    /// What a client was shown before they were asked to confirm.
    public static func optInStatement(_ business: BusinessID, _ request: UUIDv7) -> SealContext {
        SealContext(table: "crm_opt_in_requests", column: "statement", business: business, row: request.description)
    }
}

/// Requests for double opt-in: the last one of each client and channel.
extension Transaction {
    /// The request that waits or was confirmed last; nil when the client was never asked on the channel.
    public func optInRequest(of client: ClientID, on channel: Channel, business: BusinessID) throws -> OptInRequest? {
        try run(
            """
            SELECT request_id, channel, statement, requested_at, expires_at, confirmed_at FROM crm_opt_in_requests
            WHERE business_id = \(business) AND client_id = \(client) AND channel = \(channel)
            """
        ).first.map { row in
            OptInRequest(
                id: try row.uuid(0), client: client, channel: try row.channel(1), statement: SealedValue(bytes: try row.bytes(2)),
                requestedAt: try row.time(3), expiresAt: try row.time(4), confirmedAt: try row.timeOrNil(5))
        }
    }

    /// When the client was last asked, on whatever channel.
    public func lastOptInRequest(of client: ClientID, business: BusinessID) throws -> Timestamp? {
        try run("SELECT MAX(requested_at) FROM crm_opt_in_requests WHERE business_id = \(business) AND client_id = \(client)")
            .first?.timeOrNil(0)
    }

    /// Puts the request in the place of the channel's last one. The client must have a record.
    public func putOptInRequest(_ request: OptInRequest, business: BusinessID) throws {
        try execute(
            """
            INSERT INTO crm_opt_in_requests (business_id, client_id, channel, request_id, statement, requested_at, expires_at)
            VALUES (\(business), \(request.client), \(request.channel), \(request.id), \(request.statement), \(request.requestedAt),
                \(request.expiresAt))
            ON CONFLICT (business_id, client_id, channel) DO UPDATE SET request_id = excluded.request_id, statement = excluded.statement,
                requested_at = excluded.requested_at, expires_at = excluded.expires_at, confirmed_at = NULL
            """)
    }

    /// Forgets a request whose message could not be accepted.
    public func withdrawOptInRequest(_ id: UUIDv7, of client: ClientID, business: BusinessID) throws {
        try execute(
            "DELETE FROM crm_opt_in_requests WHERE business_id = \(business) AND client_id = \(client) AND request_id = \(id)")
    }

    /// False: it is confirmed already, or another one has taken its place.
    public func confirmOptInRequest(_ id: UUIDv7, of client: ClientID, business: BusinessID) throws -> Bool {
        try execute(
            """
            UPDATE crm_opt_in_requests SET confirmed_at = \(now)
            WHERE business_id = \(business) AND client_id = \(client) AND request_id = \(id) AND confirmed_at IS NULL
            """) > 0
    }
}
