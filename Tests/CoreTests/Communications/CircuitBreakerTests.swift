import Core
import Testing

@Suite("Circuit breaker")
struct CircuitBreakerTests {
    private static let start = Timestamp(seconds: 1_772_452_800)

    private func at(_ seconds: Int64) -> Timestamp { Self.start.adding(seconds: seconds) }

    /// Takes in one signal of an attempt that began and ended at that second.
    private func record(_ breaker: inout CircuitBreaker, _ signal: CircuitBreaker.Signal, _ second: Int64) -> CircuitBreaker.Change? {
        breaker.record(signal, startedAt: at(second), at: at(second), jitter: 0)
    }

    private func opened() -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for second in 0..<5 { _ = record(&breaker, .outage, Int64(second)) }
        return breaker
    }

    @Test("five outages in a row open it, and it says so once")
    func opens() {
        var breaker = CircuitBreaker()
        for second in 0..<4 {
            #expect(record(&breaker, .outage, Int64(second)) == nil)
            #expect(breaker.permission(at: at(Int64(second))) == .free)
        }
        #expect(record(&breaker, .outage, 4) == .opened(.outage, until: at(34)))
        #expect(record(&breaker, .outage, 5) == nil)
        #expect(breaker.permission(at: at(33)) == .wait(until: at(34)))
    }

    @Test("three refused credentials open it")
    func refusals() {
        var breaker = CircuitBreaker()
        #expect(record(&breaker, .refused, 0) == nil)
        #expect(record(&breaker, .refused, 60) == nil)
        #expect(record(&breaker, .refused, 360) == .opened(.authFailure, until: at(390)))
    }

    @Test("a provider that answers, be it with a refusal of one message, begins the count anew")
    func answered() {
        var breaker = CircuitBreaker()
        for second in 0..<40 {
            let signal: CircuitBreaker.Signal = second % 5 == 4 ? .answered : second % 5 < 2 ? .refused : .outage
            #expect(record(&breaker, signal, Int64(second)) == nil)
        }
        #expect(breaker.isClosed)
    }

    @Test("outages that are far apart do not add up")
    func farApart() {
        var breaker = CircuitBreaker()
        for number in 0..<20 { #expect(record(&breaker, .outage, Int64(number) * 31) == nil) }
        // Five within two minutes do.
        #expect(record(&breaker, .outage, 19 * 31 + 1) == .opened(.outage, until: at(19 * 31 + 31)))
    }

    @Test("when its time is over exactly one message probes")
    func probe() {
        var breaker = opened()
        #expect(breaker.permission(at: at(34)) == .probe)
        #expect(breaker.permission(at: at(34)) == .wait(until: at(94)))
        #expect(breaker.permission(at: at(50)) == .wait(until: at(94)))
        #expect(record(&breaker, .answered, 51) == .closed)
        #expect(breaker.permission(at: at(51)) == .free)
    }

    @Test("a probe that was not used, or that nobody hears of again, makes room for another")
    func lostProbe() {
        var breaker = opened()
        #expect(breaker.permission(at: at(34)) == .probe)
        breaker.cancelProbe()
        #expect(breaker.permission(at: at(35)) == .probe)
        #expect(breaker.permission(at: at(94)) == .wait(until: at(95)))
        #expect(breaker.permission(at: at(95)) == .probe)
    }

    @Test("each failed probe doubles the wait, up to five minutes; a closed one begins at thirty seconds again")
    func growing() {
        var breaker = opened()
        var now: Int64 = 34
        for wait: Int64 in [60, 120, 240, 300, 300, 300] {
            #expect(breaker.permission(at: at(now)) == .probe)
            #expect(record(&breaker, .outage, now) == .reopened(.outage, until: at(now + wait)))
            #expect(breaker.permission(at: at(now + wait - 1)) == .wait(until: at(now + wait)))
            now += wait
        }
        #expect(breaker.permission(at: at(now)) == .probe)
        #expect(record(&breaker, .answered, now) == .closed)
        for second in 1...4 { #expect(record(&breaker, .outage, now + Int64(second)) == nil) }
        #expect(record(&breaker, .outage, now + 5) == .opened(.outage, until: at(now + 35)))
    }

    @Test("jitter shortens an opening by a fifth at most; nonsense does not trap", arguments: [0, 0.5, 0.999, 1, -1, .nan, .infinity])
    func jitter(value: Double) throws {
        var breaker = CircuitBreaker()
        var change: CircuitBreaker.Change?
        for _ in 0..<5 { change = breaker.record(.outage, startedAt: at(0), at: at(0), jitter: value) }
        guard case .opened(_, let until) = change else { throw Missing() }
        #expect(until >= at(24) && until <= at(30))
        if value == 0.5 { #expect(until == at(27)) }
    }

    @Test("what began before it opened neither closes nor reopens it, nor opens it again")
    func stale() {
        var breaker = opened()
        #expect(breaker.permission(at: at(34)) == .probe)
        #expect(breaker.record(.answered, startedAt: at(3), at: at(35), jitter: 0) == nil)
        #expect(breaker.record(.outage, startedAt: at(3), at: at(35), jitter: 0) == nil)
        #expect(record(&breaker, .answered, 36) == .closed)
        for _ in 0..<9 { #expect(breaker.record(.outage, startedAt: at(3), at: at(37), jitter: 0) == nil) }
        #expect(breaker.isClosed)
    }

    @Test("a clock that was set back keeps it open for five minutes at most")
    func clockSetBack() {
        var breaker = opened()
        let past = at(-86_400)
        guard case .wait(let until) = breaker.permission(at: past) else {
            Issue.record("it should wait")
            return
        }
        #expect(until <= past.adding(seconds: 300))
    }

    private struct Missing: Error {}
}
