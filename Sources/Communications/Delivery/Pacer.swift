import Core
import Storage
import Synchronization

/// Keeps one lane within its rate, over all instances: no message begins without a permit of the store's.
///
/// A permit is *held* from its grant until its attempt ended. Then it is used (the message left, or may have) and counts for
/// one window from that moment, or it is given back. What it holds is told to the store in every exchange; a process that
/// dies holds its permits until their time is over.
final class Pacer: Sendable {
    enum Grant: Sendable, Hashable {
        case permits(Permits)
        case nothingDue
        /// Messages are due and have to wait; ask again after that time at the latest.
        case wait(Duration)
    }

    private struct State {
        var held: [Int]
        /// By account: what was used since the last exchange, and when.
        var used: [[Use]]
        var isExchanging = false
        /// Before that moment it makes no sense to ask.
        var blockedUntil: Timestamp?
        /// The answer hung on permits that are out.
        var hangsOnOthers = false
        var isWaiting = false
    }

    private struct Use {
        var count: Int
        var at: Timestamp
    }

    let rate: MessageRate
    let senders: [String]
    private let channel: Channel
    private let database: Database
    private let shared: SharedUsage?
    private let holder: Int64
    private let holdSeconds: Int64
    private let usesStoreClock: Bool
    private let clock: WallClock
    private let state: Mutex<State>

    /// - Parameter senders: each has the whole rate for itself; empty means one account.
    init(
        channel: Channel, rate: MessageRate, senders: [String], database: Database, shared: SharedUsage?, holder: Int64, holdSeconds: Int64,
        usesStoreClock: Bool, clock: WallClock
    ) {
        self.channel = channel
        self.rate = rate
        self.senders = senders
        self.database = database
        self.shared = shared
        self.holder = holder
        self.holdSeconds = holdSeconds
        self.usesStoreClock = usesStoreClock
        self.clock = clock
        let accounts = max(senders.count, 1)
        state = Mutex(State(held: Array(repeating: 0, count: accounts), used: Array(repeating: [], count: accounts)))
    }

    /// Messages are due and wait for their permits.
    var isWaiting: Bool { state.withLock { $0.isWaiting } }

    func sender(_ permit: Permit) -> String? {
        senders.indices.contains(permit.account) ? senders[permit.account] : nil
    }

    /// Takes permits for what is due. Each has to end in ``settle(_:left:)`` or ``giveBack(_:)``.
    ///
    /// - Throws: ``DatabaseError``; nothing is held then that was not held before.
    func acquire(upTo wanted: Int) async throws -> Grant {
        if let pause = remainingPause() { return .wait(pause) }
        let room = await room()
        guard room > 0 else {
            // Others have used the rate up; their counter says not until when.
            let pause = min(retryInterval * 5, 1000)
            block(for: pause, hangsOnOthers: false)
            state.withLock { $0.isWaiting = true }
            return .wait(.milliseconds(pause))
        }
        guard let answer = try await exchange(wanted: min(wanted, room)) else { return .wait(.milliseconds(20)) }
        let granted = Permits(counts: answer.granted)
        if answer.left == 0, answer.due > 0 {
            let byTime = answer.nextIn ?? .max
            block(for: answer.hangsOnOthers ? min(byTime, retryInterval) : max(1, byTime), hangsOnOthers: answer.hangsOnOthers)
        }
        state.withLock { $0.isWaiting = answer.due > granted.total }
        if granted.total > 0 { return .permits(granted) }
        return answer.due == 0 ? .nothingDue : .wait(remainingPause() ?? .milliseconds(retryInterval))
    }

    /// A permit's attempt has ended.
    /// - Parameter left: its message left, or may have.
    /// - Returns: true when the dispatcher should ask again at once.
    func settle(_ permit: Permit, left: Bool) -> Bool {
        let now = clock.now()
        return state.withLock { state in
            guard state.held.indices.contains(permit.account) else { return false }
            state.held[permit.account] -= 1
            if left { note(1, account: permit.account, at: now, &state) }
            guard state.hangsOnOthers, state.held.allSatisfy({ $0 <= 0 }) else { return false }
            state.blockedUntil = nil
            state.hangsOnOthers = false
            return true
        }
    }

