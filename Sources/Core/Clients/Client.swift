/// A person a business looks after.
public struct Client: Sendable, Hashable {
    public var id: ClientID
    public var name: String?
    public var email: String?
    /// E.164, for example `+14155550100`.
    public var phoneNumber: String?
    /// A BCP 47 tag, for example `de` or `pt-BR`.
    public var language: String?
    /// An IANA name, for example `Europe/Berlin`.
    public var timezone: String?
    public var tags: [String]
    /// A JSON object as the caller wrote it.
    public var attributes: [UInt8]
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    public init(
        id: ClientID, name: String? = nil, email: String? = nil, phoneNumber: String? = nil, language: String? = nil,
        timezone: String? = nil, tags: [String] = [], attributes: [UInt8] = Array("{}".utf8), createdAt: Timestamp, updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.phoneNumber = phoneNumber
        self.language = language
        self.timezone = timezone
        self.tags = tags
        self.attributes = attributes
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// What a request says about its recipient; absent fields leave the client's record as it is.
public struct RecipientUpdate: Sendable, Hashable {
    public var name: String?
    public var email: String?
    public var phoneNumber: String?
    public var timezone: String?
    public var language: String?

    public init(name: String? = nil, email: String? = nil, phoneNumber: String? = nil, timezone: String? = nil, language: String? = nil) {
        self.name = name
        self.email = email
        self.phoneNumber = phoneNumber
        self.timezone = timezone
        self.language = language
    }
}
