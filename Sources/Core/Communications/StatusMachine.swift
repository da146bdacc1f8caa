/// Something that happened to a communication.
public enum StatusEvent: String, Sendable, Hashable, CaseIterable {
    // The engine's own.
    /// Its time has come.
    case due
    /// A worker has taken it and is about to begin an attempt.
    case claimed
    /// Put off before an attempt began: quiet hours, a limit.
    case deferred
    /// Given back unsent by a worker that stops.
    case released
    /// An attempt failed and another one, on this or the next channel, is planned.
    case retryScheduled = "retry_scheduled"
    /// Every channel has failed.
    case failed
    /// No channel is left that the person allows.
    case suppressed
    /// A person or a caller called it off.
    case cancelled
    /// A person or a caller asked for a failed message to be tried again.
    case retried

    // What providers tell; `sent` also comes from our own transports.
    /// The provider has taken it.
    case sent
    case delivered, opened, clicked
    /// Handed over, then reported as undeliverable (an e-mail bounce, an undelivered text message).
    case bounced
    /// The person called it unwanted; changes consent, not the status.
    case complained

    /// Whether it comes from outside and may be late, repeated or out of order.
    public var isFromProvider: Bool {
        switch self {
        case .sent, .delivered, .opened, .clicked, .bounced, .complained: true
        default: false
        }
    }
}

/// Facts with a time of their own; each is kept as the earliest time at which it was known.
public struct StatusStamps: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let sentAt = StatusStamps(rawValue: 1)
    public static let deliveredAt = StatusStamps(rawValue: 2)
    public static let openedAt = StatusStamps(rawValue: 4)
    public static let clickedAt = StatusStamps(rawValue: 8)
    public static let failedAt = StatusStamps(rawValue: 16)
}

/// What an event does to a communication.
public struct StatusChange: Sendable, Hashable {
    public var status: CommunicationStatus
    /// False when the event has no place in the current status: a cancel that comes too late, a retry of what did not fail.
    public var accepted: Bool
    /// The times to set to the event's own time where they are empty or later.
    public var stamps: StatusStamps

    public init(status: CommunicationStatus, accepted: Bool, stamps: StatusStamps = []) {
        self.status = status
        self.accepted = accepted
        self.stamps = stamps
    }
}

/// The one place that says how a status may change (promise P6).
///
/// Provider events form a join-semilattice: `sent` < `delivered` < `opened` < `clicked` < `bounced`, and an event moves the status to the
/// greater of the two. The final status is therefore the greatest event of all that ever came, in whatever order and however often.
/// `bounced` has to be the greatest: it is an end, which a later `delivered` must not leave, so an earlier one must not prevent it either.
/// A message that a provider took is `bounced` when it says later that it could not be delivered, on every channel; `failed` is ours alone
/// (all attempts used up), which keeps the two ends from competing.
///
/// `failed`, `suppressed` and `cancelled` are left by no provider event, and only `failed` by `retried`, with which the caller clears the
/// time of the failure. Times are facts and recorded in every status; as the earliest one is kept, they do not depend on the order either.
///
/// Hand in a `bounced` only if it is about the current attempt: a bounce of the channel before says nothing about the one that follows.
public enum StatusMachine {
    public static func apply(_ event: StatusEvent, to status: CommunicationStatus) -> StatusChange {
        event.isFromProvider ? applyProvider(event, to: status) : applyOwn(event, to: status)
    }

    /// Whether nothing but a person's `retried` (from `failed`) or a further provider event can change it.
    public static func isSettled(_ status: CommunicationStatus) -> Bool {
        switch status {
        case .pending, .queued, .sending: false
        case .sent, .delivered, .opened, .clicked, .failed, .bounced, .suppressed, .cancelled: true
        }
    }

    private static func applyOwn(_ event: StatusEvent, to status: CommunicationStatus) -> StatusChange {
        switch (event, status) {
        case (.due, .pending), (.due, .queued), (.released, .sending), (.released, .queued):
            StatusChange(status: .queued, accepted: true)
        case (.claimed, .pending), (.claimed, .queued):
            StatusChange(status: .sending, accepted: true)
        case (.deferred, .pending), (.deferred, .queued), (.deferred, .sending), (.retryScheduled, .sending):
            StatusChange(status: .pending, accepted: true)
        case (.failed, .pending), (.failed, .queued), (.failed, .sending):
            StatusChange(status: .failed, accepted: true, stamps: .failedAt)
        case (.suppressed, .pending), (.suppressed, .queued), (.suppressed, .sending):
            StatusChange(status: .suppressed, accepted: true)
        case (.cancelled, .pending), (.cancelled, .queued):
            StatusChange(status: .cancelled, accepted: true)
        case (.retried, .failed):
            StatusChange(status: .queued, accepted: true)
        default:
            StatusChange(status: status, accepted: false)
        }
    }

    private static func applyProvider(_ event: StatusEvent, to status: CommunicationStatus) -> StatusChange {
        let target: CommunicationStatus
        let stamps: StatusStamps
        switch event {
        // Who opened it must have received it, although plain e-mail never reports the delivery itself.
        case .clicked: (target, stamps) = (.clicked, [.sentAt, .deliveredAt, .openedAt, .clickedAt])
        case .opened: (target, stamps) = (.opened, [.sentAt, .deliveredAt, .openedAt])
        case .delivered: (target, stamps) = (.delivered, [.sentAt, .deliveredAt])
        case .sent: (target, stamps) = (.sent, .sentAt)
        case .bounced: (target, stamps) = (.bounced, .failedAt)
        default: return StatusChange(status: status, accepted: true)
        }
        guard let held = rank(status), let reached = rank(target) else {
            return StatusChange(status: status, accepted: true, stamps: stamps)
        }
        return StatusChange(status: reached > held ? target : status, accepted: true, stamps: stamps)
    }

    /// Its height in the lattice; nil for the ends that provider events do not touch.
    private static func rank(_ status: CommunicationStatus) -> Int? {
        switch status {
        case .pending, .queued, .sending: 0
        case .sent: 1
        case .delivered: 2
        case .opened: 3
        case .clicked: 4
        case .bounced: 5
        case .failed, .suppressed, .cancelled: nil
        }
    }
}
