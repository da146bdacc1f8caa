/// How long the emulated world takes.
public enum EmulatedLatency: Sendable, Hashable {
    /// Answers after 40 to 160 ms, `sent` within a second, `delivered` within a few.
    case realistic
    /// No waiting anywhere.
    case none
    /// Every answer and every step takes this long.
    case fixed(milliseconds: Int)

    /// `realistic`, `none` or a number of milliseconds up to an hour.
    public init?(_ text: String) {
        switch text {
        case "realistic": self = .realistic
        case "none", "0": self = .none
        default:
            guard let milliseconds = Int(text), (1...3_600_000).contains(milliseconds) else { return nil }
            self = .fixed(milliseconds: milliseconds)
        }
    }

    /// Milliseconds until a request is answered.
    func answer() -> Int {
        switch self {
        case .realistic: Int.random(in: 40...160)
        case .none: 0
        case .fixed(let milliseconds): milliseconds
        }
    }

    /// Milliseconds until a message reaches its next status.
    func step(_ status: MessageStatus) -> Int {
        switch self {
        case .realistic:
            switch status {
            case .queued, .sending: Int.random(in: 20...120)
            case .sent: Int.random(in: 150...900)
            case .read: Int.random(in: 2000...9000)
            default: Int.random(in: 600...3500)
            }
        case .none: 0
        case .fixed(let milliseconds): milliseconds
        }
    }

    /// Milliseconds before a callback that failed is tried again, doubled from try to try.
    func retry(_ attempt: Int) -> Int {
        let first =
            switch self {
            case .realistic: 1000
            case .none: 20
            case .fixed(let milliseconds): max(milliseconds, 20)
            }
        return first << min(max(attempt, 0), 6)
    }
}
