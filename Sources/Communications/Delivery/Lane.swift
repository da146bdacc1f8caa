import Core
import Synchronization

/// One channel's road: its transport, how much is on it, and whether older work waits before it.
///
/// A lane of its own for every channel is the bulkhead: a provider that hangs fills its own lane only.
final class Lane: Sendable {
    let channel: Channel
    let transport: any Transport
    /// Wakes the lane's dispatcher.
    let signal = Signal()

    private struct State {
        var inFlight = 0
        var hasBacklog = false
        var isClosed = false
    }

    private let state = Mutex(State())

    init(channel: Channel, transport: any Transport) {
        self.channel = channel
        self.transport = transport
    }

    var inFlight: Int { state.withLock { $0.inFlight } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Takes a place for a message that begins at once; false when the lane is full, closed, or older messages wait
    /// (only a critical one may pass them).
    func reserve(passingBacklog: Bool) -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.inFlight < transport.capacity, passingBacklog || !state.hasBacklog else { return false }
            state.inFlight += 1
            return true
        }
    }

    /// Takes as many places as are free, up to `limit`.
    func reserve(upTo limit: Int) -> Int {
        state.withLock { state in
            guard !state.isClosed else { return 0 }
            let places = min(limit, max(transport.capacity - state.inFlight, 0))
            state.inFlight += places
            return places
        }
    }

    /// Gives places back. Wakes the dispatcher when a worthwhile number of places is free and work waits.
    func release(_ places: Int) {
        guard places > 0 else { return }
        let wake = state.withLock { state -> Bool in
            state.inFlight -= places
            return state.hasBacklog && state.inFlight <= transport.capacity / 2
        }
        if wake { signal.raise() }
    }

    func noteBacklog(_ hasBacklog: Bool) {
        state.withLock { $0.hasBacklog = hasBacklog }
    }

    /// A due message was stored because there was no place for it.
    func noteWaiting() {
        state.withLock { $0.hasBacklog = true }
        signal.raise()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        signal.raise()
    }
}
