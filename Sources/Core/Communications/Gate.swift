/// The last look before an attempt begins (promises P4 and P5): what held when the message was planned may not hold any more.
public enum Gate {
    public enum Verdict: Sendable, Hashable {
        /// The attempt may begin.
        case proceed
        /// The attempt may begin, but on this channel, which is one of the fallbacks; those before it are done with.
        case switchTo(Channel)
        /// Nothing may begin before this moment.
        case deferUntil(Timestamp, reason: String)
        /// No channel is left; the message ends `suppressed`.
        case suppress(reason: String)
    }

    public struct Decision: Sendable, Hashable {
        public var verdict: Verdict
        /// What to add to the message's record; empty when it proceeds as planned.
        public var steps: [DecisionStep]

        public init(verdict: Verdict, steps: [DecisionStep] = []) {
            self.verdict = verdict
            self.steps = steps
        }
    }

    /// Looks at consent first, then at quiet hours, from which CRITICAL is exempt. A message that waits for the morning stays on its
    /// channel: consent is looked at again when it has come.
    public static func check(_ input: GateInput) -> Decision {
        let consent = ChannelConsent(
            category: input.category, topic: input.topic, preferences: input.preferences, reachable: input.reachable,
            suppressed: input.suppressed, marketingAllowed: input.marketingAllowed, lacksPostalAddress: input.lacksPostalAddress)
        var steps: [DecisionStep] = []
        var channel = input.channel
        if let objection = consent.objection(to: channel) {
            steps.append(objection)
            guard let next = input.fallbacks.first(where: consent.allows) else {
                return Decision(verdict: .suppress(reason: reason(for: objection, input)), steps: steps)
            }
            channel = next
        }
        if input.urgency != .critical {
            let window = SendWindow(quiet: QuietHours(input.preferences), zone: input.zone)
            if window.quiet.isQuiet(at: input.now, in: input.zone) {
                let opening = window.spread(window.next(from: input.now).moment, seed: input.spreadSeed)
                let step = DecisionStep(
                    rule: "quiet_hours", channel: channel, outcome: "deferred", because: "it is quiet time for the client")
                return Decision(verdict: .deferUntil(opening, reason: step.because), steps: [step])
            }
        }
        guard channel != input.channel else { return Decision(verdict: .proceed) }
        steps.append(
            DecisionStep(rule: "fallback", channel: channel, outcome: "chosen", because: "the channel before may not be used any more"))
        return Decision(verdict: .switchTo(channel), steps: steps)
    }

    private static func reason(for objection: DecisionStep, _ input: GateInput) -> String {
        if input.reachable.isEmpty { return "the client has no address any more" }
        return objection.rule == "topic" || objection.rule == "erasure" ? objection.because : "no channel is left: \(objection.because)"
    }
}
