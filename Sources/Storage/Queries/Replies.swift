import Core

/// What a person answered, as the table holds it.
public struct StoredReply: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    /// Nil while nobody knows whose it is.
    public var clientID: ClientID?
    public var provider: String
    public var providerMessageID: String
    public var channel: Channel
    /// `text`, `button`, `image`, …
    public var kind: String
    /// The sender's number, sealed for ``SealContext/replySender(_:_:)``.
    public var sender: SealedValue?
    public var phoneHash: [UInt8]?
    /// What was written, as JSON, sealed for ``SealContext/replyContent(_:_:)``.
    public var content: SealedValue
    /// More was written than is kept.
    public var contentCut: Bool
    /// The communication that it most likely answers.
    public var communication: CommunicationID?
    public var planID: String?
    public var action: ReplyAction?
    public var value: String?
    public var keyword: ReplyKeyword?
    /// A person should look at it.
    public var needsAttention: Bool
    /// Why a person should (or should have).
    public var attentionReason: String?
    /// What the sender was told at once.
    public var answer: String?
    /// By the provider's clock.
    public var sentAt: Timestamp?
    public var receivedAt: Timestamp
    public var resolvedAt: Timestamp?

    public init(
        id: UUIDv7, business: BusinessID, clientID: ClientID?, provider: String, providerMessageID: String, channel: Channel, kind: String,
        sender: SealedValue?, phoneHash: [UInt8]?, content: SealedValue, contentCut: Bool, communication: CommunicationID? = nil,
        planID: String? = nil, action: ReplyAction? = nil, value: String? = nil, keyword: ReplyKeyword? = nil, needsAttention: Bool = false,
        attentionReason: String? = nil, answer: String? = nil, sentAt: Timestamp? = nil, receivedAt: Timestamp,
        resolvedAt: Timestamp? = nil
    ) {
        self.id = id
        self.business = business
        self.clientID = clientID
        self.provider = provider
        self.providerMessageID = providerMessageID
        self.channel = channel
        self.kind = kind
        self.sender = sender
        self.phoneHash = phoneHash
        self.content = content
        self.contentCut = contentCut
        self.communication = communication
        self.planID = planID
        self.action = action
        self.value = value
        self.keyword = keyword
        self.needsAttention = needsAttention
        self.attentionReason = attentionReason
        self.answer = answer
        self.sentAt = sentAt
        self.receivedAt = receivedAt
        self.resolvedAt = resolvedAt
    }
}

/// Which replies a list shows. Absent conditions let everything through.
public struct ReplyFilter: Sendable {
    public var clientID: ClientID?
    public var planID: String?
    public var needsAttention: Bool?
    /// True: only those of nobody known; false: only those of clients.
    public var unmatched: Bool?
    public var ids: [UUIDv7]?
    /// The last one of the page before.
    public var after: UUIDv7?

    public init(
        clientID: ClientID? = nil, planID: String? = nil, needsAttention: Bool? = nil, unmatched: Bool? = nil, ids: [UUIDv7]? = nil,
        after: UUIDv7? = nil
    ) {
        self.clientID = clientID
        self.planID = planID
        self.needsAttention = needsAttention
        self.unmatched = unmatched
        self.ids = ids
        self.after = after
    }

    func conditions(_ business: BusinessID) -> [SQL] {
        var conditions: [SQL] = ["r.business_id = \(business)"]
        if let clientID { conditions.append("r.client_id = \(clientID)") }
        if let planID { conditions.append("r.plan_id = \(planID)") }
        // Written out, not bound: only then do the indexes that hold such rows alone serve.
        if let needsAttention { conditions.append(needsAttention ? "r.needs_attention" : "NOT r.needs_attention") }
        if let unmatched { conditions.append(unmatched ? "r.client_id IS NULL" : "r.client_id IS NOT NULL") }
        if let ids { conditions.append("r.reply_id IN (\(SQL.list(ids.map(SQLValue.uuid))))") }
        if let after { conditions.append("r.reply_id < \(after)") }
        return conditions
    }
}

/// What came of a person's look at a reply.
public enum ReplyResolution: Sendable, Hashable {
    case resolved
    case notFound
    /// It belongs to another client already.
    case belongsToAnother
    /// The business has no client of that name.
    case unknownClient
}

extension SealContext {
    /// What was written in a reply.
    public static func replyContent(_ business: BusinessID, _ reply: UUIDv7) -> SealContext {
        SealContext(table: "crm_replies", column: "content", business: business, row: reply.description)
    }

    /// The number that a reply came from.
    public static func replySender(_ business: BusinessID, _ reply: UUIDv7) -> SealContext {
        SealContext(table: "crm_replies", column: "sender", business: business, row: reply.description)
    }
}

