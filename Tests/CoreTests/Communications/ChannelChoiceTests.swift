import Core
import TestSupport
import Testing

@Suite("Channel choice")
struct ChannelChoiceTests {
    /// One row of the table.
    struct Row: Sendable, CustomTestStringConvertible {
        var says: String
        var type = "budget_summary"
        var urgency: Urgency?
        var requested: Channel?
        var preferred: [Channel] = [.email]
        var optOuts: ChannelSet = []
        var reachable: ChannelSet = .all
        var suppressed: ChannelSet = []
        var channel: Channel
        var fallbacks: [Channel]
        var rule: String

        var testDescription: String { says }
    }

    static let rows: [Row] = [
        Row(says: "a client who said nothing gets detail by e-mail", channel: .email, fallbacks: [.sms], rule: "preference"),
        Row(
            says: "the requested channel comes before everything", type: "error_notification", requested: .email, preferred: [.whatsapp],
            channel: .email, fallbacks: [.sms], rule: "requested_channel"),
        Row(
            says: "a requested channel that is opted out is passed over", requested: .sms, optOuts: .sms, channel: .email, fallbacks: [],
            rule: "preference"),
        Row(
            says: "critical goes by whatsapp if the client prefers it", type: "error_notification", preferred: [.email, .whatsapp],
            channel: .whatsapp, fallbacks: [.sms, .email], rule: "urgency"),
        Row(
            says: "critical goes by sms otherwise, preferred or not", type: "error_notification", channel: .sms, fallbacks: [.email],
            rule: "urgency"),
        Row(
            says: "critical with whatsapp preferred but opted out goes by sms", type: "error_notification", preferred: [.whatsapp],
            optOuts: .whatsapp, channel: .sms, fallbacks: [.email], rule: "urgency"),
        Row(
            says: "critical without sms goes by what the client prefers", type: "error_notification", optOuts: .sms, channel: .email,
            fallbacks: [], rule: "preference"),
        Row(
            says: "critical without a phone goes by e-mail", type: "error_notification", preferred: [.sms], reachable: .email,
            channel: .email,
            fallbacks: [], rule: "message_type"),
        Row(
            says: "any type becomes critical by its urgency", urgency: .critical, preferred: [.whatsapp], channel: .whatsapp,
            fallbacks: [.email, .sms], rule: "urgency"),
        Row(
            says: "the client's order decides between channels of the type", type: "selection_confirmation", preferred: [.sms, .email],
            channel: .sms, fallbacks: [.email], rule: "preference"),
        Row(
            says: "a preferred channel of the type comes before one that it does not list", preferred: [.sms, .email], channel: .email,
            fallbacks: [.sms], rule: "preference"),
        Row(
            says: "a preferred channel that the type does not list comes before a listed one that is not preferred", preferred: [.sms],
            channel: .sms, fallbacks: [.email], rule: "preference"),
        Row(
            says: "without an address for the preferred channel the type's next one serves", type: "selection_confirmation",
            reachable: [.sms, .whatsapp], channel: .sms, fallbacks: [], rule: "message_type"),
        Row(
            says: "when neither client nor type name a usable channel, what remains serves", reachable: [.sms, .whatsapp], channel: .sms,
            fallbacks: [], rule: "remaining"),
        Row(
            says: "a suppressed address is passed over", suppressed: .email, channel: .sms, fallbacks: [], rule: "remaining"),
        Row(
            says: "the type's second channel is the first fallback", type: "vendor_options", channel: .email, fallbacks: [.whatsapp, .sms],
            rule: "preference"),
        Row(
            says: "whatsapp falls back to sms, then e-mail", type: "selection_confirmation", requested: .whatsapp, channel: .whatsapp,
            fallbacks: [.email, .sms], rule: "requested_channel"),
        Row(
            says: "whatsapp falls back along the chain where the type has no wish of its own", type: "reminder", requested: .whatsapp,
            optOuts: .email, channel: .whatsapp, fallbacks: [.sms], rule: "requested_channel"),
        Row(
            says: "fallbacks leave out what is opted out or suppressed", type: "vendor_options", optOuts: .whatsapp, suppressed: .sms,
            channel: .email, fallbacks: [], rule: "preference"),
        Row(
            says: "an empty list of preferred channels leaves the choice to the type", type: "selection_confirmation", preferred: [],
            channel: .email, fallbacks: [.sms], rule: "message_type"),
    ]

