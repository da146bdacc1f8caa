/// A moment in time: whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Everything inside the product counts in this type; RFC 3339 text exists only at the edges.
public struct Timestamp: Sendable, Hashable, Comparable {
    public var milliseconds: Int64

    @inlinable
    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    @inlinable
    public init(seconds: Int64) {
        self.milliseconds = seconds &* 1000
    }

    /// Whole seconds since the epoch, rounded towards the past.
    @inlinable
    public var seconds: Int64 {
        milliseconds >= 0 ? milliseconds / 1000 : (milliseconds + 1) / 1000 - 1
    }

    /// The moment `milliseconds` later; saturates instead of trapping.
    @inlinable
    public func adding(milliseconds delta: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: overflow ? (delta > 0 ? .max : .min) : sum)
    }

    /// The moment `seconds` later; saturates instead of trapping.
    @inlinable
    public func adding(seconds: Int64) -> Timestamp {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return adding(milliseconds: overflow ? (seconds > 0 ? .max : .min) : product)
    }

    @inlinable
    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        a.milliseconds < b.milliseconds
    }
}

/// Where the time comes from. The one clock of the product; tests hand in their own.
public struct WallClock: Sendable {
    public let now: @Sendable () -> Timestamp

    public init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
    }
}