    /// Permits that no message was found for.
    func giveBack(_ permits: Permits) async {
        guard permits.total > 0 else { return }
        state.withLock { state in
            for (account, count) in permits.counts.enumerated() where state.held.indices.contains(account) {
                state.held[account] -= count
            }
            state.blockedUntil = nil
            state.hangsOnOthers = false
        }
        // What the store does not hear now, the next exchange tells it: what is held is an absolute number.
        _ = try? await exchange(wanted: 0)
    }

    /// Messages begin: other tools see it in the shared counter.
    func announce(_ count: Int) async {
        guard count > 0, let shared else { return }
        await shared.add(SharedUsage.key(channel, rate), count, rate.seconds)
    }

    /// Tells the store what is held and what was used; keeps held permits alive. A failure leaves everything for the next time.
    func report() async {
        let isNeeded = state.withLock { state in state.held.contains { $0 > 0 } || state.used.contains { !$0.isEmpty } }
        if isNeeded { _ = try? await exchange(wanted: 0) }
    }

    /// For metrics: what is left of the rate over all instances; nil while the store can not be asked.
    func permitsLeft() async -> Int? {
        let request = request(wanted: 0, state.withLock { $0 })
        return try? await database.read { tx in try tx.permitsLeft(request) }
    }

    // MARK: -

    /// Milliseconds between questions while permits that are out stand in the way.
    private var retryInterval: Int64 { min(max(rate.window / 10, 100), 1000) }

    /// What other tools leave of the rate; unbounded while the cache is away.
    private func room() async -> Int {
        guard let shared, let used = await shared.read(SharedUsage.key(channel, rate)) else { return .max }
        let (most, overflow) = rate.messages.multipliedReportingOverflow(by: max(senders.count, 1))
        return max(0, (overflow ? .max : most) - max(0, used))
    }

    private func remainingPause() -> Duration? {
        let now = clock.now()
        return state.withLock { state in
            guard let until = state.blockedUntil else { return nil }
            let (left, overflow) = until.milliseconds.subtractingReportingOverflow(now.milliseconds)
            // More than a window is left only after the clock was set back.
            guard !overflow, left > 0, left <= rate.window else {
                state.blockedUntil = nil
                state.hangsOnOthers = false
                return nil
            }
            return .milliseconds(left)
        }
    }

    private func block(for milliseconds: Int64, hangsOnOthers: Bool) {
        let until = clock.now().adding(milliseconds: min(milliseconds, rate.window))
        state.withLock { state in
            // The last one came back while the store answered.
            guard !hangsOnOthers || state.used.allSatisfy(\.isEmpty) || state.held.contains(where: { $0 > 0 }) else { return }
            state.blockedUntil = until
            state.hangsOnOthers = hangsOnOthers
        }
    }

    /// - Returns: nil while another exchange is on its way: two at once could contradict each other about what is held.
    private func exchange(wanted: Int) async throws -> PermitAnswer? {
        let snapshot: State? = state.withLock { state in
            guard !state.isExchanging else { return nil }
            state.isExchanging = true
            return state
        }
        guard let snapshot else { return nil }
        defer { state.withLock { $0.isExchanging = false } }
        let answer = try await database.takePermits(request(wanted: wanted, snapshot))
        state.withLock { state in
            for account in state.held.indices {
                if answer.granted.indices.contains(account) { state.held[account] += answer.granted[account] }
                state.used[account].removeFirst(min(snapshot.used[account].count, state.used[account].count))
            }
        }
        return answer
    }

    private func request(wanted: Int, _ state: State) -> PermitRequest {
        let now = clock.now()
        let names = senders.isEmpty ? [channel.rawValue] : senders.map { "\(channel.rawValue):\($0)" }
        let accounts = names.enumerated().map { index, name in
            PermitRequest.Account(
                name: name, rate: rate, held: max(0, state.held[index]),
                used: state.used[index].map { UsedPermits(count: $0.count, ago: max(0, now.milliseconds &- $0.at.milliseconds)) })
        }
        return PermitRequest(
            holder: holder, holdSeconds: holdSeconds, channel: channel, accounts: accounts, wanted: wanted, usesStoreClock: usesStoreClock)
    }

    private func note(_ count: Int, account: Int, at now: Timestamp, _ state: inout State) {
        // Not merged while an exchange reports the last one: it would be forgotten with it.
        if !state.isExchanging, let last = state.used[account].last, last.at <= now,
            now.milliseconds &- last.at.milliseconds < rate.slot
        {
            state.used[account][state.used[account].count - 1] = Use(count: last.count + count, at: now)
        } else {
            state.used[account].append(Use(count: count, at: now))
        }
    }
}
