/// One rule's part in a decision: which rule looked at what, with which outcome, and why.
public struct DecisionStep: Sendable, Hashable {
    /// The rule's stable name, for example `opt_out` or `quiet_hours`.
    public var rule: String
    public var channel: Channel?
    /// What came of it, for example `chosen`, `skipped`, `deferred`.
    public var outcome: String
    /// A sentence for people.
    public var because: String

    public init(rule: String, channel: Channel? = nil, outcome: String, because: String) {
        self.rule = rule
        self.channel = channel
        self.outcome = outcome
        self.because = because
    }
}
