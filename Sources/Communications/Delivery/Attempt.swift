import Core
import Logging
import Storage

/// One begun attempt, with everything its delivery and the verdict about it need.
struct Attempt: Sendable {
    var id: CommunicationID
    var business: BusinessID
    var clientID: ClientID
    var planID: String?
    var messageType: String
    var urgency: Urgency
    var channel: Channel
    var fallbacks: [Channel]
    var context: [UInt8]
    var members: [BatchMember]
    /// 1 for the first attempt on this channel.
    var number: Int
    /// Earlier attempts on this channel that a limit put off.
    var rateLimited: Int
    /// Since when an attempt of unknown outcome may have reached the provider.
    var lookUpSince: Timestamp?
    /// Seconds after `sent` without word of delivery after which the next channel begins.
    var fallbackAfter: Int?
    var startedAt: Timestamp
    var leaseUntil: Timestamp
    var hasAttachments: Bool
    /// Known already where the message was handed off; loaded otherwise.
    var attachments: [AttachmentUpload]
    var client: ClientSnapshot
    /// What it took of the lane's rate; nil on a lane without one.
    var permit: Permit?

    /// A message that begins in the transaction that accepted it.
    init(handedOff plan: AcceptancePlan, acceptance: Acceptance, request: CommunicationRequest, leaseUntil: Timestamp, now: Timestamp) {
        id = acceptance.id
        business = acceptance.business
        clientID = acceptance.clientID
        planID = plan.planID
        messageType = plan.messageType
        urgency = plan.urgency
        channel = plan.channel
        fallbacks = plan.fallbacks
        context = plan.context
        members = []
        number = 1
        rateLimited = 0
        fallbackAfter = plan.fallbackAfter
        startedAt = now
        self.leaseUntil = leaseUntil
        hasAttachments = !request.attachments.isEmpty
        attachments = request.attachments
        client = plan.client
    }

    /// A message that was claimed from the queue.
    init(claimed due: DueDelivery, leaseUntil: Timestamp, now: Timestamp) {
        id = due.id
        business = due.business
        clientID = due.clientID
        planID = due.planID
        messageType = due.messageType
        urgency = due.urgency
        channel = due.channel
        fallbacks = due.fallbacks
        context = due.context
        members = due.members
        number = due.attemptsBegun + 1
        rateLimited = due.rateLimited
        lookUpSince = due.lookUpSince
        fallbackAfter = due.fallbackAfter
        startedAt = now
        self.leaseUntil = leaseUntil
        hasAttachments = due.hasAttachments
        attachments = []
        client = due.client ?? ClientSnapshot()
    }
}

extension Attempt {
    /// How long word of delivery is waited for before the next channel begins. E-mail servers tell nothing after they took a message,
    /// and the sandbox has nobody who could.
    func waitForReceipt(from transport: any Transport) -> Int? {
        fallbacks.isEmpty || channel == .email || transport.isSandbox ? nil : fallbackAfter
    }

    /// The ids that a log line about this attempt carries.
    var logFields: Logger.Metadata {
        [
            "communication_id": "\(id)", "client_id": "\(clientID)", "message_type": "\(messageType)", "channel": "\(channel.rawValue)",
            "plan_id": "\(planID ?? "")", "attempt": "\(number)",
        ]
    }
}
