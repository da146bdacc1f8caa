import Core

/// Another message that travels in the same combined one.
public struct BatchMember: Sendable {
    public var id: CommunicationID
    public var messageType: String
    public var context: [UInt8]

    public init(id: CommunicationID, messageType: String, context: [UInt8]) {
        self.id = id
        self.messageType = messageType
        self.context = context
    }
}

/// What a business's settings say about marketing, read in the transaction that begins an attempt.
public struct DeliveryRules: Sendable, Hashable {
    public var marketing: MarketingRule
    /// Then no marketing goes out by e-mail.
    public var lacksPostalAddress: Bool

    public init(marketing: MarketingRule = .optOut, lacksPostalAddress: Bool = false) {
        self.marketing = marketing
        self.lacksPostalAddress = lacksPostalAddress
    }

    init(marketing text: String, lacksPostalAddress: Bool) throws(DatabaseError) {
        guard let marketing = MarketingRule(rawValue: text) else { throw .decoding("a business has an unknown rule for marketing") }
        self.init(marketing: marketing, lacksPostalAddress: lacksPostalAddress)
    }
}

/// A communication whose time has come, as the claiming transaction reads it.
public struct DueDelivery: Sendable {
    public var id: CommunicationID
    public var business: BusinessID
    public var clientID: ClientID
    public var planID: String?
    public var messageType: String
    public var category: MessageCategory
    public var urgency: Urgency
    public var channel: Channel
    public var fallbacks: [Channel]
    public var context: [UInt8]
    public var batchID: UUIDv7?
    /// The other members of its batch (closed by the claim), oldest first; ended members left out.
    public var members: [BatchMember]
    public var createdAt: Timestamp
    /// Attempts begun on this channel before this one.
    public var attemptsBegun: Int
    /// When the attempt whose lease ran out began: its outcome is unknown. Nil in the ordinary case.
    public var unknownSince: Timestamp?
    /// Since when an attempt of unknown outcome may have reached the provider, whichever process made it.
    public var lookUpSince: Timestamp?
    /// Attempts on this channel that ended in `rate_limit`.
    public var rateLimited: Int
    /// Leases that ran out since the last recorded outcome, this one's included.
    public var takeovers: Int
    /// Seconds after `sent` without word of delivery after which the next channel begins.
    public var fallbackAfter: Int?
    public var hasAttachments: Bool
    public var client: ClientSnapshot?
    /// The topic of its message type, as the business has it now.
    public var topic: String?
    public var rules: DeliveryRules

    public init(
        id: CommunicationID, business: BusinessID, clientID: ClientID, planID: String?, messageType: String, category: MessageCategory,
        urgency: Urgency, channel: Channel, fallbacks: [Channel], context: [UInt8], batchID: UUIDv7?, members: [BatchMember],
        createdAt: Timestamp, attemptsBegun: Int, unknownSince: Timestamp?, lookUpSince: Timestamp? = nil, rateLimited: Int = 0,
        takeovers: Int = 0, fallbackAfter: Int? = nil, hasAttachments: Bool, client: ClientSnapshot?,
        topic: String? = nil, rules: DeliveryRules = DeliveryRules()
    ) {
        self.id = id
        self.business = business
        self.clientID = clientID
        self.planID = planID
        self.messageType = messageType
        self.category = category
        self.urgency = urgency
        self.channel = channel
        self.fallbacks = fallbacks
        self.context = context
        self.batchID = batchID
        self.members = members
        self.createdAt = createdAt
        self.attemptsBegun = attemptsBegun
        self.unknownSince = unknownSince
        self.lookUpSince = lookUpSince
        self.rateLimited = rateLimited
        self.takeovers = takeovers
        self.fallbackAfter = fallbackAfter
        self.hasAttachments = hasAttachments
        self.client = client
        self.topic = topic
        self.rules = rules
    }
}

