import Synchronization

/// A number that rises and falls.
public final class GaugeMetric: Sendable {
    private let bits = Atomic<UInt64>(Double(0).bitPattern)

    init() {}

    /// Replaces the value.
    public func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    /// Replaces the value.
    public func set(_ value: Int) {
        set(Double(value))
    }

    /// Adds `amount`, which may be negative.
    public func add(_ amount: Double) {
        var current = bits.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = bits.weakCompareExchange(expected: current, desired: next, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }

    /// The value now.
    public var value: Double {
        Double(bitPattern: bits.load(ordering: .relaxed))
    }
}