    @Test("the table of precedence", arguments: rows)
    func table(row: Row) throws {
        let strategy = try #require(
            planned(
                strategyInput(
                    type: row.type, urgency: row.urgency, requested: row.requested, preferred: row.preferred, optOuts: row.optOuts,
                    reachable: row.reachable, suppressed: row.suppressed)))
        #expect(strategy.channel == row.channel)
        #expect(strategy.fallbacks == row.fallbacks)
        #expect(strategy.steps.first { $0.outcome == "chosen" }?.rule == row.rule)
        #expect(strategy.steps.filter { $0.outcome == "chosen" }.map(\.channel) == [row.channel])
    }

    @Test("every channel that is passed over is recorded with its reason, once")
    func steps() throws {
        let input = strategyInput(
            type: "vendor_options", requested: .sms, preferred: [.whatsapp, .email], optOuts: .sms, suppressed: .whatsapp)
        let strategy = try #require(planned(input))
        #expect(
            strategy.steps.prefix(3) == [
                DecisionStep(rule: "opt_out", channel: .sms, outcome: "skipped", because: "client opted out of sms"),
                DecisionStep(
                    rule: "suppression", channel: .whatsapp, outcome: "skipped", because: "the address is on the suppression list"),
                DecisionStep(
                    rule: "preference", channel: .email, outcome: "chosen", because: "the client prefers it and the message type lists it"),
            ])
        #expect(strategy.steps.filter { $0.outcome == "skipped" }.count == 2)
    }

    @Test("with addresses but no consent the message is suppressed, without any address the client is unreachable")
    func nothingLeft() {
        func reason(_ outcome: StrategyOutcome) -> String {
            switch outcome {
            case .send: "sent"
            case .suppressed(let reason, let steps): steps.isEmpty ? "no steps" : "suppressed: \(reason)"
            case .unreachable(let reason, let steps): steps.isEmpty ? "no steps" : "unreachable: \(reason)"
            }
        }
        #expect(
            reason(Strategy.decide(strategyInput(optOuts: .all))) == "suppressed: client opted out of every channel that has an address")
        #expect(
            reason(Strategy.decide(strategyInput(optOuts: .email, reachable: .email)))
                == "suppressed: client opted out of every channel that has an address")
        #expect(
            reason(Strategy.decide(strategyInput(optOuts: .email, suppressed: [.sms, .whatsapp])))
                == "suppressed: every remaining address is on the suppression list")
        #expect(reason(Strategy.decide(strategyInput(reachable: []))) == "unreachable: the client has no address for any channel")
        #expect(
            reason(Strategy.decide(strategyInput(optOuts: .all, reachable: []))) == "unreachable: the client has no address for any channel"
        )
    }

    @Test("a channel that the message has no template for is not taken for one without an address")
    func withoutTemplate() throws {
        var input = strategyInput(reachable: .email)
        input.unwritten = [.sms, .whatsapp]
        input.requestedChannel = .sms
        let skipped = try #require(planned(input)).steps.filter { $0.outcome == "skipped" }
        #expect(skipped.map(\.rule) == ["template"] && skipped.first?.channel == .sms)
        input.reachable = []
        guard case .unreachable(let reason, _) = Strategy.decide(input) else {
            Issue.record("sent without a template")
            return
        }
        #expect(reason == "the message has no template on any channel that the client has an address for")
    }

    @Test("marketing goes only where the client takes it; other messages do not ask")
    func marketing() throws {
        var input = strategyInput(type: "selection_confirmation")
        input.marketingAllowed = .sms
        #expect(planned(input)?.channel == .email)
        input.messageType.category = .marketing
        let chosen = try #require(planned(input))
        #expect(chosen.channel == .sms && chosen.fallbacks.isEmpty)
        input.marketingAllowed = []
        guard case .suppressed(let reason, _) = Strategy.decide(input) else {
            Issue.record("not suppressed")
            return
        }
        #expect(reason == "the client takes no marketing on the remaining channels")
    }

    @Test("random clients are never written to on a channel that is opted out, suppressed or has no address")
    func neverForbidden() {
        var random = SeededGenerator(seed: 6)
        func someChannels() -> ChannelSet { ChannelSet(rawValue: UInt8.random(in: 0...7, using: &random)) }
        var sent = 0
        for _ in 0..<20_000 {
            let type = MessageType.builtIn.randomElement(using: &random)!.name
            let preferred = Channel.allCases.shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
            var input = strategyInput(
                type: type, urgency: .allCases.randomElement(using: &random),
                requested: [nil, .email, .sms, .whatsapp].randomElement(using: &random)!,
                preferred: Array(preferred), optOuts: someChannels(), reachable: someChannels(), suppressed: someChannels())
            input.marketingAllowed = someChannels()
            if Bool.random(using: &random) { input.messageType.category = .marketing }
            var allowed = input.reachable.subtracting(input.preferences.optOuts).subtracting(input.suppressed)
            if input.messageType.category == .marketing { allowed.formIntersection(input.marketingAllowed) }
            switch Strategy.decide(input) {
            case .send(let strategy):
                sent += 1
                let all = [strategy.channel] + strategy.fallbacks
                #expect(all.allSatisfy { allowed.contains($0) } && Set(all).count == all.count)
            case .suppressed: #expect(allowed.isEmpty && !input.reachable.isEmpty)
            case .unreachable: #expect(input.reachable.isEmpty)
            }
        }
        #expect(sent > 2000)
    }
}
