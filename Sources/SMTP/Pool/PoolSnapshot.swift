import Synchronization

/// What a pool is doing at the moment it is asked; for metrics.
public struct PoolSnapshot: Sendable, Hashable {
    /// Connections being made or ready.
    public let open: Int
    /// Connections with a mail on them.
    public let busy: Int
    /// Mails without a connection.
    public let waiting: Int
    /// Mails handed to a connection whose completion has not been called.
    public let inFlight: Int
}

/// The numbers behind `PoolSnapshot`, written by the event loop and read from anywhere.
final class PoolCounters: Sendable {
    private let open = Atomic<Int>(0)
    private let busy = Atomic<Int>(0)
    private let waiting = Atomic<Int>(0)
    private let inFlight = Atomic<Int>(0)

    func publish(open: Int, busy: Int, waiting: Int, inFlight: Int) {
        self.open.store(open, ordering: .relaxed)
        self.busy.store(busy, ordering: .relaxed)
        self.waiting.store(waiting, ordering: .relaxed)
        self.inFlight.store(inFlight, ordering: .relaxed)
    }

    func snapshot(plusWaiting inbox: Int) -> PoolSnapshot {
        PoolSnapshot(
            open: open.load(ordering: .relaxed), busy: busy.load(ordering: .relaxed),
            waiting: waiting.load(ordering: .relaxed) + inbox, inFlight: inFlight.load(ordering: .relaxed))
    }
}
