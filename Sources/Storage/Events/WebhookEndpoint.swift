import Core

/// Where a business wants to be told of events.
public struct WebhookEndpoint: Sendable, Hashable {
    /// What a caller decides.
    public struct Wishes: Sendable, Hashable {
        public var url: String
        public var description: String
        /// Empty means all of them, also those to come.
        public var eventTypes: [OutgoingEventType]

        public init(url: String, description: String, eventTypes: [OutgoingEventType]) {
            self.url = url
            self.description = description
            self.eventTypes = eventTypes
        }
    }

    public var id: UUIDv7
    public var business: BusinessID
    public var wishes: Wishes
    /// The key that signs, sealed for ``SealContext/webhookSecret(_:_:)``.
    public var secret: SealedValue
    /// The key before it; signs along until ``previousSecretUntil``.
    public var previousSecret: SealedValue?
    public var previousSecretUntil: Timestamp?
    public var isEnabled: Bool
    /// For people; nil while it is enabled.
    public var disabledReason: String?
    public var disabledAt: Timestamp?
    /// Since when every attempt has failed; nil after a success.
    public var failingSince: Timestamp?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    public init(id: UUIDv7, business: BusinessID, wishes: Wishes, secret: SealedValue, at time: Timestamp) {
        self.id = id
        self.business = business
        self.wishes = wishes
        self.secret = secret
        isEnabled = true
        createdAt = time
        updatedAt = time
    }

    static let columns: SQL = """
        e.endpoint_id, e.business_id, e.url, e.description, e.event_types, e.secret, e.previous_secret, e.previous_secret_until,
        e.is_enabled, e.disabled_reason, e.disabled_at, e.failing_since, e.created_at, e.updated_at
        """

    /// Reads ``columns``.
    init(_ row: Row) throws(DatabaseError) {
        id = try row.uuid(0)
        business = try row.uuid(1)
        wishes = Wishes(
            url: try row.text(2), description: try row.text(3), eventTypes: WebhookInterest.types(columnText: try row.text(4)))
        secret = SealedValue(bytes: try row.bytes(5))
        previousSecret = try row.sealedOrNil(6)
        previousSecretUntil = try row.timeOrNil(7)
        isEnabled = try row.bool(8)
        disabledReason = try row.textOrNil(9)
        disabledAt = try row.timeOrNil(10)
        failingSince = try row.timeOrNil(11)
        createdAt = try row.time(12)
        updatedAt = try row.time(13)
    }
}

extension SealContext {
    /// The signing keys of an endpoint, the current one and the one before it.
    public static func webhookSecret(_ business: BusinessID, _ endpoint: UUIDv7) -> SealContext {
        SealContext(table: "crm_webhook_endpoints", column: "secret", business: business, row: endpoint.description)
    }
}
