import Core
import Synchronization

/// Lets only a few large bodies be in memory at once, so that nobody fills it by sending many.
final class LargeBodies: Sendable {
    /// A body beyond this is large.
    static let threshold = 1 << 20

    private let most: Int
    private let count = Mutex(0)

    /// - Parameter most: at once; each may take about three times its 26 MiB while it is read and decoded.
    init(most: Int = 4) {
        self.most = most
    }

    /// A place for one body; given back when the last reference to it goes.
    final class Place: Sendable {
        private let bodies: LargeBodies

        fileprivate init(_ bodies: LargeBodies) { self.bodies = bodies }

        deinit { bodies.count.withLock { $0 -= 1 } }
    }

    func enter() throws(Refusal) -> Place {
        let entered = count.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
        guard entered else { throw .overloaded(retryAfterSeconds: 1) }
        return Place(self)
    }
}
