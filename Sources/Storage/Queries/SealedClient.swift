import Core

/// A client with their addresses as the tables hold them: sealed, with a keyed hash beside each to find them by. Name and attributes
/// are in the clear here; the queries seal and open them.
public struct SealedClient: Sendable, Hashable {
    public var id: ClientID
    public var name: String?
    public var email: SealedValue?
    public var emailHash: [UInt8]?
    public var phoneNumber: SealedValue?
    public var phoneHash: [UInt8]?
    public var language: String?
    public var timezone: String?
    public var tags: [String]
    /// A JSON object.
    public var attributes: [UInt8]
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// Of a list's record: what did not open and is left out.
    public var unreadable = UnreadableFields()

    public init(
        id: ClientID, name: String?, email: SealedValue?, emailHash: [UInt8]?, phoneNumber: SealedValue?, phoneHash: [UInt8]?,
        language: String?, timezone: String?, tags: [String], attributes: [UInt8], createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.emailHash = emailHash
        self.phoneNumber = phoneNumber
        self.phoneHash = phoneHash
        self.language = language
        self.timezone = timezone
        self.tags = tags
        self.attributes = attributes
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension SealedClient {
    static let columns: SQL = """
        c.client_id, c.name, c.email, c.email_hash, c.phone_number, c.phone_hash, c.language, c.timezone, c.attributes,
        c.created_at, c.updated_at
        """

    /// Columns in the order of ``columns``.
    ///
    /// - Throws: ``DatabaseError/sealed(_:)`` for what does not open.
    init(row: Row, _ business: BusinessID, _ content: ContentSeal) throws {
        try self.init(listed: row, business, content)
        if let reason = unreadable.reasons.first { throw DatabaseError.sealed(reason) }
    }

    /// As ``init(row:_:_:)``, but notes what does not open in ``unreadable``.
    init(listed row: Row, _ business: BusinessID, _ content: ContentSeal) throws {
        let id = try row.clientID(0)
        var unreadable = UnreadableFields()
        let name = try unreadable.opened("name") { try content.openedName(try row.textOrNil(1), of: id, business: business) }
        let attributes = try unreadable.opened("attributes") {
            try content.opened(json: try row.json(8), .clientAttributes(business, id))
        }
        self.init(
            id: id, name: name, email: try row.sealedOrNil(2), emailHash: try row.bytesOrNil(3), phoneNumber: try row.sealedOrNil(4),
            phoneHash: try row.bytesOrNil(5), language: try row.textOrNil(6), timezone: try row.textOrNil(7), tags: [],
            attributes: attributes ?? Array("{}".utf8), createdAt: try row.time(9), updatedAt: try row.time(10))
        self.unreadable = unreadable
    }
}
