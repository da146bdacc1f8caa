/// A message that a person sent to us, as a provider's webhook tells it.
public struct InboundMessage: Sendable, Hashable {
    /// `twilio`, `whatsapp`.
    public var provider: String
    public var channel: Channel
    /// The provider's id; the same message may be told more than once.
    public var providerMessageID: String
    /// The sender's number in E.164, with `+`.
    public var from: String
    /// Our number or account that it was sent to.
    public var to: String
    /// What the person wrote; empty where they sent something else.
    public var text: String
    /// What kind of thing it is: `text`, `button`, `list`, `image`, `document`, `location`, …
    public var kind: String
    /// The payload of the button or list row that was pressed.
    public var payload: String?
    /// The provider's id of our message that it answers, where the person replied to one.
    public var repliesTo: String?
    public var at: Timestamp?
    /// The name that the sender goes by at the provider.
    public var profileName: String?
    /// Twilio's Advanced Opt-Out has dealt with it already: `STOP`, `START` or `HELP`.
    public var handledKeyword: String?
    public var media: [Media]

    /// A file that came along; not fetched.
    public struct Media: Sendable, Hashable {
        /// The provider's id or address of it; fetched only when somebody asks.
        public var reference: String
        public var contentType: String?

        public init(reference: String, contentType: String?) {
            self.reference = reference
            self.contentType = contentType
        }
    }

    public init(
        provider: String, channel: Channel, providerMessageID: String, from: String, to: String, text: String, kind: String = "text",
        payload: String? = nil, repliesTo: String? = nil, at: Timestamp? = nil, profileName: String? = nil, handledKeyword: String? = nil,
        media: [Media] = []
    ) {
        self.provider = provider
        self.channel = channel
        self.providerMessageID = providerMessageID
        self.from = from
        self.to = to
        self.text = text
        self.kind = kind
        self.payload = payload
        self.repliesTo = repliesTo
        self.at = at
        self.profileName = profileName
        self.handledKeyword = handledKeyword
        self.media = media
    }
}
