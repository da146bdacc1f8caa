/// What somebody outside says of an e-mail of ours: a bounce that came back, or a provider's webhook.
public struct MailEvent: Sendable, Hashable {
    /// What is said of the mail.
    public enum Kind: Sendable, Hashable {
        case delivered, opened, clicked
        /// It waits somewhere.
        case delayed
        case bounced(BounceClass)
        case complained(FeedbackKind)
        /// The person wants no more marketing; said to the provider.
        case unsubscribed
    }

    /// Who tells: `dsn`, `arf`, `ses`, `sendgrid`, `mailgun`, `postmark`.
    public var source: String
    public var kind: Kind
    /// The source's own word.
    public var word: String
    /// By what the provider knows the message; used only where ``communication`` is unknown.
    public var messageID: String?
    public var communication: CommunicationID?
    /// Which address it went to (see ``ProviderEvent/Failure/fingerprint``).
    public var fingerprint: UInt32?
    /// Servers' words; cleaned of addresses before they are kept.
    public var diagnostic: String
    /// Addresses that are known to stand in it.
    public var addresses: [String]
    public var at: Timestamp?

    public init(
        source: String, kind: Kind, word: String, messageID: String? = nil, communication: CommunicationID? = nil,
        fingerprint: UInt32? = nil,
        diagnostic: String = "", addresses: [String] = [], at: Timestamp? = nil
    ) {
        self.source = source
        self.kind = kind
        self.word = word
        self.messageID = messageID
        self.communication = communication
        self.fingerprint = fingerprint
        self.diagnostic = diagnostic
        self.addresses = addresses
        self.at = at
    }

    /// The provider under which e-mail is recorded: whoever tells, the message left by SMTP.
    public static let provider = "smtp"

    /// Which communication a Message-ID of ours names: `<UUID.email@domain>`; nil for every other.
    public static func communication(ofMessageID text: String) -> CommunicationID? {
        let bare = text.drop { $0 == "<" || $0 == " " }
        guard bare.utf8.count > 43, bare.dropFirst(36).hasPrefix(".email@") else { return nil }
        return CommunicationID(String(bare.prefix(36)))
    }

    /// As receipts take it; nil where nothing says which message it is about.
    public var providerEvent: ProviderEvent? {
        guard let name = communication.map({ "\($0).email" }) ?? messageID else { return nil }
        var event = ProviderEvent(
            provider: Self.provider, providerMessageID: name, word: "\(source) \(word)", event: statusEvent, at: at,
            reference: communication, failure: nil)
        guard let consequence = failureConsequence else { return event }
        // Whoever reports has tried for as long as it makes sense: another attempt of ours would meet the same.
        var failure = ProviderEvent.Failure(
            category: .permanent, code: nil, message: MailWords.clean(diagnostic.isEmpty ? word : diagnostic, without: addresses),
            consequence: consequence.value)
        failure.fingerprint = fingerprint
        failure.report = "\(source) \(MailWords.clean(word, limit: 60))"
        event.failure = failure
        return event
    }

    private var statusEvent: StatusEvent? {
        switch kind {
        case .delivered: .delivered
        case .opened: .opened
        case .clicked: .clicked
        case .delayed, .unsubscribed: nil
        case .bounced: .bounced
        case .complained(let kind): kind.isComplaint ? .complained : nil
        }
    }

    private struct Consequence {
        var value: FailureConsequence?
    }

    /// Nil: it is no failure.
    private var failureConsequence: Consequence? {
        switch kind {
        case .delivered, .opened, .clicked, .delayed: nil
        case .bounced(.hard): Consequence(value: .addressDead)
        case .bounced(.soft): Consequence(value: .softBounced)
        case .bounced(.refused): Consequence(value: nil)
        case .complained(let kind): kind.isComplaint ? Consequence(value: .complained) : nil
        case .unsubscribed: Consequence(value: .marketingOptedOut)
        }
    }
}
