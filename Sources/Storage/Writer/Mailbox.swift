import Dispatch
import Synchronization

/// Where requests wait for the writer's thread. Bounded: what can not be served soon is refused at once.
final class Mailbox: Sendable {
    private struct State {
        var waiting: [WriterRequest] = []
        var writerSleeps = false
        var closed = false
    }

    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { state.withLock { $0.waiting.count } }

    /// Hands a request in, or fails it.
    func put(_ request: WriterRequest) {
        let (refusal, ring) = state.withLock { state -> (Unavailability?, Bool) in
            if state.closed { return (.closed, false) }
            if state.waiting.count >= limit { return (.overloaded, false) }
            state.waiting.append(request)
            let ring = state.writerSleeps
            state.writerSleeps = false
            return (nil, ring)
        }
        if ring { bell.signal() }
        if let refusal { request.fail(DatabaseError.unavailable(refusal, details: "mailbox")) }
    }

    /// All that waits; blocks until something does. Nil once the mailbox is closed and empty; empty after `timeout`.
    func take(timeout: DispatchTimeInterval?) -> [WriterRequest]? {
        while true {
            let (taken, done) = state.withLock { state -> ([WriterRequest], Bool) in
                if state.waiting.isEmpty {
                    state.writerSleeps = !state.closed
                    return ([], state.closed)
                }
                var taken: [WriterRequest] = []
                swap(&taken, &state.waiting)
                return (taken, false)
            }
            if done { return nil }
            if !taken.isEmpty { return taken }
            guard let timeout else {
                bell.wait()
                continue
            }
            // A time-out may leave a ring behind; it costs one empty turn later.
            if bell.wait(timeout: .now() + timeout) == .timedOut { return [] }
        }
    }

    /// No more requests; those that wait are still served.
    func close() {
        let ring = state.withLock { state in
            state.closed = true
            let ring = state.writerSleeps
            state.writerSleeps = false
            return ring
        }
        if ring { bell.signal() }
    }
}
