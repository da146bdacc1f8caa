/// A file that a caller wants sent along.
public struct AttachmentUpload: Sendable, Hashable {
    public var filename: String
    public var contentType: String
    /// Empty where the file is only linked to.
    public var content: [UInt8]
    /// An `https` address of the file, in place of its content.
    public var link: String?

    public init(filename: String, contentType: String, content: [UInt8] = [], link: String? = nil) {
        self.filename = filename
        self.contentType = contentType
        self.content = content
        self.link = link
    }
}

/// What a caller asks for: one message to one client.
public struct CommunicationRequest: Sendable {
    public var clientID: ClientID
    public var messageType: String
    public var planID: String?
    /// Nil: the message type's own.
    public var urgency: Urgency?
    public var preferredChannel: Channel?
    /// Channels in order, in place of the message type's own (workflow hooks).
    public var channels: [Channel]?
    /// It goes by this channel or not at all.
    public var onlyChannel: Channel?
    /// Not before this moment.
    public var sendAt: Timestamp?
    /// A JSON object as the caller wrote it; empty means `{}`.
    public var context: [UInt8]
    public var recipient: RecipientUpdate?
    public var attachments: [AttachmentUpload]
    /// Seconds after `sent` without word of delivery after which the next channel begins; nil: the message type's own.
    public var fallbackAfter: Int?

    public init(
        clientID: ClientID, messageType: String, planID: String? = nil, urgency: Urgency? = nil, preferredChannel: Channel? = nil,
        channels: [Channel]? = nil, onlyChannel: Channel? = nil, sendAt: Timestamp? = nil, context: [UInt8] = [],
        recipient: RecipientUpdate? = nil,
        attachments: [AttachmentUpload] = [], fallbackAfter: Int? = nil
    ) {
        self.clientID = clientID
        self.messageType = messageType
        self.planID = planID
        self.urgency = urgency
        self.preferredChannel = preferredChannel
        self.channels = channels
        self.onlyChannel = onlyChannel
        self.sendAt = sendAt
        self.context = context
        self.recipient = recipient
        self.attachments = attachments
        self.fallbackAfter = fallbackAfter
    }
}
