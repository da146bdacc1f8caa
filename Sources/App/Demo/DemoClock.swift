import Core
import Synchronization

/// A clock that the demonstration moves through its past.
final class DemoClock: Sendable {
    private let moment: Mutex<Timestamp>

    init(_ moment: Timestamp) {
        self.moment = Mutex(moment)
    }

    var now: Timestamp {
        moment.withLock { $0 }
    }

    /// Never back.
    func move(to later: Timestamp) {
        moment.withLock { $0 = max($0, later) }
    }

    var wallClock: WallClock {
        WallClock { self.now }
    }
}
