import Core

/// An event as it was written down.
public struct StoredEvent: Sendable, Hashable {
    /// Rises with the time of writing; what is ordered is ordered by it.
    public var position: Int64
    /// Names the event to its receivers, the same at every attempt.
    public var id: UUIDv7
    /// One of ``OutgoingEventType``'s raw values, or ``testType``.
    public var type: String
    public var clientID: ClientID?
    public var communication: CommunicationID?
    public var planID: String?
    public var messageType: String?
    public var channel: Channel?
    public var provider: String?
    public var sandbox: Bool
    public var occurredAt: Timestamp
    /// Further members, a JSON object.
    public var data: [UInt8]

    /// Of events that somebody sends to see whether an endpoint works.
    public static let testType = "webhook.test"

    static let columns: SQL = """
        v.position, v.event_id, v.event_type, v.client_id, v.communication_id, v.plan_id, v.message_type, v.channel, v.provider,
        v.sandbox, v.occurred_at, v.data, v.business_id
        """
    static let columnCount = 13

    /// Reads ``columns``.
    init(_ row: Row, _ content: ContentSeal) throws(DatabaseError) {
        position = try row.int64(0)
        id = try row.uuid(1)
        type = try row.text(2)
        clientID = try row.textOrNil(3).flatMap { ClientID($0) }
        communication = try row.uuidOrNil(4)
        planID = try row.textOrNil(5)
        messageType = try row.textOrNil(6)
        channel = try row.textOrNil(7).flatMap { Channel(rawValue: $0) }
        provider = try row.textOrNil(8)
        sandbox = try row.bool(9)
        occurredAt = try row.time(10)
        data = try content.opened(json: try row.json(11), .eventData(try row.uuid(12), id))
    }
}

/// An event whose turn it is at an endpoint, under this process's lease.
public struct DueEvent: Sendable {
    public var endpoint: UUIDv7
    public var lane: String
    public var event: StoredEvent
    /// Attempts before this one.
    public var attempts: Int
}

/// How an attempt at an endpoint ended, to be recorded.
public struct EventOutcome: Sendable {
    /// What becomes of the event.
    public enum Result: Sendable, Hashable {
        case delivered
        case retry(at: Timestamp)
        case failed
        /// It never began (shutdown): its turn again at once, the attempt does not count.
        case released
    }

    public var due: DueEvent
    public var startedAt: Timestamp
    /// Milliseconds.
    public var duration: Int
    public var responseStatus: Int?
    /// For people; never an address or a secret.
    public var error: String?
    /// The answer's first part, without control characters.
    public var response: String?
    public var result: Result
    /// The endpoint said 410: it is switched off.
    public var isGone: Bool

    public init(
        due: DueEvent, startedAt: Timestamp, duration: Int, responseStatus: Int?, error: String?, response: String?, result: Result,
        isGone: Bool = false
    ) {
        self.due = due
        self.startedAt = startedAt
        self.duration = duration
        self.responseStatus = responseStatus
        self.error = error
        self.response = response
        self.result = result
        self.isGone = isGone
    }
}
