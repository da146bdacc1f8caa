import Core
import Storage

/// Whose a reply is, and which communication it most likely answers.
struct ReplyMatch: Sendable {
    var owner: NumberOwner?
    var communication: AnswerableCommunication?
    /// The message type by whose patterns the reply is read: that of the question which the plan waits to be answered.
    var messageType: String?
    /// The plan waits for something from its client.
    var isAwaited = false

    /// A reply after this time is about something else.
    static let memory: Int64 = 30 * 86_400
    /// How long people quote a message.
    private static let quoteMemory: Int64 = 90 * 86_400
    /// Plans that are looked at.
    private static let mostPlans = 5
    /// Clients of one number that are looked at.
    private static let mostOwners = 50

    static let nobody = ReplyMatch()

    /// The message that is quoted decides; else the newest that went to one of the owners on the channel, those of a plan that waits for
    /// an answer before others. One owner needs no message to be known; of several that nobody wrote to, none is taken for another.
    static func find(_ reply: PreparedReply, owners: [NumberOwner], _ tx: Transaction) throws -> ReplyMatch {
        if let addressed = reply.addressed { return try find(addressed, reply, tx) }
        let owners = owners.prefix(mostOwners)
        if let quoted = reply.message.repliesTo {
            for owner in owners {
                let since = tx.now.adding(seconds: -quoteMemory)
                if let found = try tx.answerable(by: owner, providerMessageID: quoted, since: since) {
                    return try ReplyMatch(owner, found, tx)
                }
            }
        }
        let since = tx.now.adding(seconds: -memory)
        var newest: (owner: NumberOwner, messages: [AnswerableCommunication])?
        for owner in owners {
            let messages = try tx.answerable(by: owner, channel: reply.message.channel, since: since, limit: 20)
            guard let first = messages.first else { continue }
            if let other = newest?.messages.first, other.id > first.id { continue }
            newest = (owner, messages)
        }
        if let newest { return try choose(newest.owner, newest.messages, tx) ?? ReplyMatch(owner: newest.owner) }
        guard let only = owners.first, owners.count == 1 else { return .nobody }
        return try elsewhere(only, since: since, tx)
    }

    private static func find(_ addressed: PreparedReply.Addressed, _ reply: PreparedReply, _ tx: Transaction) throws -> ReplyMatch {
        let owner = addressed.owner
        if let id = addressed.communication, let found = try tx.communication(id, business: owner.business), found.clientID == owner.client
        {
            let message = AnswerableCommunication(
                id: found.id, planID: found.planID, messageType: found.messageType, channel: found.channel)
            return try ReplyMatch(owner, message, tx)
        }
        let since = tx.now.adding(seconds: -memory)
        let messages = try tx.answerable(by: owner, channel: reply.message.channel, since: since, limit: 20)
        return try choose(owner, messages, tx) ?? elsewhere(owner, since: since, tx)
    }

    /// The newest message of a plan that waits, else the newest of all; nil when there is none.
    private static func choose(_ owner: NumberOwner, _ messages: [AnswerableCommunication], _ tx: Transaction) throws -> ReplyMatch? {
        guard let first = messages.first else { return nil }
        return try awaited(owner, messages, tx) ?? ReplyMatch(owner: owner, communication: first, messageType: first.messageType)
    }

    /// What was asked on one channel is sometimes answered on another.
    private static func elsewhere(_ owner: NumberOwner, since: Timestamp, _ tx: Transaction) throws -> ReplyMatch {
        let messages = try tx.answerable(by: owner, channel: nil, since: since, limit: 20)
        return try awaited(owner, messages, tx) ?? ReplyMatch(owner: owner)
    }

    private static func awaited(_ owner: NumberOwner, _ messages: [AnswerableCommunication], _ tx: Transaction) throws -> ReplyMatch? {
        var seen: [String] = []
        for message in messages {
            guard let plan = message.planID, !seen.contains(plan) else { continue }
            if seen.count == mostPlans { return nil }
            seen.append(plan)
            if let (_, question) = try tx.pendingQuestion(planID: plan, business: owner.business) {
                return ReplyMatch(owner: owner, communication: message, messageType: question.messageType, isAwaited: true)
            }
        }
        return nil
    }

    private init(
        owner: NumberOwner? = nil, communication: AnswerableCommunication? = nil, messageType: String? = nil, isAwaited: Bool = false
    ) {
        self.owner = owner
        self.communication = communication
        self.messageType = messageType
        self.isAwaited = isAwaited
    }

    /// A message that is known to be answered.
    private init(_ owner: NumberOwner, _ communication: AnswerableCommunication, _ tx: Transaction) throws {
        let question = try communication.planID.flatMap { try tx.pendingQuestion(planID: $0, business: owner.business) }
        self.init(
            owner: owner, communication: communication, messageType: question?.1.messageType ?? communication.messageType,
            isAwaited: question != nil)
    }
}
