import Core

/// Why a provider did not take a message, or says later that it could not be delivered.
public struct ProviderFailure: Error, Sendable, Hashable {
    public var category: ErrorCategory
    /// The provider's own code, for example Twilio's 21610 or WhatsApp's 131047.
    public var code: Int?
    /// For the record and for people: never an address, a body or a secret.
    public var message: String
    /// Seconds that the provider asked us to wait; already capped to what is believable.
    public var retryAfter: Int?
    /// Nobody knows whether the provider took it.
    public var outcomeUnknown: Bool
    public var consequence: FailureConsequence?

    public init(
        category: ErrorCategory, code: Int? = nil, message: String, retryAfter: Int? = nil, outcomeUnknown: Bool = false,
        consequence: FailureConsequence? = nil
    ) {
        self.category = category
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.outcomeUnknown = outcomeUnknown
        self.consequence = consequence
    }
}
