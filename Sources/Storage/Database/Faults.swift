import Synchronization

/// Failures on purpose, for tests: the Nth write or commit fails, or is done but reported as failed.
public final class Faults: Sendable {
    /// Where a failure strikes.
    public enum Point: Sendable, Hashable {
        /// A write transaction begins.
        case begin
        /// A write transaction is about to commit.
        case commit
    }

    /// How it looks to the caller.
    public enum Effect: Sendable, Hashable {
        /// Nothing is done.
        case fail(DatabaseError)
        /// Everything is done, then the error is reported; only at ``Point/commit``.
        case doneButReportedAs(DatabaseError)
    }

    private struct Trigger {
        var point: Point
        var countdown: Int
        var effect: Effect
    }

    private let triggers = Mutex<[Trigger]>([])

    public init() {}

    /// Lets the `nth` next visit (1 = the next one) of `point` suffer `effect`, once.
    public func inject(_ effect: Effect, at point: Point, nth: Int = 1) {
        triggers.withLock { $0.append(Trigger(point: point, countdown: nth, effect: effect)) }
    }

    func visit(_ point: Point) -> Effect? {
        triggers.withLock { triggers in
            var effect: Effect?
            for index in triggers.indices where triggers[index].point == point {
                triggers[index].countdown -= 1
                if triggers[index].countdown == 0, effect == nil { effect = triggers[index].effect }
            }
            triggers.removeAll { $0.countdown <= 0 }
            return effect
        }
    }
}
