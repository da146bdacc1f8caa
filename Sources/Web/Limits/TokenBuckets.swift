import Core
import Synchronization

/// How much of a rate each caller has left, in this process. A caller who has not asked for a while costs no memory.
final class TokenBuckets<Caller: Hashable & Sendable>: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: Timestamp
    }

    /// What came of taking one token.
    struct Outcome: Sendable, Hashable {
        let isAllowed: Bool
        /// Requests that are left now.
        let left: Int
        /// Until all of the rate is there again; for a refused caller, until the next request may come.
        let seconds: Int
    }

    let rate: RequestRate
    private let most: Int
    private let buckets = Mutex<[Caller: Bucket]>([:])

    /// - Parameter most: callers that are known at a time.
    init(_ rate: RequestRate, most: Int = 50_000) {
        self.rate = rate
        self.most = most
    }

    /// Takes one token, if there is one.
    func take(_ caller: Caller, at now: Timestamp) -> Outcome {
        buckets.withLock { buckets in
            var tokens = Self.tokens(buckets[caller], rate, now)
            let isAllowed = tokens >= 1
            if isAllowed { tokens -= 1 }
            if buckets[caller] == nil, buckets.count >= most { makeRoom(&buckets, now) }
            buckets[caller] = Bucket(tokens: tokens, at: now)
            return outcome(isAllowed, tokens)
        }
    }

    /// What taking one would come to, without taking it.
    func look(_ caller: Caller, at now: Timestamp) -> Outcome {
        let tokens = buckets.withLock { Self.tokens($0[caller], rate, now) }
        return outcome(tokens >= 1, tokens)
    }

    var count: Int { buckets.withLock { $0.count } }

    private func outcome(_ isAllowed: Bool, _ tokens: Double) -> Outcome {
        let missing = isAllowed ? Double(rate.requests) - tokens : 1 - tokens
        let seconds = (missing / rate.perMillisecond / 1_000).rounded(.up)
        return Outcome(isAllowed: isAllowed, left: Int(tokens), seconds: max(isAllowed ? 0 : 1, Int(seconds)))
    }

    private static func tokens(_ bucket: Bucket?, _ rate: RequestRate, _ now: Timestamp) -> Double {
        guard let bucket else { return Double(rate.requests) }
        // A clock that was set back gives nothing and takes nothing.
        let elapsed = Double(max(0, now.milliseconds - bucket.at.milliseconds))
        return min(Double(rate.requests), bucket.tokens + elapsed * rate.perMillisecond)
    }

    /// Whoever has everything left need not be known. Should all of them be busy, all begin anew: whoever commands so many addresses
    /// has as many times the rate anyway, and memory stays bounded.
    private func makeRoom(_ buckets: inout [Caller: Bucket], _ now: Timestamp) {
        buckets = buckets.filter { Self.tokens($0.value, rate, now) < Double(rate.requests) }
        if buckets.count > most / 4 * 3 { buckets.removeAll(keepingCapacity: true) }
    }
}
