import Core
import Synchronization

/// One channel's road: its transport, how much is on it, and whether older work waits before it.
///
/// A lane of its own for every channel is the bulkhead: a provider that hangs fills its own lane only.
final class Lane: Sendable {
    let channel: Channel
    let transport: any Transport
    /// Holds the provider account's rate; nil where it has none.
    let pacer: Pacer?
    /// Wakes the lane's dispatcher.
    let signal = Signal()

    private struct State {
        var inFlight = 0
        var hasBacklog = false
        var isClosed = false
        var breaker: CircuitBreaker
        /// The provider asked us to leave it alone until then.
        var pausedUntil: Timestamp?
        var movedOnAt: Timestamp?
    }

    /// The longest pause that a provider may ask the whole lane for, in seconds.
    static let longestPause: Int64 = 3600

    private let state: Mutex<State>

    init(channel: Channel, transport: any Transport, pacer: Pacer? = nil, breaker: CircuitBreaker.Rule = CircuitBreaker.Rule()) {
        self.channel = channel
        self.transport = transport
        self.pacer = pacer
        state = Mutex(State(breaker: CircuitBreaker(rule: breaker)))
    }

    var inFlight: Int { state.withLock { $0.inFlight } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Takes a place for a message that begins at once; false when the lane is full, closed, or older messages wait
    /// (only a critical one may pass them). On a lane with a rate, and on one whose provider is in trouble, every message waits
    /// for the dispatcher, which asks first.
    func reserve(passingBacklog: Bool) -> Bool {
        guard pacer == nil else { return false }
        return state.withLock { state in
            guard !state.isClosed, state.breaker.isClosed, state.pausedUntil == nil else { return false }
            guard state.inFlight < transport.capacity, passingBacklog || !state.hasBacklog else { return false }
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

    /// The same for places that nothing was begun on: the dispatcher, which gives them back, knows what it waits for.
    func release(quietly places: Int) {
        state.withLock { $0.inFlight -= max(0, places) }
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

    // MARK: - The provider's health

    /// True while its circuit is closed.
    var isHealthy: Bool { state.withLock { $0.breaker.isClosed } }
    var circuit: CircuitBreaker.State { state.withLock { $0.breaker.state } }
    var pausedUntil: Timestamp? { state.withLock { $0.pausedUntil } }

    /// What may begin now. Take `.probe` only with a message at hand, or ``cancelProbe()``.
    func permission(at now: Timestamp) -> CircuitBreaker.Permission {
        state.withLock { state in
            if let until = state.pausedUntil {
                // A clock that was set back must not make the pause longer.
                let until = min(until, now.adding(seconds: Self.longestPause))
                if now < until { return .wait(until: until) }
                state.pausedUntil = nil
            }
            return state.breaker.permission(at: now)
        }
    }

    func cancelProbe() {
        state.withLock { $0.breaker.cancelProbe() }
    }

    /// The attempt that began then ended without a word about the provider. If it was the probe there has to be another.
    func cancelProbe(startedAt: Timestamp) {
        let wake = state.withLock { state -> Bool in
            guard case .halfOpen(let since?, _) = state.breaker.state, startedAt >= since else { return false }
            state.breaker.cancelProbe()
            return true
        }
        if wake { signal.raise() }
    }

    /// Takes in what an attempt's end says about the provider. Wakes the dispatcher where that changes anything.
    func note(_ signal: CircuitBreaker.Signal, startedAt: Timestamp, at now: Timestamp, jitter: Double) -> CircuitBreaker.Change? {
        let change = state.withLock { $0.breaker.record(signal, startedAt: startedAt, at: now, jitter: jitter) }
        if change != nil { self.signal.raise() }
        return change
    }

    /// Nothing begins for so many seconds, an hour at most.
    /// - Returns: the new end of the pause; nil where it was that long already.
    func pause(seconds: Int, at now: Timestamp) -> Timestamp? {
        let until = now.adding(seconds: min(Int64(max(seconds, 0)), Self.longestPause))
        return state.withLock { state in
            if let before = state.pausedUntil, before >= until { return nil }
            state.pausedUntil = until
            return until
        }
    }

    /// True when the last look at messages that have waited too long is at least `interval` milliseconds ago.
    func shouldMoveOn(at now: Timestamp, every interval: Int64) -> Bool {
        state.withLock { state in
            if let last = state.movedOnAt, now >= last, now < last.adding(milliseconds: interval) { return false }
            state.movedOnAt = now
            return true
        }
    }
}
