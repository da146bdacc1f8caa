import Core

/// A message ready to leave, or about to be made so at the last moment.
public struct Delivery: Sendable {
    public var id: CommunicationID
    public var business: BusinessID
    public var channel: Channel
    /// 0 leaves first.
    public var priority: Int
    /// The address on this channel, in the clear.
    public var address: String
    public var recipientName: String?
    /// Our own number or account that it leaves from; nil where the transport has only one.
    public var sender: String?
    /// The attempt before may have reached the provider at or after this moment: look there before sending again.
    public var lookUpSince: Timestamp?
    /// The last word before the first byte: throws ``Withdrawn`` when the message may no longer leave.
    public var begin: @Sendable () throws -> Void
    /// Renders the message; at any time before it leaves.
    public var render: @Sendable () throws -> RenderedMessage
    /// Takes the outcome; called exactly once.
    public var complete: @Sendable (Result<TransportReceipt, TransportFailure>) -> Void

    public init(
        id: CommunicationID, business: BusinessID, channel: Channel, priority: Int, address: String, recipientName: String?,
        sender: String? = nil, lookUpSince: Timestamp? = nil, begin: @escaping @Sendable () throws -> Void,
        render: @escaping @Sendable () throws -> RenderedMessage,
        complete: @escaping @Sendable (Result<TransportReceipt, TransportFailure>) -> Void
    ) {
        self.id = id
        self.business = business
        self.channel = channel
        self.priority = priority
        self.address = address
        self.recipientName = recipientName
        self.sender = sender
        self.lookUpSince = lookUpSince
        self.begin = begin
        self.render = render
        self.complete = complete
    }
}

/// A rendered message, before it takes the form of its channel.
public struct RenderedMessage: Sendable {
    public var subject: String?
    public var text: String
    public var html: String?
    public var attachments: [AttachmentUpload]
    /// The name in the From header.
    public var senderName: String?
    /// For WhatsApp: in which form it goes; nil means as ``text``.
    public var whatsApp: WhatsAppContent?
    /// For the sandbox: what a real account would have done otherwise.
    public var note: String?
    /// For e-mail: where one click unsubscribes (RFC 8058); nil where nothing is to unsubscribe from.
    public var unsubscribeURL: String?

    public init(
        subject: String?, text: String, html: String?, attachments: [AttachmentUpload] = [], senderName: String? = nil,
        whatsApp: WhatsAppContent? = nil, note: String? = nil
    ) {
        self.subject = subject
        self.text = text
        self.html = html
        self.attachments = attachments
        self.senderName = senderName
        self.whatsApp = whatsApp
        self.note = note
    }
}

/// The message may no longer leave (opt-out, lost lease, shutdown); nothing was sent.
public struct Withdrawn: Error, Sendable {
    public init() {}
}

/// What the other side said when it took the message.
public struct TransportReceipt: Sendable {
    public var providerMessageID: String?
    public var response: String?

    public init(providerMessageID: String?, response: String?) {
        self.providerMessageID = providerMessageID
        self.response = response
    }
}

/// Why a message did not leave.
public struct TransportFailure: Error, Sendable {
    public var category: ErrorCategory
    /// For the record: never an address or a secret.
    public var message: String
    /// Seconds that the provider asked us to wait.
    public var retryAfter: Int?
    /// Nobody knows whether the other side took it.
    public var outcomeUnknown: Bool
    /// It was withdrawn before its first byte.
    public var withdrawn: Bool
    /// What it means beyond this message.
    public var consequence: FailureConsequence?
    /// Whether other messages on the same way would meet it too.
    public var scope: Scope

    /// How far a failure reaches.
    public enum Scope: Sendable, Hashable {
        /// The way to the provider or the account: it counts for the circuit breaker, and its `retryAfter` pauses the lane.
        case account
        /// This message or this person alone, for example a full mailbox or WhatsApp's limit per recipient (131056).
        case message
    }

    public init(
        category: ErrorCategory, message: String, retryAfter: Int? = nil, outcomeUnknown: Bool = false, withdrawn: Bool = false,
        consequence: FailureConsequence? = nil, scope: Scope = .account
    ) {
        self.category = category
        self.message = message
        self.retryAfter = retryAfter
        self.outcomeUnknown = outcomeUnknown
        self.withdrawn = withdrawn
        self.consequence = consequence
        self.scope = scope
    }
}

/// A way out: one provider account on one channel.
public protocol Transport: Sendable {
    /// A stable name for records and metrics, for example `smtp`.
    var provider: String { get }
    /// True when nothing leaves the house.
    var isSandbox: Bool { get }
    /// How many messages may be on their way at once.
    var capacity: Int { get }
    /// Our own numbers or accounts that messages may leave from, each with a rate limit of its own; empty where there is only one.
    var senders: [String] { get }
    /// Seconds to wait before an attempt of unknown outcome is repeated: long enough for a receipt, or for a look-up to find it.
    var unknownOutcomePause: Int { get }
    /// Takes messages; answers each through ``Delivery/complete``, in any order.
    func send(_ deliveries: [Delivery])
    /// Nil when it works; else one line that says what is wrong. Answers within a few seconds.
    func check() async -> String?
    /// Does what the transport needs done in the background; returns once it is stopped.
    func run() async
    /// Lets what has begun finish until the deadline, hands back the rest as withdrawn.
    func stop(within: Duration) async
}

extension Transport {
    public var senders: [String] { [] }
    public var unknownOutcomePause: Int { 0 }
    public func run() async {}
}

extension TransportFailure {
    /// The engine is stopping; the message goes back to the queue.
    static let stopped = TransportFailure(category: .transient, message: "the engine is stopping", withdrawn: true)

    /// What a failed ``Delivery/render`` means: withdrawn, or a message that can not be made and never will be.
    init(rendering error: any Error) {
        if error is Withdrawn {
            self.init(category: .transient, message: "withdrawn before it began", withdrawn: true)
        } else if let failure = error as? TransportFailure {
            self = failure
        } else {
            self.init(category: .invalidInput, message: "the message could not be rendered: \(error)")
        }
    }
}
