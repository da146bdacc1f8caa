import Synchronization

/// Observations counted into fixed buckets.
///
/// Buckets, sum and count change under one short lock, so that a scrape never sees `+Inf` differ from `_count`.
public final class HistogramMetric: Sendable {
    struct State: Sendable {
        /// One count per bound, not cumulative; the last one is everything above the highest bound.
        var counts: [UInt64]
        var sum: Double
    }

    /// Inclusive upper bounds, ascending, without `+Inf`.
    let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        let clean = Array(Set(bounds.filter(\.isFinite))).sorted()
        self.bounds = clean
        state = Mutex(State(counts: Array(repeating: 0, count: clean.count + 1), sum: 0))
    }

    /// Counts one observation; NaN and infinite ones are ignored, because they would spoil the sum for good.
    public func observe(_ value: Double) {
        guard value.isFinite else { return }
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        state.withLock {
            $0.counts[bucket] &+= 1
            $0.sum += value
        }
    }

    /// Counts one observation of a duration in milliseconds, for a histogram in seconds.
    public func observe(milliseconds: Int64) {
        observe(Double(milliseconds) / 1000)
    }

    /// How many observations there were.
    public var count: UInt64 {
        state.withLock { $0.counts.reduce(0, &+) }
    }

    /// The sum of all observations.
    public var sum: Double {
        state.withLock { $0.sum }
    }

    func snapshot() -> State {
        state.withLock { $0 }
    }
}
