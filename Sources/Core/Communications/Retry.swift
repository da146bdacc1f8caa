/// What happens after an attempt that did not succeed.
public enum AttemptVerdict: Sendable, Hashable {
    /// The same channel again, with the same Message-ID, not before `at`.
    case retry(at: Timestamp)
    /// This channel has failed; begin with the next one at once.
    case fallback(Channel)
    /// All channels have failed. With `needsReview` a person has to look at it.
    case fail(needsReview: Bool)
}

/// When and how often an attempt is repeated (specification 001, "Retry Strategy"; promise P7).
///
/// - transient, auth_failure: again after 1, 5 and 15 minutes, then the next channel.
/// - rate_limit: says nothing about the message, so it is more patient: after 5, then every 15 minutes, up to eight times
///   (close to two hours, so that an hourly quota can pass by); these do not use up the three retries of other errors.
/// - permanent, invalid_input: the next channel at once.
/// - no channel left: failed, for a person to review.
///
/// Jitter only ever lengthens a delay (0 to 20 % of it), so nothing starts sooner than written or sooner than a `Retry-After`.
/// A `Retry-After` of more than `longestRetryAfter` counts as a failure of the channel: nobody is served by a message of last week.
public struct RetryPolicy: Sendable, Hashable {
    /// Seconds before the first, second, … retry on one channel.
    public var delays: [Int]
    /// How many times a rate limit may put off an attempt on one channel.
    public var rateLimitRetries: Int
    /// Seconds; the most that a provider may ask for.
    public var longestRetryAfter: Int
    /// The share of the delay that jitter may add.
    public var jitterShare: Double

    public init(delays: [Int] = [60, 300, 900], rateLimitRetries: Int = 8, longestRetryAfter: Int = 86_400, jitterShare: Double = 0.2) {
        self.delays = delays
        self.rateLimitRetries = rateLimitRetries
        self.longestRetryAfter = longestRetryAfter
        self.jitterShare = jitterShare
    }

    /// 1, 5 and 15 minutes.
    public static let standard = RetryPolicy()

    /// Decides after a known failure.
    /// - Parameters:
    ///   - attempt: how many attempts on this channel there were, this one included (1 = the first has just failed).
    ///   - rateLimited: how many of these, this one included, ended in `rate_limit`; without it, all of them when `category` is
    ///     `rate_limit` and none otherwise.
    ///   - retryAfter: seconds, as the provider asked for.
    ///   - fallbacks: the channels that are still allowed after this one, in order.
    ///   - jitter: a random number in 0..<1.
    public func next(
        afterAttempt attempt: Int, rateLimited: Int? = nil, category: ErrorCategory, retryAfter: Int? = nil, fallbacks: [Channel],
        now: Timestamp, jitter: Double
    ) -> AttemptVerdict {
        let asked = max(retryAfter ?? 0, 0)
        let limited = min(max(rateLimited ?? (category == .rateLimit ? attempt : 0), 0), max(attempt, 1))
        guard asked <= longestRetryAfter, category.isRetryable,
            let base = category == .rateLimit
                ? rateLimitDelay(after: max(limited, 1)) : delay(after: max(attempt, 1) - limited)
        else { return giveUp(fallbacks) }
        return .retry(at: now.adding(seconds: Int64(max(base, asked))).adding(milliseconds: extra(base: base, jitter: jitter)))
    }

    /// Decides when nobody knows what became of an attempt: the process or the connection died after the message was handed over.
    ///
    /// Such a message is repeated at once on the same channel with the same Message-ID, which lets the receiver drop the copy; the lost
    /// attempt counts. Once the retries are used up it is repeated along the usual delays, and then left to a person. It never moves to
    /// another channel, since that starts only after the one before *has* failed.
    public func nextAfterUnknownOutcome(afterAttempt attempt: Int, now: Timestamp, jitter: Double) -> AttemptVerdict {
        if attempt <= delays.count { return .retry(at: now) }
        guard let base = delay(after: attempt - delays.count) else { return .fail(needsReview: true) }
        return .retry(at: now.adding(seconds: Int64(base)).adding(milliseconds: extra(base: base, jitter: jitter)))
    }

    private func giveUp(_ fallbacks: [Channel]) -> AttemptVerdict {
        fallbacks.first.map(AttemptVerdict.fallback) ?? .fail(needsReview: true)
    }

    private func delay(after attempt: Int) -> Int? {
        attempt >= 1 && attempt <= delays.count ? bounded(delays[attempt - 1]) : nil
    }

    /// One step further along the delays than other errors wait.
    private func rateLimitDelay(after attempt: Int) -> Int? {
        guard attempt <= rateLimitRetries, !delays.isEmpty else { return nil }
        return bounded(delays[min(attempt, delays.count - 1)])
    }

    private func bounded(_ seconds: Int) -> Int { min(max(seconds, 0), 30 * 86_400) }

    private func extra(base: Int, jitter: Double) -> Int64 {
        // Anything but a number in 0..<1 adds nothing: the conversion below must not trap.
        guard jitter > 0, jitter < 1, jitterShare > 0, jitterShare <= 1 else { return 0 }
        return Int64(Double(base) * 1000 * jitterShare * jitter)
    }
}
