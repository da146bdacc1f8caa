import NIOCore

/// When a server that could not be reached is tried again.
struct Backoff {
    private let first: TimeAmount
    private let longest: TimeAmount
    private let random: () -> Double
    private var failures = 0
    private var nextAttempt: NIODeadline?
    private(set) var lastFailure: RESPError?

    /// - Parameter random: 0 to 1, so that many clients do not come back at the same moment.
    init(first: TimeAmount, longest: TimeAmount, random: @escaping () -> Double) {
        self.first = first
        self.longest = longest
        self.random = random
    }

    mutating func failed(_ failure: RESPError, at now: NIODeadline) {
        lastFailure = failure
        var delay = first
        for _ in 0..<failures where delay < longest { delay = delay * 2 }
        failures = min(failures + 1, 32)
        let jittered = Double(min(delay, longest).nanoseconds) * (0.75 + 0.5 * random())
        nextAttempt = now + .nanoseconds(Int64(jittered))
    }

    mutating func succeeded() {
        failures = 0
        nextAttempt = nil
        lastFailure = nil
    }

    /// How long to wait; nil when an attempt may start now.
    func pause(at now: NIODeadline) -> TimeAmount? {
        guard let nextAttempt, nextAttempt > now else { return nil }
        return nextAttempt - now
    }
}
