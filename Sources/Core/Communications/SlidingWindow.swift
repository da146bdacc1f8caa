/// At most so many messages in any so many seconds.
public struct MessageRate: Sendable, Hashable {
    public let messages: Int
    public let seconds: Int

    /// Values below 1 count as 1, more than a year as a year.
    public init(messages: Int, seconds: Int) {
        self.messages = min(max(messages, 1), 1_000_000_000)
        self.seconds = min(max(seconds, 1), 366 * 86_400)
    }

    /// Milliseconds.
    public var window: Int64 { Int64(seconds) * 1000 }

    /// A sixtieth of the window, in milliseconds: uses that lie closer together need not be told apart.
    public var slot: Int64 { max(1, (window + 59) / 60) }
}

/// What was used of a rate lately, kept in at most about sixty slots, however many messages there were.
///
/// Sliding and on the safe side: a slot counts whole until the last of its uses is a full window ago, so no window of
/// that length, wherever it begins, holds more than the rate allows; at most a sixtieth of the rate is lost by that.
/// A *use* is a message that may have reached the provider, at the moment its attempt ended. A permit that is out (given
/// to somebody, its attempt not ended) counts too: its use may come at any moment.
public struct SlidingWindow: Sendable, Hashable {
    /// The uses of a sixtieth of the window.
    public struct Slot: Sendable, Hashable {
        /// Milliseconds since the epoch; the slot's name.
        public var start: Int64
        /// The last use in it, milliseconds since the epoch.
        public var lastAt: Int64
        public var messages: Int

        public init(start: Int64, lastAt: Int64, messages: Int) {
            self.start = start
            self.lastAt = lastAt
            self.messages = messages
        }
    }

    private static let most = 1 << 40

    public let rate: MessageRate
    /// Oldest first.
    public private(set) var slots: [Slot] = []

    /// - Parameter slots: as kept. Those that lie in the future (the clock was set back) count as used now, so that they
    ///   stand in the way for one window and not for ever; those that are a window old are left out.
    public init(rate: MessageRate, slots: [Slot] = [], at now: Timestamp) {
        self.rate = rate
        for slot in slots where slot.messages > 0 {
            if slot.lastAt > now.milliseconds {
                record(slot.messages, at: now)
            } else if isLive(slot, at: now) {
                add(slot)
            }
        }
        sort()
    }

    /// Uses that count now.
    public var used: Int { slots.reduce(0) { $0 + $1.messages } }

    /// Notes that messages left at `moment`.
    public mutating func record(_ messages: Int, at moment: Timestamp) {
        guard messages > 0 else { return }
        let width = rate.slot
        let offset = moment.milliseconds % width
        add(Slot(start: moment.milliseconds &- (offset < 0 ? offset &+ width : offset), lastAt: moment.milliseconds, messages: messages))
        sort()
    }

    /// How many permits may be given now.
    /// - Parameter out: permits that are out.
    public func free(out: Int) -> Int {
        max(0, rate.messages - used - min(max(0, out), Self.most))
    }

    /// Milliseconds until the next permit is free, 0 when one is; nil when that hangs on permits that are out.
    public func nextFree(out: Int, at now: Timestamp) -> Int64? {
        var count = used + min(max(0, out), Self.most)
        if count < rate.messages { return 0 }
        for slot in slots {
            count -= slot.messages
            if count < rate.messages { return max(1, slot.lastAt &+ rate.window &- now.milliseconds) }
        }
        return nil
    }

    private func isLive(_ slot: Slot, at now: Timestamp) -> Bool {
        let (age, overflow) = now.milliseconds.subtractingReportingOverflow(slot.lastAt)
        return !overflow && age < rate.window
    }

    private mutating func add(_ slot: Slot) {
        // What is kept came from outside of this type: sums of it must not overflow.
        let messages = min(slot.messages, Self.most)
        guard let index = slots.firstIndex(where: { $0.start == slot.start }) else {
            return slots.append(Slot(start: slot.start, lastAt: slot.lastAt, messages: messages))
        }
        slots[index].messages = min(slots[index].messages + messages, Self.most)
        slots[index].lastAt = max(slots[index].lastAt, slot.lastAt)
    }

    private mutating func sort() {
        slots.sort { ($0.lastAt, $0.start) < ($1.lastAt, $1.start) }
    }
}
