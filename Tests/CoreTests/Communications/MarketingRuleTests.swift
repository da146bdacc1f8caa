import Core
import TestSupport
import Testing

/// Strategy and gate ask the same questions; each row is put to both.
@Suite("Marketing and topics in strategy and gate")
struct MarketingRuleTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var says: String
        var category = MessageCategory.marketing
        var topic: String?
        var rule = MarketingRule.optOut
        var marketing = ""
        var refused: [String] = []
        /// By the suppression list.
        var allowed = ChannelSet.all
        /// Nil: it may go by e-mail.
        var reason: String?

        var testDescription: String { says }
    }

    static let rows: [Row] = [
        Row(says: "opt-out: marketing goes until it is refused"),
        Row(says: "opt-out: a refusal stops it", marketing: "email:refused", reason: "the client takes no marketing on this channel"),
        Row(says: "opt-out: a refusal elsewhere does not", marketing: "sms:refused"),
        Row(says: "opt-in: without a grant nothing goes", rule: .optIn, reason: "there is no consent to marketing on this channel"),
        Row(says: "opt-in: a grant is enough", rule: .optIn, marketing: "email:granted"),
        Row(
            says: "opt-in: a grant elsewhere is not", rule: .optIn, marketing: "sms:granted",
            reason: "there is no consent to marketing on this channel"),
        Row(
            says: "double opt-in: a grant alone is not enough", rule: .doubleOptIn, marketing: "email:granted",
            reason: "the client's consent to marketing on this channel is not confirmed"),
        Row(says: "double opt-in: a confirmed one is", rule: .doubleOptIn, marketing: "email:confirmed"),
        Row(
            says: "the suppression list stands above a confirmed consent", rule: .doubleOptIn, marketing: "email:confirmed",
            allowed: [.sms, .whatsapp], reason: "the client takes no marketing on this channel"),
        Row(says: "transactional messages ask for no consent", category: .transactional, rule: .doubleOptIn, marketing: "email:refused"),
        Row(says: "a refused topic stops marketing", topic: "news", refused: ["news"], reason: "client refused the topic news"),
        Row(
            says: "a refused topic stops what is no marketing too", category: .transactional, topic: "news", refused: ["news", "offers"],
            reason: "client refused the topic news"),
        Row(says: "another topic does not", topic: "offers", refused: ["news"]),
        Row(says: "messages without a topic go on", refused: ["news"]),
    ]

    @Test("the gate refuses what may not go", arguments: rows)
    func gate(row: Row) throws {
        let decision = Gate.check(try Self.gateInput(row))
        guard let reason = row.reason else {
            #expect(decision == Gate.Decision(verdict: .proceed))
            return
        }
        let expected = reason.contains("topic") ? reason : "no channel is left: \(reason)"
        #expect(decision.verdict == .suppress(reason: expected))
        #expect(decision.steps.last?.because == reason)
    }

    @Test("the strategy refuses what may not go", arguments: rows)
    func strategy(row: Row) throws {
        var input = strategyInput(reachable: .email)
        (input.messageType.category, input.messageType.topic) = (row.category, row.topic)
        input.preferences = try Self.preferences(row)
        input.marketingAllowed = row.allowed
        switch Strategy.decide(input) {
        case .send(let strategy): #expect(row.reason == nil && strategy.channel == .email)
        case .suppressed(_, let steps): #expect(steps.first { $0.channel == .email }?.because == row.reason)
        case .unreachable: Issue.record("unreachable")
        }
    }

    @Test("without a postal address marketing does not go by e-mail, and by another channel only if there is one")
    func postalAddress() throws {
        var input = try Self.gateInput(Row(says: ""))
        input.lacksPostalAddress = true
        #expect(Gate.check(input).verdict == .suppress(reason: "no channel is left: the business has no postal address"))
        input.fallbacks = [.sms]
        input.reachable = .all
        #expect(Gate.check(input).verdict == .switchTo(.sms))
        input.category = .transactional
        #expect(Gate.check(input).verdict == .proceed)
    }

    @Test("what can be refused by itself is never put into a batch with other messages")
    func alone() throws {
        let batch = OpenBatch(id: UUIDv7(high: 1, low: 1), channel: .email, count: 1, closesAt: moment("2026-01-15T11:30:00Z"))
        var input = strategyInput(urgency: .low, lastMessageAt: "2026-01-15T10:00:00Z", openBatches: [batch])
        #expect(planned(input)?.batch == .join(id: batch.id, closesNow: false))
        input.messageType.category = .marketing
        #expect(planned(input)?.batch == .alone)
        input.messageType.category = .transactional
        input.messageType.topic = "news"
        #expect(planned(input)?.batch == .alone)
    }

    private static func preferences(_ row: Row) throws -> Preferences {
        StatedPreferences(marketing: try #require(MarketingConsent(text: row.marketing)), topicsRefused: row.refused)
            .effective(recordTimezone: "UTC", recordLanguage: nil, marketingRule: row.rule)
    }

    private static func gateInput(_ row: Row) throws -> GateInput {
        GateInput(
            category: row.category, urgency: .high, channel: .email, fallbacks: [], preferences: try preferences(row), zone: .utc,
            reachable: .email, suppressed: [], marketingAllowed: row.allowed, topic: row.topic, now: moment("2026-01-15T11:00:00Z"),
            spreadSeed: 0)
    }
}
