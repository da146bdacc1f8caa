import NIOCore

/// What is known about a server that cannot be reached: since when, why, and when to try again.
struct Outage {
    private(set) var since: NIODeadline?
    private(set) var lastFailure: SMTPFailure?
    private var attemptAt: NIODeadline?
    private var nextAttempt: NIODeadline?
    private var failures = 0

    var isOngoing: Bool { failures > 0 }

    mutating func attemptStarted(at now: NIODeadline) {
        attemptAt = now
    }

    mutating func attemptFailed(_ failure: SMTPFailure, at now: NIODeadline, configuration: SMTPConfiguration) {
        since = since ?? attemptAt ?? now
        lastFailure = failure
        failures = min(failures + 1, 32)
        var delay = configuration.reconnectDelay
        for _ in 1..<failures where delay < configuration.maxReconnectDelay { delay = delay * 2 }
        nextAttempt = now + min(delay, configuration.maxReconnectDelay)
    }

    /// No new attempt for a moment, although the server is not down.
    mutating func rest(at now: NIODeadline, configuration: SMTPConfiguration) {
        let until = now + configuration.reconnectDelay
        nextAttempt = max(nextAttempt ?? until, until)
    }

    mutating func end() {
        since = nil
        lastFailure = nil
        nextAttempt = nil
        failures = 0
    }

    /// How long to wait before the next attempt; nil when it may start now.
    func pause(at now: NIODeadline) -> TimeAmount? {
        guard let nextAttempt, nextAttempt > now else { return nil }
        return nextAttempt - now
    }

    /// After a failure that no waiting cures, mails handed in before the next attempt fail with the same reason.
    func refusal(at now: NIODeadline) -> SMTPFailure? {
        guard let lastFailure, pause(at: now) != nil else { return nil }
        return lastFailure.category == .authFailure || lastFailure.category == .invalidInput ? lastFailure : nil
    }
}
