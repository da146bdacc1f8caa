/// Keeps messages away from a provider that does not work, so that they wait instead of using up their attempts.
///
/// ```
///            outages or refusals in a row                 its time is over
///   closed ──────────────────────────────▶ open ────────────────────────────▶ half-open: one probe
///     ▲                                      ▲                                      │
///     │                                      └── the probe fails, for twice as long ┤
///     └──────────────────────────────────────────────── the provider answers ───────┘
/// ```
public struct CircuitBreaker: Sendable, Hashable {
    /// What opens a breaker, and how long it stays open.
    public struct Rule: Sendable, Hashable {
        /// Outages in a row, all within ``within``, that open it.
        public var outages = 5
        /// Seconds.
        public var within: Int64 = 120
        /// Refusals of our credentials in a row that open it.
        public var refusals = 3
        /// Seconds of the first opening; each failed probe doubles them.
        public var opening: Int64 = 30
        /// Seconds; no opening is longer.
        public var longestOpening: Int64 = 300
        /// Jitter shortens an opening by at most this share, so that instances do not probe all at once.
        public var jitterShare = 0.2
        /// Seconds after which a probe that nobody has heard of again is given up.
        public var probePatience: Int64 = 60

        public init() {}
    }

    /// What an attempt's end says about the provider.
    public enum Signal: Sendable, Hashable {
        /// It did its work, or refused this one message.
        case answered
        /// It could not be reached, or did not answer in time or in its language.
        case outage
        /// It does not accept our credentials.
        case refused
    }

    /// Why it opened.
    public enum Reason: String, Sendable, Hashable {
        case outage
        case authFailure = "auth_failure"
    }

    /// Moments are those at which it changes by itself.
    public enum State: Sendable, Hashable {
        case closed
        case open(until: Timestamp, Reason)
        /// - Parameter probingSince: when the one probe began; nil while none is on its way.
        case halfOpen(probingSince: Timestamp?, Reason)
    }

    /// What may begin now.
    public enum Permission: Sendable, Hashable {
        case free
        /// One message; it decides. Call ``cancelProbe()`` when there is none.
        case probe
        case wait(until: Timestamp)
    }

    /// What somebody has to be told.
    public enum Change: Sendable, Hashable {
        case opened(Reason, until: Timestamp)
        /// The probe failed.
        case reopened(Reason, until: Timestamp)
        case closed
    }

    public let rule: Rule
    public private(set) var state = State.closed
    private var outages: [Timestamp] = []
    private var refusals = 0
    private var openings = 0
    private var openedAt: Timestamp?

    public init(rule: Rule = Rule()) {
        self.rule = rule
    }

    public var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    /// Asks before anything begins; `.probe` counts as taken.
    public mutating func permission(at now: Timestamp) -> Permission {
        switch state {
        case .closed:
            return .free
        case .open(let until, let reason):
            // A clock that was set back must not keep it open for longer than it ever is.
            let until = min(until, now.adding(seconds: rule.longestOpening))
            guard now >= until else { return .wait(until: until) }
            state = .halfOpen(probingSince: now, reason)
            return .probe
        case .halfOpen(let since?, let reason):
            let patience = min(since, now).adding(seconds: rule.probePatience)
            guard now >= patience else { return .wait(until: patience) }
            state = .halfOpen(probingSince: now, reason)
            return .probe
        case .halfOpen(nil, let reason):
            state = .halfOpen(probingSince: now, reason)
            return .probe
        }
    }

    /// There was no message to probe with, or it never left.
    public mutating func cancelProbe() {
        if case .halfOpen(_, let reason) = state { state = .halfOpen(probingSince: nil, reason) }
    }

    /// Takes in how an attempt ended.
    /// - Parameters:
    ///   - startedAt: when the attempt began; what began before the circuit opened says nothing about it now.
    ///   - jitter: a random number in 0..<1.
    public mutating func record(_ signal: Signal, startedAt: Timestamp, at now: Timestamp, jitter: Double) -> Change? {
        switch state {
        case .open:
            return nil
        case .halfOpen(let since, _):
            guard let since, startedAt >= since else { return nil }
            switch signal {
            case .answered:
                self = CircuitBreaker(rule: rule, openedAt: openedAt)
                return .closed
            case .outage: return .reopened(.outage, until: open(.outage, at: now, jitter))
            case .refused: return .reopened(.authFailure, until: open(.authFailure, at: now, jitter))
            }
        case .closed:
            if let openedAt, startedAt < openedAt { return nil }
            return count(signal, at: now, jitter)
        }
    }

    private init(rule: Rule, openedAt: Timestamp?) {
        self.rule = rule
        self.openedAt = openedAt
    }

    private mutating func count(_ signal: Signal, at now: Timestamp, _ jitter: Double) -> Change? {
        switch signal {
        case .answered:
            outages = []
            refusals = 0
            return nil
        case .outage:
            let oldest = now.adding(seconds: -rule.within)
            outages.removeAll { $0 < oldest || $0 > now }
            outages.append(now)
            guard outages.count >= rule.outages else { return nil }
            return .opened(.outage, until: open(.outage, at: now, jitter))
        case .refused:
            refusals += 1
            guard refusals >= rule.refusals else { return nil }
            return .opened(.authFailure, until: open(.authFailure, at: now, jitter))
        }
    }

    private mutating func open(_ reason: Reason, at now: Timestamp, _ jitter: Double) -> Timestamp {
        var seconds = rule.opening
        for _ in 0..<min(openings, 32) where seconds < rule.longestOpening { seconds *= 2 }
        seconds = min(seconds, rule.longestOpening)
        // Anything but a number in 0..<1 takes nothing off: the conversion below must not trap.
        let share = jitter > 0 && jitter < 1 && rule.jitterShare > 0 && rule.jitterShare < 1 ? jitter * rule.jitterShare : 0
        let until = now.adding(milliseconds: Int64(Double(seconds) * 1000 * (1 - share)))
        openings += 1
        openedAt = now
        outages = []
        refusals = 0
        state = .open(until: until, reason)
        return until
    }
}
