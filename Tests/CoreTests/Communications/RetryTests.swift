import Core
import TestSupport
import Testing

@Suite("Retries")
struct RetryTests {
    private static let now = moment("2026-01-15T11:00:00Z")

    /// Seconds until the retry; nil when there is none.
    private static func wait(
        after attempt: Int, _ category: ErrorCategory, rateLimited: Int? = nil, retryAfter: Int? = nil, jitter: Double = 0
    ) -> Double? {
        let verdict = RetryPolicy.standard.next(
            afterAttempt: attempt, rateLimited: rateLimited, category: category, retryAfter: retryAfter, fallbacks: [.sms, .email],
            now: now,
            jitter: jitter)
        guard case .retry(let at) = verdict else { return nil }
        return Double(at.milliseconds - now.milliseconds) / 1000
    }

    @Test("1, 5 and 15 minutes, then the next channel, then failed for review", arguments: [ErrorCategory.transient, .authFailure])
    func schedule(category: ErrorCategory) {
        #expect((1...4).map { Self.wait(after: $0, category) } == [60, 300, 900, nil])
        func last(_ fallbacks: [Channel]) -> AttemptVerdict {
            RetryPolicy.standard.next(afterAttempt: 4, category: category, fallbacks: fallbacks, now: Self.now, jitter: 0.5)
        }
        #expect(last([.sms, .email]) == .fallback(.sms))
        #expect(last([]) == .fail(needsReview: true))
    }

    @Test("permanent errors and invalid input go to the next channel at once", arguments: [ErrorCategory.permanent, .invalidInput])
    func permanent(category: ErrorCategory) {
        func first(_ fallbacks: [Channel]) -> AttemptVerdict {
            RetryPolicy.standard.next(afterAttempt: 1, category: category, retryAfter: 5, fallbacks: fallbacks, now: Self.now, jitter: 0)
        }
        #expect(first([.email]) == .fallback(.email))
        #expect(first([]) == .fail(needsReview: true))
    }

    @Test("jitter only lengthens, by up to a fifth, and nonsense adds nothing")
    func jitter() {
        #expect(Self.wait(after: 1, .transient, jitter: 0.5) == 66)
        #expect(Self.wait(after: 2, .transient, jitter: 0.999) == 359.94)
        for nonsense in [Double.nan, .infinity, -1, 1, 1e300] { #expect(Self.wait(after: 1, .transient, jitter: nonsense) == 60) }
        var random = SeededGenerator(seed: 8)
        for _ in 0..<1000 {
            let wait = Self.wait(after: 3, .transient, jitter: Double.random(in: 0..<1, using: &random))
            #expect(wait.map { $0 >= 900 && $0 < 1080 } ?? false)
        }
    }

    @Test("never sooner than Retry-After, which may not keep a message for ever")
    func retryAfter() {
        #expect(Self.wait(after: 1, .transient, retryAfter: 600) == 600)
        #expect(Self.wait(after: 1, .rateLimit, retryAfter: 3600, jitter: 0.5) == 3630)
        #expect(Self.wait(after: 1, .transient, retryAfter: 10) == 60)
        #expect(Self.wait(after: 1, .transient, retryAfter: -5) == 60)
        #expect(Self.wait(after: 1, .transient, retryAfter: 86_400) == 86_400)
        #expect(Self.wait(after: 1, .transient, retryAfter: 86_401) == nil)
        #expect(Self.wait(after: 1, .transient, retryAfter: .max) == nil)
        #expect(Self.wait(after: 1, .transient, retryAfter: .min) == 60)
    }

    @Test("a rate limit waits longer and more often, and does not use up the other retries")
    func rateLimit() {
        #expect((1...9).map { Self.wait(after: $0, .rateLimit) } == [300, 900, 900, 900, 900, 900, 900, 900, nil])
        // Five rate limits and then the first other error: the first of three retries.
        #expect(Self.wait(after: 6, .transient, rateLimited: 5) == 60)
        #expect(Self.wait(after: 9, .transient, rateLimited: 5) == nil)
        // Two other errors and then the first rate limit.
        #expect(Self.wait(after: 3, .rateLimit, rateLimited: 1) == 300)
    }

    @Test("counts from nowhere do not trap")
    func extremes() {
        for attempt in [Int.min, -1, 0, 1, .max] {
            for limited in [Int.min, 0, .max, nil] {
                for category in ErrorCategory.allCases { _ = Self.wait(after: attempt, category, rateLimited: limited) }
            }
            let unknown = RetryPolicy.standard.nextAfterUnknownOutcome(afterAttempt: attempt, now: Self.now, jitter: 0)
            #expect(attempt == .max ? unknown == .fail(needsReview: true) : unknown == .retry(at: Self.now))
        }
        let none = RetryPolicy(delays: [], longestRetryAfter: .max)
        #expect(
            none.next(afterAttempt: 1, category: .rateLimit, retryAfter: .max, fallbacks: [], now: Self.now, jitter: 0)
                == .fail(needsReview: true))
        let far = RetryPolicy(delays: [.max], longestRetryAfter: .max)
        #expect(
            far.next(afterAttempt: 1, category: .transient, retryAfter: .max, fallbacks: [], now: Self.now, jitter: 0.5)
                == .retry(at: Timestamp(milliseconds: .max)))
    }

    @Test("an unknown outcome is repeated at once, then later, and never moves to another channel")
    func unknown() {
        let verdicts = (1...7).map { RetryPolicy.standard.nextAfterUnknownOutcome(afterAttempt: $0, now: Self.now, jitter: 0) }
        #expect(
            verdicts == [
                .retry(at: Self.now), .retry(at: Self.now), .retry(at: Self.now), .retry(at: Self.now.adding(seconds: 60)),
                .retry(at: Self.now.adding(seconds: 300)), .retry(at: Self.now.adding(seconds: 900)), .fail(needsReview: true),
            ])
    }

    @Test("the categories are spelled as the specification has them")
    func rawValues() {
        #expect(ErrorCategory.allCases.map(\.rawValue) == ["transient", "permanent", "rate_limit", "auth_failure", "invalid_input"])
        #expect(ErrorCategory.allCases.filter(\.alertsImmediately) == [.authFailure])
    }
}