/// What clients answered.
extension Transaction {
    /// Keeps a reply. False: the provider has told it before.
    public func insertReply(_ reply: StoredReply) throws -> Bool {
        let value = try content.stored(reply.value, .replyValue(reply.business, reply.id))
        return try execute(
            """
            INSERT INTO crm_replies (reply_id, business_id, client_id, provider, provider_message_id, channel, kind, sender, phone_hash,
                content, content_cut, communication_id, plan_id, action, value, keyword, needs_attention, attention_reason, answer, sent_at,
                received_at)
            VALUES (\(reply.id), \(reply.business), \(reply.clientID?.text), \(reply.provider), \(reply.providerMessageID),
                \(reply.channel), \(reply.kind), \(reply.sender?.bytes), \(reply.phoneHash), \(reply.content.bytes), \(reply.contentCut),
                \(reply.communication.map(SQLValue.uuid) ?? .null), \(reply.planID), \(reply.action?.name), \(value),
                \(reply.keyword?.rawValue), \(reply.needsAttention), \(reply.attentionReason), \(reply.answer), \(reply.sentAt),
                \(reply.receivedAt))
            ON CONFLICT (provider, provider_message_id) DO NOTHING
            """) > 0
    }

    /// The answer that was given to a reply which the provider tells again; nil when it is new.
    public func answerGiven(provider: String, providerMessageID: String) throws -> String?? {
        try run("SELECT answer FROM crm_replies WHERE provider = \(provider) AND provider_message_id = \(providerMessageID)")
            .first.map { try $0.textOrNil(0) }
    }

    /// Up to `limit` replies, newest first.
    public func replies(_ filter: ReplyFilter = ReplyFilter(), business: BusinessID, limit: Int) throws -> [StoredReply] {
        if filter.ids?.isEmpty == true { return [] }
        return try run(
            """
            SELECT \(StoredReply.columns) FROM crm_replies r
            WHERE \(SQL.all(filter.conditions(business)))
            ORDER BY r.reply_id DESC
            LIMIT \(limit)
            """
        ).map { try StoredReply(row: $0, content) }
    }

    /// Nil when the business has no such reply.
    public func reply(_ id: UUIDv7, business: BusinessID) throws -> StoredReply? {
        try run("SELECT \(StoredReply.columns) FROM crm_replies r WHERE r.reply_id = \(id) AND r.business_id = \(business)")
            .first.map { try StoredReply(row: $0, content) }
    }

    /// A person has seen to a reply.
    ///
    /// - Parameter client: whose it is, where nobody knew before.
    public func resolveReply(_ id: UUIDv7, business: BusinessID, client: ClientID?) throws -> ReplyResolution {
        guard let reply = try reply(id, business: business) else { return .notFound }
        if let client {
            if let owner = reply.clientID, owner != client { return .belongsToAnother }
            if try self.client(client, business: business) == nil { return .unknownClient }
        }
        try execute(
            """
            UPDATE crm_replies SET needs_attention = \(false), resolved_at = COALESCE(resolved_at, \(now)),
                client_id = COALESCE(client_id, \(client?.text))
            WHERE reply_id = \(id) AND business_id = \(business)
            """)
        return .resolved
    }

    /// The newest communication of a plan to which the client gave an answer that takes a step (``ReplyAction/answersQuestion``).
    public func answeredCommunication(planID: String, business: BusinessID) throws -> CommunicationID? {
        try run(
            """
            SELECT communication_id FROM crm_replies
            WHERE business_id = \(business) AND plan_id = \(planID) AND communication_id IS NOT NULL
                AND (action = \(ReplyAction.select.name) OR action = \(ReplyAction.confirm.name))
            ORDER BY communication_id DESC
            LIMIT 1
            """
        ).first?.uuid(0)
    }
}

extension StoredReply {
    static let columns: SQL = """
        r.reply_id, r.business_id, r.client_id, r.provider, r.provider_message_id, r.channel, r.kind, r.sender, r.phone_hash, r.content,
        r.content_cut, r.communication_id, r.plan_id, r.action, r.value, r.keyword, r.needs_attention, r.attention_reason, r.answer,
        r.sent_at, r.received_at, r.resolved_at
        """

    /// Columns in the order of ``columns``.
    init(row: Row, _ seal: ContentSeal) throws {
        let (id, business) = (try row.uuid(0), try row.uuid(1))
        self.init(
            id: id, business: business, clientID: try row.textOrNil(2).flatMap(ClientID.init),
            provider: try row.text(3), providerMessageID: try row.text(4), channel: try row.channel(5), kind: try row.text(6),
            sender: try row.sealedOrNil(7), phoneHash: try row.bytesOrNil(8), content: SealedValue(bytes: try row.bytes(9)),
            contentCut: try row.bool(10), communication: try row.uuidOrNil(11), planID: try row.textOrNil(12),
            action: try row.textOrNil(13).flatMap(ReplyAction.init),
            value: try seal.opened(try row.textOrNil(14), .replyValue(business, id)),
            keyword: try row.oneOfOrNil(15, as: ReplyKeyword.self), needsAttention: try row.bool(16),
            attentionReason: try row.textOrNil(17), answer: try row.textOrNil(18), sentAt: try row.timeOrNil(19),
            receivedAt: try row.time(20), resolvedAt: try row.timeOrNil(21))
    }
}
