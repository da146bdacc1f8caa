/// How soon a message matters (specification 001, "Timing Rules").
public enum Urgency: String, Sendable, Hashable, CaseIterable {
    case critical, high, normal, low

    /// Order of sending; the lower number goes first.
    public var priority: Int {
        switch self {
        case .critical: 0
        case .high: 1
        case .normal: 2
        case .low: 3
        }
    }
}
