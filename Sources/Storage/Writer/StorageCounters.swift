import Synchronization

/// The writer's and the pool's counters, each read and written on its own.
final class StorageCounters: Sendable {
    let rounds = Atomic<Int>(0)
    let items = Atomic<Int>(0)
    let microseconds = Atomic<Int>(0)
    let poolBusy = Atomic<Int>(0)
    let reconnections = Atomic<Int>(0)
    let retries = Atomic<Int>(0)

    func snapshot(waiting: Int, poolSize: Int) -> DatabaseStatistics {
        DatabaseStatistics(
            writerRounds: rounds.load(ordering: .relaxed), writerItems: items.load(ordering: .relaxed),
            writerMicroseconds: microseconds.load(ordering: .relaxed), waiting: waiting, poolBusy: poolBusy.load(ordering: .relaxed),
            poolSize: poolSize, reconnections: reconnections.load(ordering: .relaxed), retries: retries.load(ordering: .relaxed))
    }
}
