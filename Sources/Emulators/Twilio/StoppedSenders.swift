import Synchronization

/// Which sender may no longer write to whom, because the person said STOP to it.
final class StoppedSenders: Sendable {
    private struct Pair: Hashable {
        var sender: String
        var recipient: String
    }

    private static let limit = 100_000
    private let pairs = Mutex<Set<Pair>>([])

    func stop(_ sender: String, _ recipient: String) {
        pairs.withLock { pairs in
            if pairs.count >= Self.limit { pairs.removeAll() }
            pairs.insert(Pair(sender: sender, recipient: recipient))
        }
    }

    func start(_ sender: String, _ recipient: String) {
        _ = pairs.withLock { $0.remove(Pair(sender: sender, recipient: recipient)) }
    }

    func contains(_ sender: String, _ recipient: String) -> Bool {
        pairs.withLock { $0.contains(Pair(sender: sender, recipient: recipient)) }
    }

    func reset() {
        pairs.withLock { $0 = [] }
    }
}
