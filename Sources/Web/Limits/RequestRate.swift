/// At most so many requests in so many seconds; all at once if the caller likes.
public struct RequestRate: Sendable, Hashable {
    public let requests: Int
    public let seconds: Int

    public init(requests: Int, seconds: Int) {
        self.requests = max(1, requests)
        self.seconds = max(1, seconds)
    }

    /// `600/60`. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let requests = numbers[0], let seconds = numbers[1], (1...1_000_000_000).contains(requests),
            (1...86_400).contains(seconds)
        else { return nil }
        self.init(requests: requests, seconds: seconds)
    }

    public var text: String { "\(requests)/\(seconds)" }
    /// Requests that come back in a millisecond.
    var perMillisecond: Double { Double(requests) / (Double(seconds) * 1_000) }
}
