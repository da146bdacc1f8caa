/// What an endpoint said to an event, as far as it matters for what comes next.
public enum WebhookAnswer: Sendable, Hashable {
    /// HTTP status, and the seconds that a `Retry-After` asked for.
    case status(Int, retryAfter: Int? = nil)
    /// Nothing that could be understood: no connection, no answer in time, a refused address.
    case none

    /// Standard Webhooks: 2xx and nothing else; a redirect is a failure.
    public var isSuccess: Bool {
        if case .status(200...299, _) = self { return true }
        return false
    }

    /// 410 Gone: the receiver does not want any more.
    public var isGone: Bool {
        if case .status(410, _) = self { return true }
        return false
    }
}

/// What happens to an event after an attempt.
public enum WebhookVerdict: Sendable, Hashable {
    case delivered
    case retry(at: Timestamp)
    /// The last attempt has failed; the client's next event has its turn.
    case giveUp
}

/// When and how often an event is offered to an endpoint (Standard Webhooks, "Retry schedule"): at once, then after 5 s, 5 min, 30 min,
/// 2 h, 5 h, 10 h and 10 h, close to 28 hours in all. Every answer but 2xx counts as a failure.
///
/// Jitter only lengthens, by at most a tenth. A `Retry-After` lengthens too, up to a day.
public struct WebhookRetryPolicy: Sendable, Hashable {
    /// Seconds before the second, third, … attempt.
    public var delays: [Int]
    /// Seconds; the most that an endpoint may ask for.
    public var longestRetryAfter: Int
    /// The share of the delay that jitter may add.
    public var jitterShare: Double

    public init(
        delays: [Int] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000], longestRetryAfter: Int = 86_400, jitterShare: Double = 0.1
    ) {
        self.delays = delays
        self.longestRetryAfter = longestRetryAfter
        self.jitterShare = jitterShare
    }

    public static let standard = WebhookRetryPolicy()

    /// - Parameters:
    ///   - attempt: how many attempts there were, this one included.
    ///   - jitter: a random number in 0..<1.
    public func next(afterAttempt attempt: Int, _ answer: WebhookAnswer, now: Timestamp, jitter: Double) -> WebhookVerdict {
        if answer.isSuccess { return .delivered }
        guard attempt <= delays.count, let base = delays.dropFirst(max(attempt, 1) - 1).first else { return .giveUp }
        var asked = 0
        if case .status(_, let seconds?) = answer { asked = min(max(seconds, 0), longestRetryAfter) }
        let seconds = max(min(max(base, 0), 30 * 86_400), asked)
        return .retry(at: now.adding(seconds: Int64(seconds)).adding(milliseconds: extra(base: seconds, jitter: jitter)))
    }

    /// Whether an endpoint that has answered nothing but failures since `failingSince` is switched off: it had every chance that a
    /// single event has.
    public func isHopeless(failingSince: Timestamp?, now: Timestamp) -> Bool {
        guard let failingSince else { return false }
        return now >= failingSince.adding(seconds: delays.reduce(Int64(0)) { $0 &+ Int64($1) })
    }

    private func extra(base: Int, jitter: Double) -> Int64 {
        // Anything but a number in 0..<1 adds nothing: the conversion below must not trap.
        guard jitter > 0, jitter < 1, jitterShare > 0, jitterShare <= 1 else { return 0 }
        return Int64(Double(base) * 1000 * jitterShare * jitter)
    }
}
