import Core

/// Permits that were used up: their messages left, or may have.
public struct UsedPermits: Sendable, Hashable {
    public var count: Int
    /// Milliseconds since their attempts ended: a length, so that the clocks of instances need not agree.
    public var ago: Int64

    public init(count: Int, ago: Int64) {
        self.count = count
        self.ago = ago
    }
}

/// A process's report on its permits and its wish for more.
///
/// ``Account/held`` is absolute and ``Account/used`` is counted at least once, so a report that was repeated, or whose
/// commit nobody heard of, never gives out too much.
public struct PermitRequest: Sendable {
    /// What one process says of its part in one account's rate.
    public struct Account: Sendable {
        /// For example `email` or `sms:+14155550100`.
        public var name: String
        public var rate: MessageRate
        /// Permits that the process has in hand or on their way.
        public var held: Int
        /// Used up since the last report that is known to be stored.
        public var used: [UsedPermits]

        public init(name: String, rate: MessageRate, held: Int, used: [UsedPermits]) {
            self.name = name
            self.rate = rate
            self.held = held
            self.used = used
        }
    }

    /// Names the process; new on every start.
    public var holder: Int64
    /// Seconds without a report after which held permits count as used.
    public var holdSeconds: Int64
    public var channel: Channel
    public var accounts: [Account]
    /// Permits wanted of all accounts together; never more are given than messages are due.
    public var wanted: Int
    /// Count time by the database server rather than by the instance's own clock. Only PostgreSQL has such a clock.
    public var usesStoreClock: Bool

    public init(holder: Int64, holdSeconds: Int64, channel: Channel, accounts: [Account], wanted: Int, usesStoreClock: Bool) {
        self.holder = holder
        self.holdSeconds = holdSeconds
        self.channel = channel
        self.accounts = accounts
        self.wanted = wanted
        self.usesStoreClock = usesStoreClock
    }
}

/// What a process may use, and when to ask again.
public struct PermitAnswer: Sendable, Hashable {
    /// By account, in the request's order.
    public var granted: [Int]
    /// Permits that are left over all accounts.
    public var left: Int
    /// Messages that are due on the channel, counted up to the number wanted.
    public var due: Int
    /// Milliseconds until the next permit is free by time alone.
    public var nextIn: Int64?
    /// Permits that are out stand in the way: one may come back, or be used up, at any moment.
    public var hangsOnOthers: Bool
}
