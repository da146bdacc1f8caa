import Core
import Synchronization
import TestSupport

@testable import Communications

/// A transport that begins each message after a few turns of the scheduler and notes whether its client had been told "no" by then.
final class Witness: Transport {
    private struct State {
        var acknowledged: Set<String> = []
        var begun = 0
        var violations: [String] = []
        var generator: SeededGenerator
        /// Nil: every message goes at once.
        var held: [CheckedContinuation<Void, Never>]?
    }

    let provider = "witness"
    let isSandbox = false
    /// More than a claim asks for, so that hand-offs go on beside it.
    let capacity = 1024
    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    var begun: Int { state.withLock { $0.begun } }
    var violations: [String] { state.withLock { $0.violations } }

    /// The opt-out of whoever has this address has been acknowledged.
    func acknowledged(_ address: String) { state.withLock { _ = $0.acknowledged.insert(address) } }

    /// Keeps every message from now on until ``letGo()``.
    func holdBack() { state.withLock { $0.held = [] } }

    func letGo() {
        let held = state.withLock { state in
            defer { state.held = nil }
            return state.held ?? []
        }
        for continuation in held { continuation.resume() }
    }

    private func turn() async {
        await withCheckedContinuation { continuation in
            let goes = state.withLock { state in
                guard state.held != nil else { return true }
                state.held?.append(continuation)
                return false
            }
            if goes { continuation.resume() }
        }
    }

    func send(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            let pause = state.withLock { Int.random(in: 0..<40, using: &$0.generator) }
            Task {
                for _ in 0..<pause { await Task.yield() }
                await self.turn()
                // What is acknowledged now must not begin any more.
                let refused = self.state.withLock { $0.acknowledged.contains(delivery.address) }
                do {
                    try delivery.begin()
                    _ = try delivery.render()
                } catch {
                    return delivery.complete(.failure(TransportFailure(rendering: error)))
                }
                self.state.withLock { state in
                    state.begun += 1
                    if refused { state.violations.append(delivery.address) }
                }
                delivery.complete(.success(TransportReceipt(providerMessageID: nil, response: nil)))
            }
        }
    }

    func check() async -> String? { nil }
    func stop(within: Duration) async {}
}
