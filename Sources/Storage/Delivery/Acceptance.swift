import Core

/// A value that only the holder of the encryption key can read; bound to its row and column.
public struct SealedValue: Sendable, Hashable {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// A ``RecipientUpdate`` with its addresses sealed and hashed, ready to be stored.
public struct SealedRecipient: Sendable {
    public var name: String?
    public var email: SealedValue?
    public var emailHash: [UInt8]?
    public var phoneNumber: SealedValue?
    public var phoneHash: [UInt8]?
    public var timezone: String?
    public var language: String?

    public init(
        name: String? = nil, email: SealedValue? = nil, emailHash: [UInt8]? = nil, phoneNumber: SealedValue? = nil,
        phoneHash: [UInt8]? = nil, timezone: String? = nil, language: String? = nil
    ) {
        self.name = name
        self.email = email
        self.emailHash = emailHash
        self.phoneNumber = phoneNumber
        self.phoneHash = phoneHash
        self.timezone = timezone
        self.language = language
    }
}

/// An open batch of LOW messages to one client on one channel.
public struct OpenBatchRecord: Sendable, Hashable {
    public var id: UUIDv7
    public var channel: Channel
    public var leader: CommunicationID
    public var count: Int
    public var closesAt: Timestamp

    public init(id: UUIDv7, channel: Channel, leader: CommunicationID, count: Int, closesAt: Timestamp) {
        self.id = id
        self.channel = channel
        self.leader = leader
        self.count = count
        self.closesAt = closesAt
    }
}

/// What the store knows of a client, read in the transaction that decides.
public struct ClientSnapshot: Sendable {
    public var name: String?
    public var language: String?
    public var timezone: String?
    public var email: SealedValue?
    public var phoneNumber: SealedValue?
    public var stated: StatedPreferences
    /// Channels whose address stands on the suppression list.
    public var suppressed: ChannelSet
    /// Channels on which the person wants no marketing.
    public var marketingStopped: ChannelSet
    /// Filled only where ``Acceptance/needsBatchState`` asked for it.
    public var lastMessageAt: Timestamp?
    public var openBatches: [OpenBatchRecord]
    /// The request that is being accepted changes the client's record.
    public var isChanged = false

    public init(
        name: String? = nil, language: String? = nil, timezone: String? = nil, email: SealedValue? = nil, phoneNumber: SealedValue? = nil,
        stated: StatedPreferences = StatedPreferences(), suppressed: ChannelSet = [], marketingStopped: ChannelSet = [],
        lastMessageAt: Timestamp? = nil, openBatches: [OpenBatchRecord] = []
    ) {
        self.name = name
        self.language = language
        self.timezone = timezone
        self.email = email
        self.phoneNumber = phoneNumber
        self.stated = stated
        self.suppressed = suppressed
        self.marketingStopped = marketingStopped
        self.lastMessageAt = lastMessageAt
        self.openBatches = openBatches
    }

    /// Channels that the client has an address for.
    public var reachable: ChannelSet {
        var set: ChannelSet = []
        if email != nil { set.insert(.email) }
        if phoneNumber != nil { set.formUnion([.sms, .whatsapp]) }
        return set
    }
}

/// A caller's idempotency key: same key and fingerprint, same answer; other fingerprint, refusal.
public struct IdempotencyClaim: Sendable, Hashable {
    public var route: String
    public var key: String
    /// SHA-256 of the request body.
    public var fingerprint: [UInt8]

