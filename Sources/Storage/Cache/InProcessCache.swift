public import Core
import Synchronization

/// A cache inside this process: what another instance changes, it does not hear of by itself.
public final class InProcessCache: Cache {
    private struct Counter {
        var value: Int
        var endsAt: Timestamp
    }

    private struct State {
        var entries: LRUEntries
        var counters: [String: Counter] = [:]
        /// Leases by key; an entry here is a gap that somebody is about to fill.
        var leases: [String: UInt64] = [:]
        var lastLease: UInt64 = 0
        var counts = CacheCounts()
    }

    /// Keys and values together are small; these are for a flood of counters or of gaps that nobody fills.
    private static let mostCounters = 100_000
    private static let mostLeases = 100_000

    private let clock: WallClock
    private let state: Mutex<State>

    /// - Parameters:
    ///   - mostEntries: above which what was used longest ago makes room.
    ///   - mostBytes: the same, for keys and values with what they cost to keep.
    public init(clock: WallClock, mostEntries: Int = 100_000, mostBytes: Int = 64 << 20) {
        self.clock = clock
        state = Mutex(State(entries: LRUEntries(mostEntries: mostEntries, mostBytes: mostBytes)))
    }

    public func get(_ key: String) async -> [UInt8]? {
        let now = clock.now()
        return state.withLock { state in Self.counted(state.entries.value(of: key, at: now), &state) }
    }

    public func set(_ key: String, _ value: [UInt8], seconds: Int?) async {
        let expiresAt = expiry(seconds)
        state.withLock { state in state.entries.set(key, value, expiresAt: expiresAt) }
    }

    public func delete(_ keys: [String]) async { forget(keys) }

    /// ``delete(_:)`` for whoever can not wait.
    public func forget(_ keys: [String]) {
        state.withLock { state in
            for key in keys {
                state.entries.remove(key)
                state.counters[key] = nil
                state.leases[key] = nil
            }
        }
    }

    public func lookUp(_ key: String) async -> CacheLookUp {
        let now = clock.now()
        return state.withLock { state in
            if let value = Self.counted(state.entries.value(of: key, at: now), &state) { return .hit(value) }
            // Who comes later reads later: what holds for the first lease holds for them. With one of their own, many readers of one
            // key would take it from each other for ever.
            if let lease = state.leases[key] { return .miss(CacheLease(token: lease)) }
            if state.leases.count >= Self.mostLeases { state.leases.removeAll() }
            state.lastLease &+= 1
            state.leases[key] = state.lastLease
            return .miss(CacheLease(token: state.lastLease))
        }
    }

    public func fill(_ key: String, _ value: [UInt8], seconds: Int?, lease: CacheLease) async {
        let expiresAt = expiry(seconds)
        state.withLock { state in
            guard state.leases[key] == lease.token else { return }
            state.leases[key] = nil
            state.entries.set(key, value, expiresAt: expiresAt)
        }
    }

    public func increment(_ key: String, by amount: Int, seconds: Int) async -> Int? {
        let now = clock.now()
        let endsAt = now.adding(seconds: Int64(max(1, seconds)))
        return state.withLock { state in
            if let counter = state.counters[key], counter.endsAt > now {
                let (value, overflow) = counter.value.addingReportingOverflow(amount)
                guard !overflow else { return nil }
                state.counters[key]?.value = value
                return value
            }
            if state.counters.count >= Self.mostCounters {
                state.counters = state.counters.filter { $0.value.endsAt > now }
                // Forgetting a counter would break the limit that it guards.
                guard state.counters.count < Self.mostCounters else { return nil }
            }
            state.counters[key] = Counter(value: amount, endsAt: endsAt)
            return amount
        }
    }

    public func read(counter key: String) async -> Int? {
        let now = clock.now()
        return state.withLock { state in
            guard let counter = state.counters[key], counter.endsAt > now else { return 0 }
            return counter.value
        }
    }

    public func deleteCopies() async { forgetCopies() }

    /// ``deleteCopies()`` for whoever can not wait.
    public func forgetCopies() {
        state.withLock { state in
            state.entries.removeAll()
            state.leases.removeAll()
        }
    }

    public var counts: CacheCounts { state.withLock(\.counts) }

    public var statistics: CacheStatistics {
        get async {
            state.withLock { state in
                CacheStatistics(backend: .inProcess, counts: state.counts, keys: state.entries.count + state.counters.count)
            }
        }
    }

    public func health() async -> String? { nil }

    private func expiry(_ seconds: Int?) -> Timestamp? {
        seconds.map { clock.now().adding(seconds: Int64(max(1, $0))) }
    }

    private static func counted(_ value: [UInt8]?, _ state: inout State) -> [UInt8]? {
        if value == nil { state.counts.misses += 1 } else { state.counts.hits += 1 }
        return value
    }
}
