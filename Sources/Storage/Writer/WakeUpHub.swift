import Core
import Synchronization

/// Tells everyone who listens that rows became due.
final class WakeUpHub: Sendable {
    /// Rows due later than this are found by the listeners' own clock.
    static let horizon: Int64 = 60_000

    private struct State {
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextID = 0
        var finished = false
    }

    private let state = Mutex(State())

    /// A stream that keeps one signal while nobody reads it.
    func listen() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> Int? in
            guard !state.finished else { return nil }
            state.nextID += 1
            state.listeners[state.nextID] = continuation
            return state.nextID
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: id) }
        }
        return stream
    }

    func signal() {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield() }
    }

    func signal(due: Timestamp?, now: Timestamp) {
        guard let due, due <= now.adding(milliseconds: Self.horizon) else { return }
        signal()
    }

    func finish() {
        let listeners = state.withLock { state in
            state.finished = true
            let listeners = Array(state.listeners.values)
            state.listeners = [:]
            return listeners
        }
        for listener in listeners { listener.finish() }
    }
}
