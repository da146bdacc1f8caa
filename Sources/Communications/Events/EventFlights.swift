import Core
import Synchronization

/// What is on its way to endpoints: bounds it, and can cut it short.
final class EventFlights: Sendable {
    private struct State {
        var byEndpoint: [UUIDv7: Int] = [:]
        var total = 0
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastID = 0
        var isCutShort = false
    }

    private let state = Mutex(State())
    private let overall: Int

    init(overall: Int) {
        self.overall = overall
    }

    var count: Int { state.withLock(\.total) }

    /// How many more may begin for `endpoint`, which may have `limit` in all; they count as begun until ``leave(_:_:)``.
    func reserve(_ endpoint: UUIDv7, limit: Int) -> Int {
        state.withLock { state in
            let free = max(0, min(limit - state.byEndpoint[endpoint, default: 0], overall - state.total))
            if free > 0 { state.byEndpoint[endpoint, default: 0] += free }
            state.total += free
            return free
        }
    }

    func leave(_ endpoint: UUIDv7, _ count: Int) {
        state.withLock { state in
            let rest = state.byEndpoint[endpoint, default: 0] - count
            state.byEndpoint[endpoint] = rest > 0 ? rest : nil
            state.total -= count
        }
    }

    func launch(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { state in
            state.lastID &+= 1
            let id = state.lastID
            let task = Task {
                await work()
                self.forget(id)
            }
            if state.isCutShort { task.cancel() }
            state.tasks[id] = task
        }
    }

    private func forget(_ id: Int) {
        _ = state.withLock { $0.tasks.removeValue(forKey: id) }
    }

    /// Returns once everything launched has ended.
    func settle() async {
        for task in state.withLock({ Array($0.tasks.values) }) { await task.value }
    }

    func cutShort() {
        let tasks = state.withLock { state in
            state.isCutShort = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }
}
