import Core
import Synchronization

/// Everything that the emulators remember of messages: a ring, so that no load can fill the memory.
final class MessageLog: Sendable {
    private struct State {
        var messages: [String: EmulatedMessage] = [:]
        /// Ids, oldest first, from `head` on.
        var order: [String] = []
        var head = 0
        var beginnings: [SendBeginning] = []
        var counters = EmulatorCounters()
        var lastNumber = 0
        var waiters: [(condition: @Sendable (EmulatorCounters) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let clock: WallClock

    init(capacity: Int, clock: WallClock) {
        self.capacity = max(1, capacity)
        self.clock = clock
    }

    var counters: EmulatorCounters { state.withLock { $0.counters } }

    /// The latest requests to send, oldest first.
    var beginnings: [SendBeginning] { state.withLock { $0.beginnings } }

    /// Changes the counters and wakes whoever waits for that.
    func count(_ change: (inout EmulatorCounters) -> Void) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            change(&state.counters)
            return Self.woken(&state)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Notes that somebody asks to send to `to`.
    func begin(_ provider: EmulatedProvider, to: String) {
        let (now, instant) = (clock.now(), ContinuousClock.now)
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            // Twice the capacity, so that the array is cut once in a while and not every time.
            if state.beginnings.count >= 2 * capacity { state.beginnings.removeFirst(capacity) }
            state.beginnings.append(SendBeginning(provider: provider, to: to, at: now, instant: instant))
            state.counters.sends[provider, default: 0] += 1
            if state.counters.firstSend == nil { state.counters.firstSend = now }
            state.counters.lastSend = now
            return Self.woken(&state)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Keeps `message`; the oldest one makes room.
    func keep(_ message: EmulatedMessage) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.lastNumber += 1
            var message = message
            message.number = state.lastNumber
            if state.messages.updateValue(message, forKey: message.id) == nil { state.order.append(message.id) }
            if message.direction == .outbound { state.counters.taken[message.provider, default: 0] += 1 }
            while state.messages.count > capacity, state.head < state.order.count {
                state.messages[state.order[state.head]] = nil
                state.head += 1
            }
            if state.head > capacity {
                state.order.removeFirst(state.head)
                state.head = 0
            }
            return Self.woken(&state)
        }
        for continuation in woken { continuation.resume() }
    }

    func message(_ id: String) -> EmulatedMessage? {
        state.withLock { $0.messages[id] }.flatMap { $0.isDeleted ? nil : $0 }
    }

    /// Changes one message; nil when it is no longer known.
    @discardableResult
    func change(_ id: String, _ change: (inout EmulatedMessage) -> Void) -> EmulatedMessage? {
        state.withLock { state in
            guard var message = state.messages[id], !message.isDeleted else { return nil }
            change(&message)
            state.messages[id] = message
            return message
        }
    }

    /// The message reaches `status`; nil when it is no longer known.
    func advance(_ id: String, to status: MessageStatus, errorCode: Int? = nil) -> EmulatedMessage? {
        let now = clock.now()
        return change(id) { message in
            message.passages.append(EmulatedMessage.Passage(status: status, at: now))
            if let errorCode { message.errorCode = errorCode }
        }
    }

    /// The newest first.
    func list(limit: Int = .max, where isWanted: (EmulatedMessage) -> Bool = { _ in true }) -> [EmulatedMessage] {
        var found: [EmulatedMessage] = []
        var before = Int.max
        // In portions, and filtered outside the lock: a long log must not hold up the sends.
        while found.count < limit {
            let portion = state.withLock { state -> [EmulatedMessage] in
                let end = Self.position(of: before, in: state)
                return state.order[max(state.head, end - Self.portion)..<end].reversed().compactMap { state.messages[$0] }
            }
            guard let last = portion.last else { break }
            before = last.number
            for message in portion where !message.isDeleted && isWanted(message) && found.count < limit { found.append(message) }
        }
        return found
    }

    /// Forgets messages and counters.
    func reset() {
        state.withLock { state in
            state.messages = [:]
            state.order = []
            state.head = 0
            state.beginnings = []
            let open = state.counters.callbacksOpen
            state.counters = EmulatorCounters()
            state.counters.callbacksOpen = open
        }
    }

    /// Returns once the counters satisfy `condition`.
    func wait(until condition: @escaping @Sendable (EmulatorCounters) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state -> Bool in
                if condition(state.counters) { return true }
                state.waiters.append((condition, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    /// Lets everybody go who still waits.
    func close() {
        let waiting = state.withLock { state in
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiting { waiter.continuation.resume() }
    }

    private static let portion = 512

    /// Where in `order` the messages with this number and later ones begin.
    private static func position(of number: Int, in state: State) -> Int {
        // The last one kept has the last number, and every id stands in `order` once.
        let later = state.lastNumber &- number
        return later < 0 ? state.order.count : min(max(state.order.count - 1 - later, state.head), state.order.count)
    }

    private static func woken(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        guard !state.waiters.isEmpty else { return [] }
        let counters = state.counters
        let met = state.waiters.filter { $0.condition(counters) }
        guard !met.isEmpty else { return [] }
        state.waiters.removeAll { $0.condition(counters) }
        return met.map(\.continuation)
    }
}
