/// Why an attempt failed (specification 001, "Error Categories"); the raw values are stored and shown.
public enum ErrorCategory: String, Sendable, Hashable, CaseIterable {
    /// Network time-outs, a provider that is away for a while.
    case transient
    /// The provider says that it will never work: unknown mailbox, invalid number.
    case permanent
    /// A quota is used up for now.
    case rateLimit = "rate_limit"
    /// Our credentials are refused.
    case authFailure = "auth_failure"
    /// What we sent is malformed.
    case invalidInput = "invalid_input"

    /// Whether another attempt on the same channel can succeed. A refused credential counts: it is our side's fault,
    /// and a message must not die because a password was rotated.
    public var isRetryable: Bool {
        switch self {
        case .transient, .rateLimit, .authFailure: true
        case .permanent, .invalidInput: false
        }
    }

    /// Whether an administrator has to know at once.
    public var alertsImmediately: Bool { self == .authFailure }
}
