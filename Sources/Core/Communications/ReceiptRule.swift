/// What a provider's word, or its silence, means for a communication that a provider has taken.
public enum ReceiptEvent: Sendable, Hashable {
    /// The provider reports it.
    case told(StatusEvent)
    /// No word of delivery came within the time that the request or its message type sets.
    case overdue
}

/// What the rule looks at.
public struct ReceiptState: Sendable, Hashable {
    /// Which of the communication's messages the event is about. A communication has one for each attempt that a provider took.
    public enum Message: Sendable, Hashable, CaseIterable {
        /// The newest that was recorded as sent.
        case newest
        /// One before it.
        case earlier
        /// One of which the provider tells, while nobody recorded that it took it: the attempt's outcome is, or soon was, unknown.
        case unrecorded
    }

    /// What the queue holds for the communication.
    public enum Queue: Sendable, Hashable, CaseIterable {
        case empty
        /// The next attempt on this message's channel waits; none has begun since.
        case retryWaits
        /// The first attempt on another channel waits; none has begun since.
        case fallbackWaits
        /// Something waits, and an attempt has begun since this message.
        case laterWaits
        /// An attempt after this message is on its way.
        case running
        /// The attempt that made this message is on its way still: its end is not recorded yet.
        case ownRunning
        /// Somebody is changing it at this moment.
        case busy
    }

    public var status: CommunicationStatus
    public var message: Message
    public var queue: Queue
    /// For a failure: when the same channel may be tried again; nil when its retries are used up or would not help.
    public var retryAt: Timestamp?
    /// The next channel that may be used.
    public var fallback: Channel?

    public init(
        status: CommunicationStatus, message: Message, queue: Queue, retryAt: Timestamp? = nil, fallback: Channel? = nil
    ) {
        self.status = status
        self.message = message
        self.queue = queue
        self.retryAt = retryAt
        self.fallback = fallback
    }
}

/// What a receipt changes.
public struct ReceiptDecision: Sendable, Hashable {
    /// What becomes of the message in the queue.
    public enum Step: Sendable, Hashable {
        /// The queue stays as it is.
        case none
        /// What waits in the queue is not needed any more.
        case cancelWaiting
        /// The same channel again.
        case retry(at: Timestamp)
        /// On to this channel at once, once.
        case fallback(Channel)
        /// It can not be decided before the attempt on its way is recorded: keep the event and ask again.
        case later
    }

    public var status: CommunicationStatus
    public var stamps: StatusStamps
    public var step: Step

    public init(status: CommunicationStatus, stamps: StatusStamps = [], step: Step = .none) {
        self.status = status
        self.stamps = stamps
        self.step = step
    }
}

/// Routing by outcome: what happens when a provider tells, after it took a message, what became of it (promises P6 and P7).
///
/// As long as no further attempt has begun, the end does not depend on the order in which a set of events comes, nor on repetitions:
/// - A word that it arrived is a fact about any of the messages: the status moves up, and what has not begun is cancelled.
/// - A failure counts for the newest message only, until the attempt after it has begun. What could still be tried (`retryAt`,
///   `fallback`) is tried once; a message that arrived already needs no second way. Where nothing could be tried the failure is the
///   end, `bounced`, before and after any other word, as ``StatusMachine`` has it.
/// - `sent` is no news about a message that was recorded as sent. It is about one whose outcome nobody knew: then it is not repeated.
public enum ReceiptRule {
    /// Pure: the same receipt and state always give the same decision.
    public static func decide(_ event: ReceiptEvent, _ state: ReceiptState) -> ReceiptDecision {
        switch event {
        case .told(.delivered), .told(.opened), .told(.clicked): arrived(event, state)
        case .told(.sent): taken(state)
        case .told(.bounced): failed(state)
        case .overdue: overdue(state)
        case .told: ReceiptDecision(status: state.status)
        }
    }

    private static func arrived(_ event: ReceiptEvent, _ state: ReceiptState) -> ReceiptDecision {
        guard case .told(let event) = event else { return ReceiptDecision(status: state.status) }
        let change = StatusMachine.apply(event, to: state.status)
        return ReceiptDecision(status: change.status, stamps: change.stamps, step: state.waits ? .cancelWaiting : .none)
    }

    private static func taken(_ state: ReceiptState) -> ReceiptDecision {
        guard state.message == .unrecorded || state.queue == .ownRunning else {
            return ReceiptDecision(status: state.status, stamps: .sentAt)
        }
        let change = StatusMachine.apply(.sent, to: state.status)
        return ReceiptDecision(status: change.status, stamps: change.stamps, step: state.waits ? .cancelWaiting : .none)
    }

    private static func failed(_ state: ReceiptState) -> ReceiptDecision {
        let unchanged = ReceiptDecision(status: state.status)
        switch state.status {
        case .failed, .suppressed, .cancelled: return unchanged
        case .bounced: return ReceiptDecision(status: .bounced, stamps: .failedAt)
        default: break
        }
        guard state.message != .earlier else { return unchanged }
        switch state.queue {
        case .ownRunning, .busy: return ReceiptDecision(status: state.status, step: .later)
        // The failure was seen already and something was begun about it.
        case .fallbackWaits, .laterWaits, .running: return unchanged
        case .empty, .retryWaits: break
        }
        guard state.retryAt != nil || state.fallback != nil else {
            return ReceiptDecision(status: .bounced, stamps: .failedAt, step: state.waits ? .cancelWaiting : .none)
        }
        if hasArrived(state.status) { return unchanged }
        if let retryAt = state.retryAt {
            return state.queue == .retryWaits ? unchanged : ReceiptDecision(status: .pending, step: .retry(at: retryAt))
        }
        guard let fallback = state.fallback else { return unchanged }
        return ReceiptDecision(status: .queued, step: .fallback(fallback))
    }

    private static func overdue(_ state: ReceiptState) -> ReceiptDecision {
        // A retry that has not begun would come after the time that the message was given.
        let isWaitedFor = state.status == .sent && state.queue == .empty || state.queue == .retryWaits && state.waits
        guard isWaitedFor, state.message == .newest, let fallback = state.fallback else { return ReceiptDecision(status: state.status) }
        return ReceiptDecision(status: .queued, step: .fallback(fallback))
    }

    private static func hasArrived(_ status: CommunicationStatus) -> Bool {
        switch status {
        case .delivered, .opened, .clicked: true
        default: false
        }
    }
}

extension ReceiptState {
    /// Something waits that has not begun.
    fileprivate var waits: Bool {
        switch queue {
        case .retryWaits, .fallbackWaits, .laterWaits: status == .pending || status == .queued || status == .sending
        case .empty, .running, .ownRunning, .busy: false
        }
    }
}

extension ReceiptRule {
    /// The first of the channels that the client's consent and addresses allow.
    public static func nextChannel(
        of fallbacks: [Channel], category: MessageCategory, reachable: ChannelSet, optOuts: ChannelSet, suppressed: ChannelSet,
        marketingAllowed: ChannelSet = .all
    ) -> Channel? {
        let consent = ChannelConsent(
            category: category, reachable: reachable, optOuts: optOuts, suppressed: suppressed, marketingAllowed: marketingAllowed)
        return fallbacks.first(where: consent.allows)
    }
}
