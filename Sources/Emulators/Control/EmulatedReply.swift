/// What a person sends to the business.
public struct EmulatedReply: Sendable {
    public var provider: EmulatedProvider
    /// The person's number in E.164.
    public var from: String
    /// The business's number; for WhatsApp the id of its number. Nil: the account's own.
    public var to: String?
    public var text: String
    /// `text`; for WhatsApp also `button`, `interactive`, `list`, `image`, `document`.
    public var kind = "text"
    /// Of the button or list row that was pressed.
    public var payload: String?
    /// The id of the message that is answered.
    public var repliesTo: String?
    /// Addresses of pictures (SMS).
    public var media: [String] = []
    public var profileName = "Emulated person"
    /// How often the webhook comes for this one message.
    public var copies = 1

    public init(provider: EmulatedProvider, from: String, text: String) {
        self.provider = provider
        self.from = from
        self.text = text
    }
}

/// What the product made of it.
public struct ReplyOutcome: Sendable, Hashable {
    /// The message's id at the provider.
    public var id: String
    /// What the webhook answered; nil: nothing.
    public var status: Int?
    /// The texts that the answer asked to send to the person (SMS).
    public var answers: [String] = []
    /// Why there was no answer.
    public var fault: String?
}
