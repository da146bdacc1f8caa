import Core

/// What one of a provider's error codes means for us.
public struct ProviderErrorRule: Sendable, Hashable {
    public var category: ErrorCategory
    /// For people; stands in for the provider's own words, which may repeat a number.
    public var meaning: String
    /// What the operator can do about it, where it is theirs to mend.
    public var advice: String?
    public var consequence: FailureConsequence?
    /// Seconds to wait at least, where the provider's documentation says so.
    public var retryAfter: Int?
    /// Nobody knows whether the message was taken.
    public var outcomeUnknown: Bool
    /// It is about this message or this recipient only: others go on as before.
    public var concernsMessage: Bool

    init(
        _ category: ErrorCategory, _ meaning: String, advice: String? = nil, consequence: FailureConsequence? = nil, retryAfter: Int? = nil,
        outcomeUnknown: Bool = false, concernsMessage: Bool = false
    ) {
        self.category = category
        self.meaning = meaning
        self.advice = advice
        self.consequence = consequence
        self.retryAfter = retryAfter
        self.outcomeUnknown = outcomeUnknown
        self.concernsMessage = concernsMessage
    }

    /// ``meaning`` and ``advice`` in one line.
    public var text: String { advice.map { "\(meaning): \($0)" } ?? meaning }
}
