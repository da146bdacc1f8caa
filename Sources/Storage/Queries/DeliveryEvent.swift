import Core

/// One entry of a communication's log.
public struct DeliveryEvent: Sendable, Hashable {
    public var communication: CommunicationID
    /// Orders events of the same moment.
    public var number: Int64
    /// For example `sent`, `attempt_failed`, `delivered`.
    public var type: String
    public var at: Timestamp
    public var channel: Channel?
    /// 1 for the first attempt on the channel; nil where the event is not about an attempt.
    public var attempt: Int?
    public var startedAt: Timestamp?
    /// The error's category, or the rule that decided.
    public var status: String?
    public var provider: String?
    public var providerMessageID: String?
    /// What the provider said, as JSON.
    public var providerResponse: [UInt8]?
    public var detail: String?
}

/// One try to hand a message to a provider.
public struct DeliveryAttempt: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// On the wire now, or its process died and the lease has not run out yet.
        case running
        case sent
        case failed(category: String?)
        case bounced(category: String?)
        /// Stopped at the last moment by an opt-out or the like.
        case suppressed
        /// The process died before it could record what became of it.
        case unknown
    }

    public var channel: Channel
    public var number: Int
    public var startedAt: Timestamp
    public var finishedAt: Timestamp?
    public var outcome: Outcome
    public var provider: String?
    public var detail: String?
}

extension DeliveryAttempt {
    /// The attempt that an event closes; nil for events that are about something else.
    init?(_ event: DeliveryEvent) {
        guard let channel = event.channel, let number = event.attempt, let startedAt = event.startedAt else { return nil }
        let outcome: Outcome
        switch event.type {
        case "sent": outcome = .sent
        case "attempt_failed", "failed": outcome = .failed(category: event.status)
        case "bounced": outcome = .bounced(category: event.status)
        case "suppressed": outcome = .suppressed
        case "attempt_unknown": outcome = .unknown
        default: return nil
        }
        self.init(
            channel: channel, number: number, startedAt: startedAt, finishedAt: outcome == .unknown ? nil : event.at, outcome: outcome,
            provider: event.provider, detail: event.detail)
    }
}

extension DeliveryEvent {
    static let columns: SQL = """
        e.communication_id, e.log_id, e.event_type, e.event_timestamp, e.channel, e.attempt, e.started_at, e.delivery_status,
        e.provider, e.provider_message_id, e.provider_response, e.error_details
        """

    /// Columns in the order of ``columns``, from `first` on.
    init(row: Row, from first: Int = 0) throws {
        self.init(
            communication: try row.uuid(first), number: try row.int64(first + 1), type: try row.text(first + 2),
            at: try row.time(first + 3), channel: try row.oneOfOrNil(first + 4, as: Channel.self), attempt: try row.intOrNil(first + 5),
            startedAt: try row.timeOrNil(first + 6), status: try row.textOrNil(first + 7), provider: try row.textOrNil(first + 8),
            providerMessageID: try row.textOrNil(first + 9), providerResponse: try row.jsonOrNil(first + 10),
            detail: try row.textOrNil(first + 11))
    }
}