/// What the gate says about a due delivery, inside the claiming transaction.
public enum ClaimDecision: Sendable {
    /// The attempt begins: it is committed before its first byte.
    case begin
    /// Not now (quiet hours): back to the queue, status `pending`, one event.
    case postpone(until: Timestamp, because: DecisionStep)
    /// This channel is closed to us; another one is open and is tried at once.
    case moveTo(Channel, remaining: [Channel], because: DecisionStep)
    /// Nobody may be written to: the communication ends here.
    case suppress(because: DecisionStep)
    /// It is not tried any more and needs a person.
    case fail(AttemptFailure)
}

/// A request for due work on one channel.
public struct ClaimRequest: Sendable {
    public var channel: Channel
    public var limit: Int
    /// Names the claiming process, new on every start: outcomes are recorded only where it and the channel still match.
    public var token: Int64
    public var leaseUntil: Timestamp
    public var now: Timestamp
    public var gate: @Sendable (DueDelivery, Timestamp) -> ClaimDecision

    public init(
        channel: Channel, limit: Int, token: Int64, leaseUntil: Timestamp, now: Timestamp,
        gate: @escaping @Sendable (DueDelivery, Timestamp) -> ClaimDecision
    ) {
        self.channel = channel
        self.limit = limit
        self.token = token
        self.leaseUntil = leaseUntil
        self.now = now
        self.gate = gate
    }
}

/// What a claim brought.
public struct ClaimResult: Sendable {
    /// Begun attempts; each is this process's to finish, under the request's token.
    public var begun: [DueDelivery]
    /// Rows that were due and went elsewhere (postponed, moved, suppressed).
    public var turnedAway: Int
    /// More rows are due than were asked for.
    public var more: Bool

    public init(begun: [DueDelivery], turnedAway: Int, more: Bool) {
        self.begun = begun
        self.turnedAway = turnedAway
        self.more = more
    }
}

/// Why an attempt failed, as it is recorded.
public struct AttemptFailure: Sendable, Hashable {
    /// `transient`, `permanent`, `rate_limit`, `auth_failure`, `invalid_input` or `unknown`.
    public var category: String
    /// For people; never an address or a secret.
    public var message: String

    /// The category of an outcome that nobody knows.
    public static let unknown = "unknown"

    public init(category: String, message: String) {
        self.category = category
        self.message = message
    }
}

/// How a begun attempt ended, to be recorded.
public struct AttemptOutcome: Sendable {
    /// What is to be recorded, and what comes next.
    public enum Result: Sendable {
        case sent(providerMessageID: String?, response: String?)
        /// Again on the same channel at `at`.
        case retry(at: Timestamp, AttemptFailure)
        /// On to the next channel, due at once.
        case fallback(to: Channel, remaining: [Channel], AttemptFailure)
        case failed(AttemptFailure, needsReview: Bool)
        case bounced(AttemptFailure)
        case suppressed(because: DecisionStep)
        /// It never began (shutdown, opt-out in the last moment): back to the queue, the attempt does not count.
        case released(due: Timestamp)
    }

    public var id: CommunicationID
    public var token: Int64
    public var channel: Channel
    /// 1 for the first attempt on this channel.
    public var attempt: Int
    public var startedAt: Timestamp
    public var finishedAt: Timestamp
    public var provider: String
    public var sandbox: Bool
    /// The other members of the batch that this message carried; they share its fate.
    public var members: [CommunicationID]
    public var result: Result
    /// For `sent`: seconds without word of delivery after which the next channel begins. Nil where there is no next one, or where
    /// the provider tells nothing.
    public var fallbackAfter: Int?

    public init(
        id: CommunicationID, token: Int64, channel: Channel, attempt: Int, startedAt: Timestamp, finishedAt: Timestamp, provider: String,
        sandbox: Bool, members: [CommunicationID], result: Result, fallbackAfter: Int? = nil
    ) {
        self.id = id
        self.token = token
        self.channel = channel
        self.attempt = attempt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.provider = provider
        self.sandbox = sandbox
        self.members = members
        self.result = result
        self.fallbackAfter = fallbackAfter
    }
}
