import Synchronization

/// Many producers, one consumer: what arrives while the consumer works is its next round.
///
/// No gathering window: the consumer's own work is the window (measured: waiting only costs).
final class RoundQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: CheckedContinuation<[Element]?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    /// False once the queue is closed; the element was not taken then.
    @discardableResult
    func post(_ element: Element) -> Bool {
        let (waiter, taken) = state.withLock { state -> (CheckedContinuation<[Element]?, Never>?, Bool) in
            guard !state.isClosed else { return (nil, false) }
            guard let waiter = state.waiter else {
                state.elements.append(element)
                return (nil, true)
            }
            state.waiter = nil
            return (waiter, true)
        }
        waiter?.resume(returning: [element])
        return taken
    }

    /// Everything that has arrived, as soon as there is something; nil once the queue is closed and empty.
    func next() async -> [Element]? {
        await withCheckedContinuation { continuation in
            let ready: [Element]?? = state.withLock { state in
                if !state.elements.isEmpty {
                    let elements = state.elements
                    state.elements.removeAll(keepingCapacity: true)
                    return .some(elements)
                }
                if state.isClosed { return .some(nil) }
                state.waiter = continuation
                return .none
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    /// No more posts; the consumer still gets what is there.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }
}
