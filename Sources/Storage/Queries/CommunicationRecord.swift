import Core

/// A communication as it stands.
public struct CommunicationRecord: Sendable, Hashable {
    public var id: CommunicationID
    public var clientID: ClientID
    public var planID: String?
    public var messageType: String
    public var category: MessageCategory
    public var urgency: Urgency
    public var channel: Channel
    /// The channels that are left should this one fail.
    public var fallbacks: [Channel]
    public var status: CommunicationStatus
    /// The caller's JSON object, byte for byte.
    public var context: [UInt8]
    /// A JSON object of ours: priority, decision and the like.
    public var metadata: [UInt8]
    public var batchID: UUIDv7?
    public var scheduledFor: Timestamp
    public var createdAt: Timestamp
    public var sentAt: Timestamp?
    public var deliveredAt: Timestamp?
    public var openedAt: Timestamp?
    public var clickedAt: Timestamp?
    public var failedAt: Timestamp?
    public var errorMessage: String?
    public var errorCategory: String?
    public var retryCount: Int
    public var needsReview: Bool
    public var sandbox: Bool
}

extension CommunicationRecord {
    static let columns: SQL = """
        m.communication_id, m.client_id, m.plan_id, m.message_type, m.category, m.urgency, m.channel, m.fallback_channels, m.status,
        m.context, m.metadata, m.batch_id, m.scheduled_for, m.created_at, m.sent_at, m.delivered_at, m.opened_at, m.clicked_at,
        m.failed_at, m.error_message, m.error_category, m.retry_count, m.needs_review, m.sandbox,
        m.sealed_context
        """

    /// Columns in the order of ``columns``.
    init(row: Row, business: BusinessID, content: ContentSeal) throws {
        self.init(
            id: try row.uuid(0), clientID: try row.clientID(1), planID: try row.textOrNil(2), messageType: try row.text(3),
            category: try row.oneOf(4, as: MessageCategory.self), urgency: try row.oneOf(5, as: Urgency.self), channel: try row.channel(6),
            fallbacks: try row.channels(7), status: try row.status(8), context: try row.json(9), metadata: try row.json(10),
            batchID: try row.uuidOrNil(11), scheduledFor: try row.time(12), createdAt: try row.time(13), sentAt: try row.timeOrNil(14),
            deliveredAt: try row.timeOrNil(15), openedAt: try row.timeOrNil(16), clickedAt: try row.timeOrNil(17),
            failedAt: try row.timeOrNil(18), errorMessage: try row.textOrNil(19), errorCategory: try row.textOrNil(20),
            retryCount: try row.int(21), needsReview: try row.bool(22), sandbox: try row.bool(23))
        if let sealed = try row.sealedOrNil(24) { context = try content.opened(sealed, .communicationContext(business, id)) }
    }
}
