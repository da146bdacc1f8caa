import Testing

@testable import Core

@Suite("Retrying events at endpoints")
struct WebhookRetryTests {
    private let policy = WebhookRetryPolicy.standard
    private let now = Timestamp(seconds: 1_000_000)

    private func seconds(_ verdict: WebhookVerdict) -> Int64? {
        guard case .retry(let at) = verdict else { return nil }
        return (at.milliseconds - now.milliseconds) / 1000
    }

    @Test(
        "the delays are those of the specification, and after the eighth attempt it is over",
        arguments: zip(1...9, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000, nil, nil] as [Int64?]))
    func schedule(attempt: Int, delay: Int64?) {
        let verdict = policy.next(afterAttempt: attempt, .status(503), now: now, jitter: 0)
        #expect(seconds(verdict) == delay)
        if delay == nil { #expect(verdict == .giveUp) }
    }

    @Test(
        "2xx is a success, at the last attempt too; everything else is a failure",
        arguments: [100, 199, 200, 204, 299, 300, 301, 302, 308, 400, 404, 410, 429, 500])
    func success(status: Int) {
        let isSuccess = (200...299).contains(status)
        for attempt in [1, 8] {
            #expect((policy.next(afterAttempt: attempt, .status(status), now: now, jitter: 0) == .delivered) == isSuccess)
        }
        #expect(WebhookAnswer.status(status).isGone == (status == 410))
    }

    @Test("no answer is a failure")
    func noAnswer() {
        #expect(seconds(policy.next(afterAttempt: 1, .none, now: now, jitter: 0)) == 5)
        #expect(policy.next(afterAttempt: 8, .none, now: now, jitter: 0) == .giveUp)
    }

    @Test("jitter lengthens by at most a tenth, and nonsense adds nothing", arguments: [0.0, 0.5, 0.999, 1, -1, .nan, .infinity])
    func jitter(jitter: Double) throws {
        let delay = try #require(seconds(policy.next(afterAttempt: 6, .none, now: now, jitter: jitter)))
        #expect(delay >= 36_000 && delay <= 39_600)
        if jitter == 0.5 { #expect(delay == 37_800) }
        if !(0..<1).contains(jitter) { #expect(delay == 36_000) }
    }

    @Test(
        "Retry-After lengthens the delay and never shortens it, up to a day",
        arguments: zip([1, 60, 90_000, -5, Int.max, Int.min], [5, 60, 86_400, 5, 86_400, 5] as [Int64]))
    func retryAfter(asked: Int, delay: Int64) {
        #expect(seconds(policy.next(afterAttempt: 1, .status(429, retryAfter: asked), now: now, jitter: 0)) == delay)
    }

    @Test("an attempt number from nowhere does no harm", arguments: [0, -1, Int.min, Int.max])
    func strangeAttempts(attempt: Int) {
        let verdict = policy.next(afterAttempt: attempt, .none, now: now, jitter: 0)
        #expect(attempt > 0 ? verdict == .giveUp : seconds(verdict) == 5)
    }

    @Test("an endpoint is hopeless once it has failed for as long as an event is tried, 27 h 35 min 5 s")
    func hopeless() {
        #expect(!policy.isHopeless(failingSince: nil, now: now))
        #expect(!policy.isHopeless(failingSince: now.adding(seconds: -99_304), now: now))
        #expect(policy.isHopeless(failingSince: now.adding(seconds: -99_305), now: now))
    }

    @Test("the last attempt of an event always comes when its endpoint is hopeless, whatever the jitter")
    func lastAttempt() {
        for jitter in [0, 0.3, 0.99] {
            var at = now
            for attempt in 1...7 {
                guard case .retry(let next) = policy.next(afterAttempt: attempt, .none, now: at, jitter: jitter) else { continue }
                at = next
            }
            #expect(policy.isHopeless(failingSince: now, now: at))
        }
    }
}
