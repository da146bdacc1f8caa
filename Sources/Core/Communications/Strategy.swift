/// How a message will reach its client: by which channel, when, and with which others.
public struct Strategy: Sendable, Hashable {
    public var channel: Channel
    /// The channels to go on with when those before have failed, in order.
    public var fallbacks: [Channel]
    /// Not before this moment; never before `now`.
    public var sendAt: Timestamp
    /// Whether it can be sent at once.
    public var dueNow: Bool
    /// The lower number goes first.
    public var priority: Int
    public var batch: BatchPlacement
    /// Every rule that took part, in order.
    public var steps: [DecisionStep]

    public init(
        channel: Channel, fallbacks: [Channel], sendAt: Timestamp, dueNow: Bool, priority: Int, batch: BatchPlacement, steps: [DecisionStep]
    ) {
        self.channel = channel
        self.fallbacks = fallbacks
        self.sendAt = sendAt
        self.dueNow = dueNow
        self.priority = priority
        self.batch = batch
        self.steps = steps
    }
}

/// The result of a strategy decision.
public enum StrategyOutcome: Sendable, Hashable {
    case send(Strategy)
    /// There are addresses, but opt-outs, the suppression list or missing consent rule out every one of them.
    case suppressed(reason: String, steps: [DecisionStep])
    /// The client has no address at all, or only such as the message has no template for.
    case unreachable(reason: String, steps: [DecisionStep])
}

extension Strategy {
    /// Decides on channel, time and batch (specification 001, "Decision Logic", as corrected).
    ///
    /// `ChannelChoice`, `Timing` and `Batching` state the rules.
    public static func decide(_ input: StrategyInput) -> StrategyOutcome {
        var steps: [DecisionStep] = []
        steps.reserveCapacity(8)
        var consent = ChannelConsent(
            category: input.messageType.category, topic: input.messageType.topic, preferences: input.preferences,
            reachable: input.reachable, suppressed: input.suppressed, marketingAllowed: input.marketingAllowed)
        consent.unwritten = input.unwritten
        guard let choice = ChannelChoice.choose(input, consent: consent, steps: &steps) else {
            return input.reachable.isEmpty
                ? .unreachable(
                    reason: input.unwritten.isEmpty
                        ? "the client has no address for any channel"
                        : "the message has no template on any channel that the client has an address for", steps: steps)
                : .suppressed(reason: consent.reasonForNone, steps: steps)
        }
        let timing = Timing(input)
        timing.recordSchedule(&steps)
        let placement: BatchPlacement
        let sendAt: Timestamp
        if input.urgency == .low, input.messageType.isRefusable {
            steps.append(
                DecisionStep(
                    rule: "batching", outcome: "alone", because: "the client may refuse it, which must not stop other messages"))
            placement = .alone
            sendAt = timing.sendAt(urgency: .low, steps: &steps)
        } else if input.urgency == .low {
            (placement, sendAt) = Batching.place(input, channel: choice.channel, timing: timing, steps: &steps)
        } else {
            placement = .alone
            sendAt = timing.sendAt(urgency: input.urgency, steps: &steps)
        }
        return .send(
            Strategy(
                channel: choice.channel, fallbacks: choice.fallbacks, sendAt: sendAt, dueNow: sendAt <= input.now,
                priority: input.urgency.priority, batch: placement, steps: steps))
    }
}
