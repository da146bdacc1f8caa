/// What a failure means beyond the message that failed.
public enum FailureConsequence: String, Sendable, Hashable, CaseIterable {
    /// The person has said no to this channel (Twilio 21610): no message of any kind goes there any more.
    case optedOut = "opted_out"
    /// The person has said no to marketing on this channel (WhatsApp 131050).
    case marketingOptedOut = "marketing_opted_out"
    /// Nobody can be reached at this address (Twilio 30005): it is suppressed on this channel.
    case addressDead = "address_dead"
    /// Mail to the address failed for a while; it counts towards ``BouncePolicy/softBounceLimit``.
    case softBounced = "soft_bounced"
    /// The person called a mail unwanted (a feedback loop).
    case complained
    /// WhatsApp 131047: the 24-hour window was closed after all.
    case windowClosed = "window_closed"
}

/// Something that a provider reports about a message it took from us; may come early, late, repeatedly and in any order.
public struct ProviderEvent: Sendable, Hashable {
    /// As ``InboundMessage/provider``.
    public var provider: String
    /// The provider's id of the message.
    public var providerMessageID: String
    /// The provider's own word, for example `undelivered`; kept with the event.
    public var word: String
    /// What it means for the status; nil where it says nothing about it (`queued`, `accepted`, words unknown to us).
    public var event: StatusEvent?
    /// When it happened, by the provider's clock; nil where it does not say.
    public var at: Timestamp?
    /// Our own id of the communication, where the provider hands it back to us.
    public var reference: CommunicationID?
    /// For `bounced`: why.
    public var failure: Failure?

    /// What the provider says of a message that did not arrive.
    public struct Failure: Sendable, Hashable {
        public var category: ErrorCategory
        public var code: Int?
        /// Never an address or a body.
        public var message: String
        public var consequence: FailureConsequence?
        /// For e-mail: which address it went to, as the return address tells; nil where nothing does.
        public var fingerprint: UInt32?
        /// For e-mail: who tells, and in which word, for example `dsn failed 5.1.1`.
        public var report: String?

        public init(category: ErrorCategory, code: Int?, message: String, consequence: FailureConsequence? = nil) {
            self.category = category
            self.code = code
            self.message = message
            self.consequence = consequence
        }
    }

    public init(
        provider: String, providerMessageID: String, word: String, event: StatusEvent?, at: Timestamp? = nil,
        reference: CommunicationID? = nil, failure: Failure? = nil
    ) {
        self.provider = provider
        self.providerMessageID = providerMessageID
        self.word = word
        self.event = event
        self.at = at
        self.reference = reference
        self.failure = failure
    }
}
