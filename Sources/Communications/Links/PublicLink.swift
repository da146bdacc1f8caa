import Core

/// What a public link is for; the raw value is its first path component.
public enum LinkPurpose: String, Sendable, Hashable, CaseIterable {
    case preferences = "p"
    case unsubscribe = "u"
    /// Confirms a double opt-in.
    case confirm = "d"
    case open = "o"
    case click = "c"
}

/// Whom a link is for and what it allows them; everything that stands in its token.
///
/// Times are kept to the millisecond, and only those from 1970 on.
public struct PublicLink: Sendable, Hashable {
    public var purpose: LinkPurpose
    public var business: BusinessID
    public var client: ClientID
    /// The message that it stood in.
    public var communication: CommunicationID?
    public var channel: Channel?
    /// At most 255 bytes of UTF-8.
    public var topic: String?
    /// Nil: never.
    public var expiresAt: Timestamp?
    /// When it was made. A link is void when the client's links were revoked at or after that moment.
    public var issuedAt: Timestamp

    public init(
        _ purpose: LinkPurpose, business: BusinessID, client: ClientID, communication: CommunicationID? = nil, channel: Channel? = nil,
        topic: String? = nil, expiresAt: Timestamp? = nil, issuedAt: Timestamp
    ) {
        self.purpose = purpose
        self.business = business
        self.client = client
        self.communication = communication
        self.channel = channel
        self.topic = topic
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
    }
}

/// Why a token opens nothing.
public enum LinkRefusal: Error, Sendable, Hashable {
    /// Altered, cut, made for another purpose, or not ours.
    case invalid
    /// It was ours, and its time is over.
    case expired(PublicLink)
}
