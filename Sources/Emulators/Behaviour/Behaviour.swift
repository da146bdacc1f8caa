/// What becomes of a message.
public enum Behaviour: Sendable, Hashable {
    /// Taken, sent and delivered.
    case deliver
    /// Delivered and read.
    case read
    /// Refused at once with the provider's code.
    case refuse(code: Int)
    /// Taken, and reported as failed or undelivered later.
    case fail(code: Int)
    /// Taken, and never heard of again.
    case silent
    /// Reported as sent, never as delivered.
    case unconfirmed
    /// Answered after five seconds.
    case slow
    /// Never answered; not taken either.
    case hang
    /// Taken, sent and delivered, but the connection ends before the answer: the sender can not know.
    case cut
    /// The connection ends before the answer, and nothing was taken: the sender can not know either.
    case drop
    /// An HTML page with status 502, as from a proxy; nothing is taken.
    case badGateway
    /// Taken, but the answer is cut off in the middle of its JSON.
    case truncated
    /// Taken, but the answer announces more than it brings and the connection ends.
    case incomplete
    /// Taken, but the answer is 8 MiB long.
    case huge
    /// 429; nothing is taken.
    case tooMany(retryAfter: Int?)
    /// 500 in the provider's own form; nothing is taken.
    case internalError
    /// 503 on the first try for a recipient and body, taken on the next.
    case flaky
    /// Every callback comes three times.
    case duplicates
    /// Final statuses come first.
    case shuffled
    /// The first callback comes before the answer.
    case early
    /// Callbacks begin after a minute.
    case late
}

extension Behaviour {
    /// `deliver`, `hang`, `refuse:21610`, `fail:30003`, `too-many:2`, …: the names of the control API.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let number = parts.count == 2 ? Int(parts[1]) : nil
        if parts.count == 2, number == nil || number.map({ !(0...999_999).contains($0) }) == true { return nil }
        switch (parts.first ?? "", number) {
        case ("refuse", let code?): self = .refuse(code: code)
        case ("fail", let code?): self = .fail(code: code)
        case ("too-many", let seconds): self = .tooMany(retryAfter: seconds)
        case (let name, nil):
            guard let plain = Self.plain.first(where: { $0.name == name }) else { return nil }
            self = plain.behaviour
        default: return nil
        }
    }

    /// The text that ``init(_:)`` reads.
    public var text: String {
        switch self {
        case .refuse(let code): "refuse:\(code)"
        case .fail(let code): "fail:\(code)"
        case .tooMany(let seconds): seconds.map { "too-many:\($0)" } ?? "too-many"
        default: Self.plain.first { $0.behaviour == self }?.name ?? "deliver"
        }
    }

    static let plain: [(name: String, behaviour: Behaviour)] = [
        ("deliver", .deliver), ("read", .read), ("silent", .silent), ("unconfirmed", .unconfirmed), ("slow", .slow), ("hang", .hang),
        ("cut", .cut), ("drop", .drop), ("bad-gateway", .badGateway), ("truncated", .truncated), ("incomplete", .incomplete),
        ("huge", .huge), ("internal-error", .internalError), ("flaky", .flaky), ("duplicates", .duplicates), ("shuffled", .shuffled),
        ("early", .early), ("late", .late),
    ]
}
