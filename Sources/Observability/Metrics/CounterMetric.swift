import Synchronization

/// A number that only grows. One relaxed atomic addition per increment; starts at 0 with the process.
public final class CounterMetric: Sendable {
    private let count = Atomic<Int64>(0)

    init() {}

    /// Adds `amount`; a negative amount is ignored, because a counter that falls reads as a restart.
    public func increment(by amount: Int64 = 1) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// The count so far.
    public var value: Int64 {
        count.load(ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }
}
