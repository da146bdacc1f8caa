import Core
import Synchronization

/// Lets only a few large bodies be in memory at once, so that nobody fills it by sending many; and never all of them one
/// business's, so that nobody keeps the others out by sending slowly.
final class LargeBodies: Sendable {
    /// A body beyond this is large.
    static let threshold = 1 << 20

    private struct Places {
        var total = 0
        var taken: [BusinessID?: Int] = [:]
    }

    private let most: Int
    private let places = Mutex(Places())

    /// - Parameter most: at once; each may take about three times its 26 MiB while it is read and decoded.
    init(most: Int = 4) {
        self.most = most
    }

    /// A place for one body; given back when the last reference to it goes.
    final class Place: Sendable {
        private let bodies: LargeBodies
        private let business: BusinessID?

        fileprivate init(_ bodies: LargeBodies, _ business: BusinessID?) {
            self.bodies = bodies
            self.business = business
        }

        deinit {
            bodies.places.withLock { places in
                places.total -= 1
                let left = (places.taken[business] ?? 1) - 1
                places.taken[business] = left > 0 ? left : nil
            }
        }
    }

    /// - Parameter business: whose body it is; nil for a stranger's.
    func enter(_ business: BusinessID?) throws(Refusal) -> Place {
        let entered = places.withLock { places in
            let own = places.taken[business] ?? 0
            guard places.total < most, own < max(1, most - 1) else { return false }
            places.total += 1
            places.taken[business] = own + 1
            return true
        }
        guard entered else { throw .overloaded(retryAfterSeconds: 1) }
        return Place(self, business)
    }
}
