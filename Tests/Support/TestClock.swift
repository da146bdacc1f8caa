import Core
import Synchronization

/// A clock that stands still until a test moves it.
public final class TestClock: Sendable {
    private let milliseconds: Atomic<Int64>

    /// Begins at 2026-03-02T12:00:00Z, a Monday, unless told otherwise.
    public init(_ start: Timestamp = Timestamp(seconds: 1_772_452_800)) {
        milliseconds = Atomic(start.milliseconds)
    }

    public var now: Timestamp {
        Timestamp(milliseconds: milliseconds.load(ordering: .relaxed))
    }

    public func advance(milliseconds delta: Int64) {
        milliseconds.add(delta, ordering: .relaxed)
    }

    public func advance(seconds: Int64) {
        advance(milliseconds: seconds * 1000)
    }

    public var wallClock: WallClock {
        WallClock { self.now }
    }
}
