import Core

/// A message that a sandbox channel kept instead of sending it.
public struct SandboxMessage: Sendable, Hashable {
    public var id: UUIDv7
    public var business: BusinessID
    public var communication: CommunicationID
    public var channel: Channel
    /// The address, sealed for ``SealContext/sandboxRecipient(_:_:)``.
    public var recipient: SealedValue
    public var sender: String
    public var subject: String?
    public var text: String?
    public var html: String?
    /// In which form a WhatsApp message would have gone: `text`, `document`, `image`, or the template with its language.
    public var form: String?
    /// What a real account would have done otherwise.
    public var note: String?
    public var createdAt: Timestamp
    /// Of a list's message: what did not open and is left out.
    public var unreadable = UnreadableFields()

    public init(
        id: UUIDv7, business: BusinessID, communication: CommunicationID, channel: Channel, recipient: SealedValue, sender: String,
        subject: String?, text: String?, html: String?, form: String? = nil, note: String? = nil, createdAt: Timestamp
    ) {
        self.id = id
        self.business = business
        self.communication = communication
        self.channel = channel
        self.recipient = recipient
        self.sender = sender
        self.subject = subject
        self.text = text
        self.html = html
        self.form = form
        self.note = note
        self.createdAt = createdAt
    }
}

extension SealContext {
    /// The address on a sandbox message.
    public static func sandboxRecipient(_ business: BusinessID, _ message: UUIDv7) -> SealContext {
        SealContext(table: "crm_sandbox_messages", column: "recipient", business: business, row: message.description)
    }
}

/// What the sandbox kept.
extension Transaction {
    /// Keeps a message. It is dropped without a word when its communication was erased meanwhile.
    public func insertSandboxMessage(_ message: SandboxMessage) throws {
        func stored(_ text: String?, _ column: String) throws -> String? {
            try content.stored(text, .sandbox(column, message.business, message.id))
        }
        let (subject, text, html) = (
            try stored(message.subject, "subject"), try stored(message.text, "text_body"), try stored(message.html, "html_body")
        )
        let note = try stored(message.note, "note")
        try execute(
            """
            INSERT INTO crm_sandbox_messages (message_id, business_id, communication_id, channel, recipient, sender, subject, text_body,
                html_body, form, note, created_at)
            SELECT \(message.id), m.business_id, m.communication_id, \(message.channel), \(message.recipient.bytes), \(message.sender),
                \(subject), \(text), \(html), \(message.form), \(note), \(message.createdAt)
            FROM crm_communications m
            WHERE m.communication_id = \(message.communication) AND m.business_id = \(message.business)
            """)
    }

    /// Up to `limit` messages, newest first.
    public func sandboxMessages(
        business: BusinessID, channel: Channel? = nil, communication: CommunicationID? = nil, after: UUIDv7? = nil, limit: Int
    ) throws -> [SandboxMessage] {
        var conditions: [SQL] = ["business_id = \(business)"]
        if let channel { conditions.append("channel = \(channel)") }
        if let communication { conditions.append("communication_id = \(communication)") }
        if let after { conditions.append("message_id < \(after)") }
        return try run(
            """
            SELECT \(SandboxMessage.columns) FROM crm_sandbox_messages
            WHERE \(SQL.all(conditions))
            ORDER BY message_id DESC
            LIMIT \(limit)
            """
        ).map { try SandboxMessage(listed: $0, content) }
    }

    /// Nil when the business has no such message.
    public func sandboxMessage(_ id: UUIDv7, business: BusinessID) throws -> SandboxMessage? {
        try run("SELECT \(SandboxMessage.columns) FROM crm_sandbox_messages WHERE message_id = \(id) AND business_id = \(business)")
            .first.map { try SandboxMessage(row: $0, content) }
    }
}

extension SandboxMessage {
    fileprivate static let columns: SQL =
        "message_id, business_id, communication_id, channel, recipient, sender, subject, text_body, html_body, form, note, created_at"

    /// - Throws: ``DatabaseError/sealed(_:)`` for what does not open.
    fileprivate init(row: Row, _ content: ContentSeal) throws {
        try self.init(listed: row, content)
        if let reason = unreadable.reasons.first { throw DatabaseError.sealed(reason) }
    }

    /// As ``init(row:_:)``, but notes what does not open in ``unreadable``.
    fileprivate init(listed row: Row, _ content: ContentSeal) throws {
        let (id, business) = (try row.uuid(0), try row.uuid(1))
        var unreadable = UnreadableFields()
        func opened(_ index: Int, _ column: String) throws -> String? {
            try unreadable.opened(column) { try content.opened(try row.textOrNil(index), .sandbox(column, business, id)) }
        }
        self.init(
            id: id, business: business, communication: try row.uuid(2), channel: try row.channel(3),
            recipient: SealedValue(bytes: try row.bytes(4)), sender: try row.text(5), subject: try opened(6, "subject"),
            text: try opened(7, "text_body"), html: try opened(8, "html_body"), form: try row.textOrNil(9), note: try opened(10, "note"),
            createdAt: try row.time(11))
        self.unreadable = unreadable
    }
}