    public init(route: String, key: String, fingerprint: [UInt8]) {
        self.route = route
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// One request for a message on its way into the store.
///
/// ``plan`` runs inside the accepting transaction, with the client as the store has it at that moment (the request's
/// own ``recipient`` already merged in), so that no decision ever rests on stale consent. It must be pure and quick.
public struct Acceptance: Sendable {
    public var business: BusinessID
    public var id: CommunicationID
    public var clientID: ClientID
    public var idempotency: IdempotencyClaim?
    public var recipient: SealedRecipient?
    /// True for LOW urgency: fills ``ClientSnapshot/lastMessageAt`` and ``ClientSnapshot/openBatches``.
    public var needsBatchState: Bool
    /// Who asked; nil where nobody in particular did. Stands in the audit log together with others of the same commit.
    public var requester: Requester?
    /// The context and the files, where content is sealed; the plan's own are what the sender works with.
    public var sealed: SealedContent?
    /// Nil snapshot: the client is unknown. What it throws reaches this caller alone and stores nothing.
    public var plan: @Sendable (_ client: ClientSnapshot?, _ now: Timestamp) throws -> AcceptancePlan

    public init(
        business: BusinessID, id: CommunicationID, clientID: ClientID, idempotency: IdempotencyClaim?, recipient: SealedRecipient?,
        needsBatchState: Bool, requester: Requester? = nil, plan: @escaping @Sendable (ClientSnapshot?, Timestamp) throws -> AcceptancePlan
    ) {
        self.business = business
        self.id = id
        self.clientID = clientID
        self.idempotency = idempotency
        self.recipient = recipient
        self.needsBatchState = needsBatchState
        self.requester = requester
        self.plan = plan
    }
}

/// Where an accepted communication waits.
public enum QueuePlacement: Sendable {
    /// It has ended already (suppressed), or it joined a batch whose leader waits.
    case none
    /// It waits for this moment; status `pending` when that is later than now, else `queued`.
    case waiting(due: Timestamp)
    /// It begins at once in this process: stored as `sending` with a lease that ends at `leaseUntil`; attempt 1.
    case handedOff(token: Int64, leaseUntil: Timestamp)
}

/// What becomes of the client's batch.
public enum BatchChange: Sendable {
    case none
    /// The communication leads a new batch.
    case open(id: UUIDv7, closesAt: Timestamp)
    /// It joins `id`; with `closesNow` the batch is closed and its leader becomes due at `leaderDue`.
    case join(id: UUIDv7, leader: CommunicationID, closesNow: Bool, leaderDue: Timestamp)
}

/// Everything that the accepting transaction writes for one communication.
public struct AcceptancePlan: Sendable {
    public var planID: String?
    public var messageType: String
    public var category: MessageCategory
    public var urgency: Urgency
    public var channel: Channel
    public var fallbacks: [Channel]
    public var status: CommunicationStatus
    public var context: [UInt8]
    public var metadata: [UInt8]
    public var scheduledFor: Timestamp
    public var queue: QueuePlacement
    public var batch: BatchChange
    public var errorMessage: String?
    public var attachments: [AttachmentUpload]
    /// Seconds after `sent` without word of delivery after which the next channel begins.
    public var fallbackAfter: Int?
    /// The body of the first answer, kept with the idempotency key.
    public var answer: [UInt8]
    /// Carried back untouched to the caller (the client as it was when decided, for the sender).
    public var client: ClientSnapshot

    public init(
        planID: String?, messageType: String, category: MessageCategory, urgency: Urgency, channel: Channel, fallbacks: [Channel],
        status: CommunicationStatus, context: [UInt8], metadata: [UInt8], scheduledFor: Timestamp, queue: QueuePlacement,
        batch: BatchChange, errorMessage: String?, attachments: [AttachmentUpload], fallbackAfter: Int? = nil, answer: [UInt8],
        client: ClientSnapshot
    ) {
        self.planID = planID
        self.messageType = messageType
        self.category = category
        self.urgency = urgency
        self.channel = channel
        self.fallbacks = fallbacks
        self.status = status
        self.context = context
        self.metadata = metadata
        self.scheduledFor = scheduledFor
        self.queue = queue
        self.batch = batch
        self.errorMessage = errorMessage
        self.attachments = attachments
        self.fallbackAfter = fallbackAfter
        self.answer = answer
        self.client = client
    }
}

/// What became of an ``Acceptance``; returned only once its transaction is durable.
public enum AcceptanceResult: Sendable {
    case accepted(AcceptancePlan)
    /// The key was used before with the same fingerprint.
    case replayed(statusCode: Int, answer: [UInt8])
    /// The key was used before with another fingerprint.
    case keyReused
    /// Another request with this key is still running.
    case keyInUse
}
