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
    /// It is about this message or this recipient only: others go on as before.
    public var concernsMessage: Bool

    public init(
        category: ErrorCategory, code: Int? = nil, message: String, retryAfter: Int? = nil, outcomeUnknown: Bool = false,
        consequence: FailureConsequence? = nil, concernsMessage: Bool = false
    ) {
        self.category = category
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.outcomeUnknown = outcomeUnknown
        self.consequence = consequence
        self.concernsMessage = concernsMessage
    }
}

extension ProviderFailure: CustomStringConvertible {
    public var description: String { message }
}

extension ProviderFailure {
    /// What a rule says about an answer.
    /// - Parameters:
    ///   - retryAfter: as the answer asked for; the longer of it and the rule's own holds.
    ///   - words: the provider's own, already scrubbed; only where they help to mend the request.
    init(_ rule: ProviderErrorRule, provider: String, code: Int?, retryAfter: Int?, words: String? = nil) {
        let number = code.map { " \($0)" } ?? ""
        let more = words.map { " (\($0))" } ?? ""
        self.init(
            category: rule.category, code: code, message: "\(provider)\(number): \(rule.text)\(more)",
            retryAfter: [retryAfter, rule.retryAfter].compactMap { $0 }.max(), outcomeUnknown: rule.outcomeUnknown,
            consequence: rule.consequence, concernsMessage: rule.concernsMessage)
    }

    /// No answer at all: nothing was sent, or nobody knows.
    init(_ failure: SafeHTTP.Failure, provider: String) {
        let (text, unknown): (String, Bool) =
            switch failure {
            case .refused(let reason): ("the request can not be sent: \(reason)", false)
            case .connection(let reason): ("no connection: \(reason)", false)
            case .timeout(let requestWritten): (requestWritten ? "no answer in time" : "no connection in time", requestWritten)
            case .responseTooLarge: ("the answer is too large", true)
            case .protocolError(let reason): ("the answer can not be read: \(reason)", true)
            case .cancelled: ("cut off", true)
            }
        self.init(category: .transient, message: "\(provider): \(text)", outcomeUnknown: unknown)
    }
}
