import Core
import Dispatch
import Foundation
import Synchronization

/// One thread that turns everything that arrived during the last commit into the next transaction.
///
/// No gathering window: waiting for more only costs (measured). A caller is resumed after the commit of its round, and
/// its result is its own: a round that fails by one request's data is split until only the guilty one fails.
final class GroupCommitWriter: Sendable {
    /// Requests in one transaction at most: bounds how long a commit takes.
    private static let roundLimit = 512
    private static let transientRetries = 6
    /// Beyond it nothing is repeated: whoever waits is told rather than kept.
    static let patience = Duration.seconds(4)

    private let mailbox: Mailbox
    private let patience: Duration
    private let clock: WallClock
    private let counters: StorageCounters
    private let wakeUps: WakeUpHub
    private let eventWakeUps: WakeUpHub
    private let ledgerWakeUps: WakeUpHub
    private let onCommit: (@Sendable (_ items: Int, _ microseconds: Int) -> Void)?
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - patience: a round that has failed for so long is not tried again. An engine may take its own time over a lock that it does not
    ///     get, and six times that is longer than any caller waits.
    ///   - makeStore: runs on the writer's thread.
    init(
        limit: Int, patience: Duration = patience, clock: WallClock, counters: StorageCounters, wakeUps: WakeUpHub, eventWakeUps: WakeUpHub,
        ledgerWakeUps: WakeUpHub, name: String,
        onCommit: (@Sendable (_ items: Int, _ microseconds: Int) -> Void)? = nil,
        makeStore: @escaping @Sendable () -> any RoundStore
    ) {
        mailbox = Mailbox(limit: limit)
        self.patience = patience
        self.clock = clock
        self.counters = counters
        self.wakeUps = wakeUps
        self.eventWakeUps = eventWakeUps
        self.ledgerWakeUps = ledgerWakeUps
        self.onCommit = onCommit
        let thread = Thread { [self] in
            let store = makeStore()
            run(store)
            store.close()
            ended.signal()
        }
        thread.name = name
        thread.start()
    }

    var waiting: Int { mailbox.count }

    func submit(_ request: WriterRequest) {
        mailbox.put(request)
    }

    /// Serves what waits, then ends the thread.
    func close() async {
        mailbox.close()
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                self.ended.wait()
                self.ended.signal()
                continuation.resume()
            }
        }
    }

    private func run(_ store: any RoundStore) {
        var queue: [WriterRequest] = []
        var announcement = Announcement()
        while true {
            if queue.isEmpty {
                guard let taken = mailbox.take(timeout: announcement.pending ? .milliseconds(Announcement.interval) : nil) else { return }
                queue = taken
            }
            if announcement.isDue { store.announce() }
            if queue.isEmpty { continue }
            let round = Array(queue.prefix(Self.roundLimit))
            queue.removeFirst(round.count)
            let deferred = serve(round, store, &announcement)
            if !deferred.isEmpty { queue.insert(contentsOf: deferred, at: 0) }
        }
    }

    /// - Returns: requests for the next round.
    private func serve(_ round: [WriterRequest], _ store: any RoundStore, _ announcement: inout Announcement) -> [WriterRequest] {
        var attempt = 0
        let begun = ContinuousClock.now
        while true {
            let now = clock.now()
            let start = DispatchTime.now().uptimeNanoseconds
            do throws(DatabaseError) {
                let result = try store.perform(round, now: now)
                counters.rounds.add(1, ordering: .relaxed)
                counters.items.add(round.count, ordering: .relaxed)
                let microseconds = Int((DispatchTime.now().uptimeNanoseconds &- start) / 1000)
                counters.microseconds.add(microseconds, ordering: .relaxed)
                onCommit?(round.count, microseconds)
                var deferred: [WriterRequest] = []
                for (request, reply) in zip(round, result.replies) {
                    if case .deferred = reply { deferred.append(request) } else { request.resume(with: reply) }
                }
                wakeUps.signal(due: result.earliestDue, now: now)
                if result.leavesEvents { eventWakeUps.signal() }
                if result.leavesLedgerEntries { ledgerWakeUps.signal() }
                if let due = result.earliestDue, due <= now.adding(milliseconds: 5_000) { announcement.request() }
                return deferred
            } catch {
                if error.isTransient, attempt < Self.transientRetries, begun.duration(to: .now) < patience {
                    attempt += 1
                    counters.retries.add(1, ordering: .relaxed)
                    Backoff.sleep(attempt)
                    continue
                }
                if error.concernsEveryone || round.count == 1 {
                    let final: DatabaseError =
                        if case .transient(let details) = error { .unavailable(.timeout, details: details) } else { error }
                    for request in round { request.fail(final) }
                    return []
                }
                let half = round.count / 2
                return serve(Array(round[..<half]), store, &announcement) + serve(Array(round[half...]), store, &announcement)
            }
        }
    }
}

/// When to tell other processes: at once, then at most every ``interval``, never losing the last one.
private struct Announcement {
    /// Milliseconds.
    static let interval = 50

    private(set) var pending = false
    private var last: UInt64 = 0

    mutating func request() {
        pending = true
    }

    /// True when it is time; then it counts as done.
    var isDue: Bool {
        mutating get {
            guard pending else { return false }
            let now = DispatchTime.now().uptimeNanoseconds
            guard now &- last >= UInt64(Self.interval) * 1_000_000 else { return false }
            (pending, last) = (false, now)
            return true
        }
    }
}

/// Pauses between attempts of a thread of ours, with jitter so that two instances do not collide again.
enum Backoff {
    static func sleep(_ attempt: Int) {
        let base = min(200.0, 2.0 * Double(1 << min(attempt, 7)))
        Thread.sleep(forTimeInterval: base * Double.random(in: 0.5...1.5) / 1000)
    }
}
