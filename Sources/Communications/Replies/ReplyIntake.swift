import Core
import Logging
import Observability
import Providers
import Storage

/// Takes what clients answer: keeps it, finds out whose it is and what it means, and lets keywords take effect.
public final class ReplyIntake: Sendable {
    /// Sees to it that a text is sent to the sender of a message, without waiting for it; where a channel's answer does not fit into the
    /// webhook's response (WhatsApp).
    public typealias Confirm = @Sendable (_ message: InboundMessage, _ text: String) -> Void

    private let database: Database
    private let clock: WallClock
    private let recorder: ReplyRecorder
    private let orchestrator: Orchestrator
    private let confirm: Confirm?
    private let logger: Logger

    /// Messages of one transaction.
    private static let mostTogether = 100

    public init(
        database: Database, cipher: Cipher, clock: WallClock, orchestrator: Orchestrator, optOutReplies: OptOutReplies = .twilio,
        confirm: Confirm? = nil, logger: Logger = Logger(label: "rapport.replies")
    ) {
        self.database = database
        self.clock = clock
        self.recorder = ReplyRecorder(cipher: cipher, optOutReplies: optOutReplies)
        self.orchestrator = orchestrator
        self.confirm = confirm
        self.logger = logger
    }

    /// Takes messages as a provider told them. When it returns they are durable and opt-outs hold: no attempt to those people on that
    /// channel begins any more (promise P4). A message that was told before changes nothing.
    ///
    /// - Returns: for each message what to answer in the webhook's own response.
    public func take(_ messages: [InboundMessage]) async throws -> [ReplyAnswer] {
        var answers: [ReplyAnswer] = []
        for start in stride(from: 0, to: messages.count, by: Self.mostTogether) {
            let part = messages[start..<min(start + Self.mostTogether, messages.count)]
            answers += try await takeTogether(part.map { PreparedReply($0, id: UUIDv7(at: clock.now())) })
        }
        return answers
    }

    /// Takes a reply that came by a way of the caller's own, as if the client had answered by the channel.
    ///
    /// - Parameter audit: whose doing it is, for the audit log.
    /// - Throws: ``Refusal/notFound`` when the business has no such client.
    public func take(
        _ reply: DirectReply, business: BusinessID, audit: AuditEntry? = nil
    ) async throws -> (reply: StoredReply, answer: String?) {
        let id = UUIDv7(at: clock.now())
        let prepared = try await prepare(reply, id: id, business: business)
        guard let recorded = try await record([prepared], audit.map { ($0, business) }).first, let stored = recorded.stored else {
            throw Refusal.notFound
        }
        await settle([recorded])
        return (stored, recorded.answer)
    }

    private func takeTogether(_ replies: [PreparedReply]) async throws -> [ReplyAnswer] {
        let recorded = try await record(replies)
        await settle(recorded)
        var answers: [ReplyAnswer] = []
        for (reply, outcome) in zip(replies, recorded) {
            note(reply, outcome)
            if reply.message.provider == TwilioWebhook.provider {
                answers.append(ReplyAnswer(text: outcome.answer))
                continue
            }
            answers.append(ReplyAnswer(text: nil))
            // Only the first time: what was begun then may have arrived.
            guard outcome.stored != nil, let text = outcome.answer else { continue }
            if let confirm {
                confirm(reply.message, text)
            } else {
                logger.warning("reply_not_answered", metadata: ["reply_id": "\(reply.id)", "channel": "\(reply.message.channel.rawValue)"])
            }
        }
        return answers
    }

    private func record(
        _ replies: [PreparedReply], _ audit: (entry: AuditEntry, business: BusinessID)? = nil
    ) async throws -> [RecordedReply] {
        let changesConsent = replies.contains { $0.keyword?.keyword == .stop || $0.keyword?.keyword == .start }
        return try await database.write { [recorder] tx in
            // First of all locks: taken later, it might wait for somebody who waits for this transaction.
            if changesConsent { try tx.lockAllConsent() }
            let businesses = try tx.businessIDs()
            if let audit { try tx.audit(audit.entry, business: audit.business) }
            return try replies.map { try recorder.record($0, businesses: businesses, tx) }
        }
    }

    /// Stops what has begun for those who opted out, and makes the change known.
    private func settle(_ recorded: [RecordedReply]) async {
        await withTaskGroup(of: Void.self) { group in
            for change in Set(recorded.flatMap(\.changes)) {
                group.addTask { [orchestrator] in
                    await orchestrator.consentChanged(business: change.business, client: change.client, optedOut: change.channels)
                }
            }
        }
    }

    private func prepare(_ reply: DirectReply, id: UUIDv7, business: BusinessID) async throws -> PreparedReply {
        let addresses = AddressBook(cipher: recorder.cipher)
        let phone = try await database.read { tx -> String?? in
            guard let client = try tx.client(reply.clientID, business: business) else { return nil }
            return try .some(addresses.address(of: client, on: .sms, business: business))
        }
        guard let phone else { throw Refusal.notFound }
        let message = InboundMessage(
            provider: DirectReply.provider, channel: reply.channel, providerMessageID: id.description,
            from: reply.channel == .email ? "" : phone ?? "", to: "", text: reply.text, kind: reply.payload == nil ? "text" : "button",
            payload: reply.payload)
        return PreparedReply(
            message, id: id,
            addressed: PreparedReply.Addressed(
                owner: NumberOwner(business: business, client: reply.clientID), communication: reply.communication))
    }

    private func note(_ reply: PreparedReply, _ outcome: RecordedReply) {
        guard let stored = outcome.stored else {
            logger.debug("reply_repeated", metadata: ["provider": "\(reply.message.provider)"])
            return
        }
        logger.info(
            "reply_taken",
            metadata: [
                "reply_id": "\(stored.id)", "channel": "\(stored.channel.rawValue)", "client_id": "\(stored.clientID?.text ?? "")",
                "plan_id": "\(stored.planID ?? "")", "action": "\(stored.action?.name ?? "")",
                "keyword": "\(stored.keyword?.rawValue ?? "")", "needs_attention": "\(stored.needsAttention)",
            ])
    }
}

/// A reply that reaches us by the API: from a channel of the caller's own, or to try a workflow without a provider.
public struct DirectReply: Sendable {
    /// What stands for the provider.
    static let provider = "api"

    public var clientID: ClientID
    public var channel: Channel
    public var text: String
    /// Of a button that was pressed.
    public var payload: String?
    /// The communication that is answered; nil: the one that it most likely is.
    public var communication: CommunicationID?

    public init(clientID: ClientID, channel: Channel, text: String, payload: String? = nil, communication: CommunicationID? = nil) {
        self.clientID = clientID
        self.channel = channel
        self.text = text
        self.payload = payload
        self.communication = communication
    }
}
