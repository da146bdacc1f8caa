import Core
import Synchronization

/// Deliveries that a transport works on one task each, and their orderly end.
///
/// Until ``stop(within:)`` everything posted is worked on at once: the engine hands over no more than the transport's capacity. After it
/// what waits is handed back, and what is on its way has until the deadline; then the tasks of ``run(_:)`` are cancelled by the engine.
final class FlightGroup: Sendable {
    private struct State {
        var inFlight = 0
        var isStopping = false
        var hasGivenUp = false
        var idle: CheckedContinuation<Void, Never>?
    }

    private let queue = RoundQueue<[Delivery]>()
    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.isStopping } }

    func post(_ deliveries: [Delivery]) {
        let taken = state.withLock { state in
            guard !state.isStopping else { return false }
            state.inFlight += deliveries.count
            return true
        }
        guard taken, queue.post(deliveries) else {
            if taken { land(deliveries.count) }
            for delivery in deliveries { delivery.complete(.failure(.stopped)) }
            return
        }
    }

    /// Works until the queue is closed and everything has ended.
    func run(_ work: @escaping @Sendable (Delivery) async -> Result<TransportReceipt, TransportFailure>) async {
        await withDiscardingTaskGroup { group in
            while let batches = await queue.next() {
                for delivery in batches.joined() {
                    group.addTask {
                        let outcome = self.isStopping ? .failure(.stopped) : await work(delivery)
                        delivery.complete(outcome)
                        self.land(1)
                    }
                }
            }
        }
    }

    /// Returns when nothing is on its way any more, or at the deadline.
    func stop(within duration: Duration) async {
        state.withLock { $0.isStopping = true }
        queue.close()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitForIdle() }
            group.addTask {
                try? await Task.sleep(for: duration)
                self.giveUpWaiting()
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func waitForIdle() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if state.inFlight == 0 || state.hasGivenUp || state.idle != nil { return true }
                state.idle = continuation
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func giveUpWaiting() {
        let waiter = state.withLock { state in
            state.hasGivenUp = true
            defer { state.idle = nil }
            return state.idle
        }
        waiter?.resume()
    }

    private func land(_ count: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.inFlight -= count
            guard state.inFlight <= 0 else { return nil }
            defer { state.idle = nil }
            return state.idle
        }
        waiter?.resume()
    }
}
