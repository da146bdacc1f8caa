import Core

/// A communication as a round of receipts finds and changes it.
struct ReceiptSubject {
    /// What a round may write.
    struct Fields: Hashable {
        var channel: Channel
        var fallbacks: [Channel]
        var status: CommunicationStatus
        var sentAt: Timestamp?
        var deliveredAt: Timestamp?
        var openedAt: Timestamp?
        var clickedAt: Timestamp?
        var failedAt: Timestamp?
        var errorMessage: String?
        var errorCategory: String?
        var scheduledFor: Timestamp
        var retries: Int
        var batch: UUIDv7?
    }

    let id: CommunicationID
    let business: BusinessID
    let clientID: ClientID
    let messageType: String
    let category: MessageCategory
    let priority: Int
    let createdAt: Timestamp
    let fallbackAfter: Int?
    /// Whose row of the queue stands for it: its own, or its batch's leader's.
    let holder: CommunicationID
    let stored: Fields
    var fields: Fields
    /// Of its newest message; nil before the first is recorded.
    var newest: Int64?

    static let columns: SQL = """
        c.communication_id, c.business_id, c.client_id, c.message_type, c.category, c.urgency, c.created_at, c.fallback_after_s,
        COALESCE((SELECT b.leader_id FROM crm_batches b WHERE b.batch_id = c.batch_id), c.communication_id), c.channel,
        c.fallback_channels, c.status, c.sent_at, c.delivered_at, c.opened_at, c.clicked_at, c.failed_at, c.error_message,
        c.error_category, c.scheduled_for, c.retry_count, c.batch_id
        """

    init(_ row: Row) throws {
        id = try row.uuid(0)
        business = try row.uuid(1)
        clientID = try row.clientID(2)
        messageType = try row.text(3)
        category = try row.oneOf(4, as: MessageCategory.self)
        priority = try row.oneOf(5, as: Urgency.self).priority
        createdAt = try row.time(6)
        fallbackAfter = try row.intOrNil(7)
        holder = try row.uuid(8)
        stored = Fields(
            channel: try row.channel(9), fallbacks: try row.channels(10), status: try row.status(11), sentAt: try row.timeOrNil(12),
            deliveredAt: try row.timeOrNil(13), openedAt: try row.timeOrNil(14), clickedAt: try row.timeOrNil(15),
            failedAt: try row.timeOrNil(16), errorMessage: try row.textOrNil(17), errorCategory: try row.textOrNil(18),
            scheduledFor: try row.time(19), retries: try row.int(20), batch: try row.uuidOrNil(21))
        fields = stored
    }

    var isOpen: Bool {
        switch fields.status {
        case .pending, .queued, .sending: true
        default: false
        }
    }

    /// Keeps the earliest time of each fact.
    mutating func stamp(_ stamps: StatusStamps, at: Timestamp) {
        func earliest(_ field: inout Timestamp?, _ stamp: StatusStamps) {
            if stamps.contains(stamp) { field = min(field ?? at, at) }
        }
        earliest(&fields.sentAt, .sentAt)
        earliest(&fields.deliveredAt, .deliveredAt)
        earliest(&fields.openedAt, .openedAt)
        earliest(&fields.clickedAt, .clickedAt)
        earliest(&fields.failedAt, .failedAt)
    }
}

/// A communication's row of the queue.
struct ReceiptQueueRow: Hashable {
    var channel: Channel
    var attempt: Int
    var isLeased: Bool
    var due: Timestamp
    /// Somebody else is changing it at this moment.
    var isBusy = false
}

/// Which message of which communication a report is about.
struct ReceiptTarget {
    var communication: CommunicationID
    /// Of the message; nil where it is known by reference alone.
    var recorded: (channel: Channel, attempt: Int, sequence: Int64)?
}
