import Core
import Testing

@Suite("The gate before an attempt")
struct GateTests {
    private static func input(
        urgency: Urgency = .normal, channel: Channel = .email, fallbacks: [Channel] = [.sms], optOuts: ChannelSet = [],
        reachable: ChannelSet = .all, suppressed: ChannelSet = [], marketing: ChannelSet? = nil, now: String = "2026-01-15T11:00:00Z"
    ) -> GateInput {
        var preferences = Preferences.standard
        preferences.optOuts = optOuts
        return GateInput(
            category: marketing == nil ? .transactional : .marketing, urgency: urgency, channel: channel, fallbacks: fallbacks,
            preferences: preferences, zone: SampleZones.berlin, reachable: reachable, suppressed: suppressed,
            marketingAllowed: marketing ?? .all, now: moment(now), spreadSeed: 0)
    }

    @Test("what is still allowed proceeds without a further step")
    func proceeds() {
        #expect(Gate.check(Self.input()) == Gate.Decision(verdict: .proceed))
        // Outside business hours a planned message still goes.
        #expect(Gate.check(Self.input(now: "2026-01-15T19:00:00Z")).verdict == .proceed)
        #expect(Gate.check(Self.input(marketing: .email)).verdict == .proceed)
    }

    @Test("an opt-out, a suppression, a lost address or lost consent moves it to the next allowed fallback")
    func switches() {
        #expect(Gate.check(Self.input(optOuts: .email)).verdict == .switchTo(.sms))
        #expect(Gate.check(Self.input(suppressed: .email)).verdict == .switchTo(.sms))
        #expect(Gate.check(Self.input(reachable: [.sms, .whatsapp])).verdict == .switchTo(.sms))
        #expect(Gate.check(Self.input(marketing: .sms)).verdict == .switchTo(.sms))
        let second = Gate.check(Self.input(channel: .whatsapp, fallbacks: [.sms, .email], optOuts: [.whatsapp, .sms]))
        #expect(second.verdict == .switchTo(.email))
        #expect(second.steps.map(\.rule) == ["opt_out", "fallback"])
        #expect(second.steps.map(\.channel) == [.whatsapp, .email])
    }

    @Test("a fallback that is not allowed either is passed over")
    func passesOver() {
        func verdict(_ change: (inout GateInput) -> Void) -> Gate.Verdict {
            var input = Self.input(fallbacks: [.sms, .whatsapp], optOuts: .email)
            change(&input)
            return Gate.check(input).verdict
        }
        #expect(verdict { _ in } == .switchTo(.sms))
        #expect(verdict { $0.suppressed = .sms } == .switchTo(.whatsapp))
        #expect(verdict { $0.reachable = [.email, .whatsapp] } == .switchTo(.whatsapp))
        #expect(verdict { $0.preferences.optOuts = [.email, .sms] } == .switchTo(.whatsapp))
        #expect(verdict { ($0.category, $0.marketingAllowed) = (.marketing, .whatsapp) } == .switchTo(.whatsapp))
        #expect(verdict { ($0.category, $0.marketingAllowed) = (.transactional, .whatsapp) } == .switchTo(.sms))
    }

    @Test("without an allowed fallback it is suppressed, also at night")
    func suppresses() {
        for now in ["2026-01-15T11:00:00Z", "2026-01-15T23:00:00Z"] {
            #expect(
                Gate.check(Self.input(optOuts: [.email, .sms], now: now)).verdict
                    == .suppress(reason: "no channel is left: client opted out of email"))
        }
        #expect(Gate.check(Self.input(fallbacks: [], suppressed: .email)).steps.map(\.rule) == ["suppression"])
        #expect(Gate.check(Self.input(urgency: .critical, fallbacks: [], optOuts: .email)).verdict != .proceed)
        #expect(Gate.check(Self.input(reachable: [])).verdict == .suppress(reason: "the client has no address any more"))
    }

    @Test("nothing goes to whoever is to be erased, and the reason is not an opt-out")
    func toBeErased() {
        for urgency in Urgency.allCases {
            var input = Self.input(urgency: urgency, optOuts: .all)
            input.preferences.isToBeErased = true
            let decision = Gate.check(input)
            #expect(decision.verdict == .suppress(reason: "the client is to be erased"))
            #expect(decision.steps.map(\.rule) == ["erasure"])
        }
        var input = strategyInput(optOuts: .all)
        input.preferences.isToBeErased = true
        guard case .suppressed(let reason, let steps) = Strategy.decide(input) else {
            Issue.record("not suppressed")
            return
        }
        #expect(reason == "the client is to be erased")
        #expect(!steps.contains { $0.rule == "opt_out" })
    }

    @Test("quiet hours defer everything but critical, to their end")
    func defers() {
        for urgency in [Urgency.high, .normal, .low] {
            let decision = Gate.check(Self.input(urgency: urgency, now: "2026-01-15T21:00:00Z"))
            #expect(decision.verdict == .deferUntil(moment("2026-01-16T07:00:00Z"), reason: "it is quiet time for the client"))
            #expect(decision.steps.map(\.outcome) == ["deferred"])
        }
        #expect(Gate.check(Self.input(urgency: .critical, now: "2026-01-15T21:00:00Z")).verdict == .proceed)
        #expect(Gate.check(Self.input(urgency: .critical, optOuts: .email, now: "2026-01-15T21:00:00Z")).verdict == .switchTo(.sms))
        // No attempt may begin on the fallback either.
        guard case .deferUntil = Gate.check(Self.input(optOuts: .email, now: "2026-01-15T21:00:00Z")).verdict else {
            Issue.record("not deferred")
            return
        }
    }
}
