import Core

/// A communication with everything that happened to it.
public struct CommunicationDetail: Sendable {
    public var record: CommunicationRecord
    /// In the order in which they happened.
    public var events: [DeliveryEvent]
    /// In the order in which they began.
    public var attempts: [DeliveryAttempt]
}

/// Which communications a list shows. Absent conditions let everything through.
public struct CommunicationFilter: Sendable {
    public var clientID: ClientID?
    public var planID: String?
    public var status: CommunicationStatus?
    public var channel: Channel?
    public var messageType: String?
    /// Accepted at this moment or later.
    public var from: Timestamp?
    /// Accepted before this moment.
    public var to: Timestamp?
    /// The last one of the page before.
    public var after: CommunicationID?

    public init(
        clientID: ClientID? = nil, planID: String? = nil, status: CommunicationStatus? = nil, channel: Channel? = nil,
        messageType: String? = nil, from: Timestamp? = nil, to: Timestamp? = nil, after: CommunicationID? = nil
    ) {
        self.clientID = clientID
        self.planID = planID
        self.status = status
        self.channel = channel
        self.messageType = messageType
        self.from = from
        self.to = to
        self.after = after
    }

    /// An identifier is made shortly before its communication is stored, maybe by another instance's clock. Within this much of the
    /// limits `created_at` decides alone; beyond, the identifier's own time does, and ends the walk along the index.
    private static let clockTolerance: Int64 = 86_400

    func conditions(business: BusinessID, dialect: Dialect) -> [SQL] {
        // Without statistics SQLite would take the client's index for its first column and sort the whole business; the sign keeps it
        // on the primary key, which has the order already.
        let walksPrimaryKey = clientID == nil && planID == nil && dialect == .sqlite
        var conditions: [SQL] = [walksPrimaryKey ? "+m.business_id = \(business)" : "m.business_id = \(business)"]
        if let clientID { conditions.append("m.client_id = \(clientID)") }
        if let planID { conditions.append("m.plan_id = \(planID)") }
        if let status { conditions.append("m.status = \(status.rawValue)") }
        if let channel { conditions.append("m.channel = \(channel)") }
        if let messageType { conditions.append("m.message_type = \(messageType)") }
        if let from {
            conditions.append("m.created_at >= \(from)")
            conditions.append("m.communication_id >= \(UUIDv7.first(at: from.adding(seconds: -Self.clockTolerance)))")
        }
        if let to {
            conditions.append("m.created_at < \(to)")
            conditions.append("m.communication_id < \(UUIDv7.first(at: to.adding(seconds: Self.clockTolerance)))")
        }
        if let after { conditions.append("m.communication_id < \(after)") }
        return conditions
    }
}

extension UUIDv7 {
    /// Sorts before every identifier made at `time` or later, after every earlier one.
    static func first(at time: Timestamp) -> UUIDv7 {
        let milliseconds = UInt64(min(max(time.milliseconds, 0), 0xFFFF_FFFF_FFFF))
        return UUIDv7(high: milliseconds << 16, low: 0)
    }
}

/// Reading communications. They are written by the delivery engine.
extension Transaction {
    /// Up to `limit` communications, newest first. The order is that of the identifiers, which begin with the time: with a client or
    /// a plan it comes from that index, else from the primary key. No page ever costs more than the first.
    public func communications(_ filter: CommunicationFilter, business: BusinessID, limit: Int) throws -> [CommunicationRecord] {
        try run(communicationList(filter, business: business, limit: limit)).map {
            try CommunicationRecord(row: $0, business: business, content: content)
        }
    }

    /// The statement apart, so that a test can ask for its plan.
    func communicationList(_ filter: CommunicationFilter, business: BusinessID, limit: Int) -> SQL {
        """
        SELECT \(CommunicationRecord.columns)
        FROM crm_communications m
        WHERE \(SQL.all(filter.conditions(business: business, dialect: dialect)))
        ORDER BY m.communication_id DESC
        LIMIT \(limit)
        """
    }

    /// The communication as it stands, without its history.
    public func communication(_ id: CommunicationID, business: BusinessID) throws -> CommunicationRecord? {
        try run(
            """
            SELECT \(CommunicationRecord.columns) FROM crm_communications m
            WHERE m.communication_id = \(id) AND m.business_id = \(business)
            """
        ).first.map { try CommunicationRecord(row: $0, business: business, content: content) }
    }

    /// The communication with its events and attempts.
    public func communicationDetail(_ id: CommunicationID, business: BusinessID) throws -> CommunicationDetail? {
        guard let record = try communication(id, business: business) else { return nil }
        let events = try run(
            """
            SELECT \(DeliveryEvent.columns) FROM crm_delivery_logs e
            WHERE e.communication_id = \(id)
            ORDER BY e.event_timestamp, e.log_id
            """
        ).map { try DeliveryEvent(row: $0) }
        var attempts = events.compactMap(DeliveryAttempt.init)
        // The open lease is an attempt that has begun and not ended.
        if let row = try run(
            "SELECT channel, attempt, leased_at FROM crm_delivery_queue WHERE communication_id = \(id) AND lease_token IS NOT NULL"
        ).first, let leasedAt = try row.int64OrNil(2) {
            attempts.append(
                DeliveryAttempt(
                    channel: try row.channel(0), number: try row.int(1), startedAt: Timestamp(milliseconds: leasedAt), finishedAt: nil,
                    outcome: .running, provider: nil, detail: nil))
        }
        attempts.sort { $0.startedAt < $1.startedAt }
        return CommunicationDetail(record: record, events: Self.withAccepted(record, events), attempts: attempts)
    }

    /// The log begins with the acceptance. The delivery engine spares itself that row where the record says the same.
    static func withAccepted(_ record: CommunicationRecord, _ events: [DeliveryEvent]) -> [DeliveryEvent] {
        guard !events.contains(where: { $0.type == DeliveryEvent.accepted }) else { return events }
        return [DeliveryEvent.acceptance(of: record.id, at: record.createdAt)] + events
    }

    /// The files that travel with a communication, in order. For whoever has established whose communication it is.
    public func attachments(of id: CommunicationID) throws -> [AttachmentUpload] {
        try run(
            """
            SELECT a.filename, a.content_type, a.content, a.link, a.is_sealed, a.position, m.business_id
            FROM crm_communication_attachments a JOIN crm_communications m ON m.communication_id = a.communication_id
            WHERE a.communication_id = \(id)
            ORDER BY a.position
            """
        ).map { row in
            let (position, business) = (try row.int(5), try row.uuid(6))
            var bytes = try row.bytes(2)
            if try row.bool(4) { bytes = try content.opened(SealedValue(bytes: bytes), .attachment("content", business, id, position)) }
            return AttachmentUpload(
                filename: try content.opened(try row.text(0), .attachment("filename", business, id, position)),
                contentType: try row.text(1), content: bytes, link: try row.textOrNil(3))
        }
    }

    /// The newest communications of a plan, newest first; at most `limit`.
    public func communications(planID: String, business: BusinessID, limit: Int = 1000) throws -> [CommunicationRecord] {
        try communications(CommunicationFilter(planID: planID), business: business, limit: limit)
    }
}

extension DeliveryEvent {
    static let accepted = "accepted"

    static func acceptance(of id: CommunicationID, at: Timestamp) -> DeliveryEvent {
        DeliveryEvent(
            communication: id, number: 0, type: accepted, at: at, channel: nil, attempt: nil, startedAt: nil, status: nil, provider: nil,
            providerMessageID: nil, providerResponse: nil, detail: nil)
    }
}
