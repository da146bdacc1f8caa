import Core
import TestSupport

@testable import Storage

/// Messages at a provider, and what it tells of them.
struct ReceiptWorld {
    let f: Fixture

    static func with(_ engine: TestEngine, _ body: (ReceiptWorld) async throws -> Void) async throws {
        try await Fixture.with(engine) { try await body(ReceiptWorld(f: $0)) }
    }

    /// Accepts a message to a number of its own.
    func accept(
        _ channel: Channel = .sms, fallbacks: [Channel] = [], client: String = "ada", fallbackAfter: Int? = nil, hasMail: Bool = false
    ) async throws -> CommunicationID {
        var recipient = SealedRecipient(phoneNumber: SealedValue(bytes: [1]), phoneHash: Array(client.utf8))
        if hasMail { (recipient.email, recipient.emailHash) = (SealedValue(bytes: [2]), [2]) }
        let acceptance = f.acceptance(client: client, recipient: recipient) { plan, _, _ in
            plan.channel = channel
            plan.fallbacks = fallbacks
            plan.fallbackAfter = fallbackAfter
        }
        _ = try await f.database.accept(acceptance)
        return acceptance.id
    }

    /// Accepts messages to one number that travel together.
    func acceptBatch(_ count: Int, fallbacks: [Channel] = []) async throws -> [CommunicationID] {
        let (batch, now) = (UUIDv7(at: f.now), f.now)
        let recipient = SealedRecipient(phoneNumber: SealedValue(bytes: [1]), phoneHash: [1])
        var ids: [CommunicationID] = []
        for _ in 0..<count {
            let leader = ids.first
            let acceptance = f.acceptance(recipient: recipient, needsBatchState: true) { plan, _, _ in
                plan.channel = .sms
                plan.fallbacks = fallbacks
                plan.status = .pending
                plan.queue = leader == nil ? .waiting(due: now) : .none
                plan.batch =
                    leader.map { .join(id: batch, leader: $0, closesNow: false, leaderDue: now) } ?? .open(id: batch, closesAt: now)
            }
            _ = try await f.database.accept(acceptance)
            ids.append(acceptance.id)
        }
        return ids
    }

    func outcome(
        _ due: DueDelivery, token: Int64 = 7, provider: String = "twilio", members: [CommunicationID] = [],
        _ result: AttemptOutcome.Result
    ) -> AttemptOutcome {
        AttemptOutcome(
            id: due.id, token: token, channel: due.channel, attempt: due.attemptsBegun + 1, startedAt: f.now, finishedAt: f.now,
            provider: provider, sandbox: false, members: members, result: result,
            fallbackAfter: due.fallbacks.isEmpty ? nil : due.fallbackAfter)
    }

    /// Sends what is due on the channel; the provider calls it `messageID`.
    @discardableResult
    func send(_ messageID: String, on channel: Channel = .sms, provider: String = "twilio") async throws -> Int {
        let begun = try await f.claim(channel: channel).begun
        for due in begun {
            let lost = try await f.database.finish([
                outcome(due, provider: provider, members: due.members.map(\.id), .sent(providerMessageID: messageID, response: nil))
            ])
            precondition(lost.isEmpty)
        }
        return begun.count
    }

    func event(
        _ word: String, _ event: StatusEvent?, of messageID: String = "SM1", provider: String = "twilio",
        category: ErrorCategory = .permanent,
        code: Int? = 30_006, reference: CommunicationID? = nil, at: Timestamp? = nil
    ) -> ProviderEvent {
        ProviderEvent(
            provider: provider, providerMessageID: messageID, word: word, event: event, at: at, reference: reference,
            failure: event == .bounced ? ProviderEvent.Failure(category: category, code: code, message: "not reached") : nil)
    }

    @discardableResult
    func tell(_ events: ProviderEvent...) async throws -> ReceiptSummary {
        try await tell(events)
    }

    @discardableResult
    func tell(_ events: [ProviderEvent]) async throws -> ReceiptSummary {
        try await f.database.write { tx in try tx.receive(events, policy: .standard, jitter: 0) { _, _, _, _ in [] } }
    }

    func match() async throws -> ReceiptSummary {
        try await f.database.write { tx in
            try tx.matchKeptEvents(since: tx.now.adding(seconds: -3_600), limit: 100, policy: .standard, jitter: 0) { _, _, _, _ in [] }
        }
    }

    func passDeadlines() async throws -> ReceiptSummary? {
        try await f.database.write { tx in try tx.passReceiptDeadlines(limit: 100, policy: .standard) }
    }

    struct Standing: Hashable {
        var status: CommunicationStatus?
        var channel: String?
        var fallbacks: String?
        /// Channel and attempts of its row of the queue.
        var queued: String?
    }

    func standing(_ id: CommunicationID) async throws -> Standing {
        let queued = try await f.database.read { tx in
            try tx.run("SELECT channel, attempt FROM crm_delivery_queue WHERE communication_id = \(id)").first
                .map { "\(try $0.text(0)) \(try $0.int(1))" }
        }
        return Standing(
            status: try await f.status(id), channel: try await f.column("channel", id),
            fallbacks: try await f.column("fallback_channels", id), queued: queued)
    }
}
