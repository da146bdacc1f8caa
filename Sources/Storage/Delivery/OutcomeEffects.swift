import Core

/// What the end of an attempt changes, as statements that hold on both engines. The caller has made sure that the
/// attempt's lease is still ours.
struct OutcomeEffects {
    let outcome: AttemptOutcome
    let now: Timestamp

    /// Not `IN`: SQLite builds a b-tree for a list of more than two.
    private static let unfinished: SQL = "(status = 'pending' OR status = 'queued' OR status = 'sending')"

    /// - Parameter emit: runs one statement, or queues it for the round's pipeline.
    func write(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        try writeQueue(emit)
        try writeCommunication(outcome.id, isMember: false, emit)
        try writeEvents(outcome.id, emit)
        for member in outcome.members {
            try writeCommunication(member, isMember: true, emit)
            try writeEvents(member, emit)
        }
        switch outcome.result {
        case .sent: try writeReceiptRows(emit)
        case .retry, .fallback, .released: try emit(dropSettled())
        case .failed, .bounced, .suppressed: break
        }
    }

    /// A receipt has settled the communication while the attempt was on its way: there is nothing to repeat.
    private func dropSettled() -> SQL {
        """
        DELETE FROM crm_delivery_queue WHERE communication_id = \(outcome.id) AND NOT EXISTS
            (SELECT 1 FROM crm_communications c WHERE c.communication_id = \(outcome.id) AND \(Self.unfinished))
        """
    }

    /// The events of messages that the attempt ended. To be written after ``write(_:)``.
    ///
    /// - Returns: whether there are any.
    func writeOutgoing(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) -> Bool {
        var event: StatusAnnouncement
        switch outcome.result {
        case .retry, .fallback, .released: return false
        case .sent: event = StatusAnnouncement(type: .sent, at: outcome.finishedAt, channel: outcome.channel)
        case .failed(let failure, _):
            event = StatusAnnouncement(
                type: .failed, at: outcome.finishedAt, channel: outcome.channel, reason: failure.message, category: failure.category)
        case .bounced(let failure):
            event = StatusAnnouncement(
                type: .bounced, at: outcome.finishedAt, channel: outcome.channel, reason: failure.message, category: failure.category)
        case .suppressed(let step):
            event = StatusAnnouncement(type: .suppressed, at: outcome.finishedAt, channel: outcome.channel, reason: step.because)
        }
        (event.provider, event.sandbox) = (outcome.provider, outcome.sandbox)
        for id in [outcome.id] + outcome.members { try emit(event.insertion(of: id, now: now)) }
        return true
    }

    /// When a row becomes due again; nil when none does.
    var leavesDue: Timestamp? {
        switch outcome.result {
        case .retry(let at, _): at
        case .fallback: now
        case .released(let due): due
        case .sent, .failed, .bounced, .suppressed: nil
        }
    }

    private func writeQueue(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        let id = outcome.id
        switch outcome.result {
        case .retry(let at, let failure):
            let isLimit = failure.category == ErrorCategory.rateLimit.rawValue
            try emit(
                """
                UPDATE crm_delivery_queue SET due_at = \(at.milliseconds), lease_token = NULL, leased_at = NULL, takeovers = 0,
                    rate_limited = rate_limited + \(isLimit ? 1 : 0)
                WHERE communication_id = \(id)
                """)
            guard failure.category == AttemptFailure.unknown else { break }
            try emit(
                """
                UPDATE crm_delivery_queue SET unknown_since = \(outcome.startedAt.milliseconds)
                WHERE communication_id = \(id) AND unknown_since IS NULL
                """)
        case .fallback(let channel, _, _):
            try emit(
                """
                UPDATE crm_delivery_queue SET channel = \(channel), due_at = \(now.milliseconds), attempt = 0, lease_token = NULL,
                    leased_at = NULL, unknown_since = NULL, rate_limited = 0, takeovers = 0
                WHERE communication_id = \(id)
                """)
        case .released(let due):
            try emit(
                """
                UPDATE crm_delivery_queue SET due_at = \(due.milliseconds), lease_token = NULL, leased_at = NULL,
                    attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 END, takeovers = 0
                WHERE communication_id = \(id)
                """)
        case .sent, .failed, .bounced, .suppressed:
            try emit("DELETE FROM crm_delivery_queue WHERE communication_id = \(id)")
        }
    }

    private func writeCommunication(_ id: CommunicationID, isMember: Bool, _ emit: (SQL) throws(DatabaseError) -> Void)
        throws(DatabaseError)
    {
        let open = Self.unfinished
        switch outcome.result {
        case .sent:
            // A provider's event may have come before this record: never back from `delivered`.
            try emit(
                """
                UPDATE crm_communications SET status = CASE WHEN \(open) THEN 'sent' ELSE status END,
                    sent_at = COALESCE(sent_at, \(outcome.finishedAt)), sandbox = \(outcome.sandbox), channel = \(outcome.channel)
                WHERE communication_id = \(id)
                """)
        case .retry(let at, _):
            try emit(
                """
                UPDATE crm_communications SET status = 'pending', retry_count = retry_count + 1, scheduled_for = \(at)
                WHERE communication_id = \(id) AND \(open)
                """)
        case .fallback(let channel, let remaining, _):
            try emit(
                """
                UPDATE crm_communications SET status = 'queued', channel = \(channel), fallback_channels = \(remaining.joined)
                WHERE communication_id = \(id) AND \(open)
                """)
        case .released(let due):
            try emit(
                """
                UPDATE crm_communications SET status = 'queued', scheduled_for = \(due)
                WHERE communication_id = \(id) AND \(open)
                """)
        case .failed(let failure, let needsReview):
            try emit(end("failed", id, failure.message, failure.category, failedAt: outcome.finishedAt, needsReview: needsReview))
        case .bounced(let failure):
            try emit(end("bounced", id, failure.message, failure.category, failedAt: outcome.finishedAt, needsReview: false))
        case .suppressed(let step):
            try emit(end("suppressed", id, step.because, nil, failedAt: nil, needsReview: false))
        }
    }

    private func end(
        _ status: String, _ id: CommunicationID, _ message: String, _ category: String?, failedAt: Timestamp?, needsReview: Bool
    ) -> SQL {
        """
        UPDATE crm_communications SET status = \(status), error_message = \(message), error_category = \(category),
            failed_at = \(failedAt), needs_review = \(needsReview), sandbox = \(outcome.sandbox)
        WHERE communication_id = \(id) AND \(Self.unfinished)
        """
    }

    private func writeEvents(_ id: CommunicationID, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        switch outcome.result {
        case .sent(let messageID, let response):
            try emit(event("sent", id, status: "sent", messageID: messageID, response: response))
        case .retry(_, let failure):
            try emit(event("attempt_failed", id, status: failure.category, details: failure.message))
        case .fallback(let channel, _, let failure):
            try emit(event("attempt_failed", id, status: failure.category, details: failure.message))
            try emit(event("fallback", id, status: nil, details: "now \(channel.rawValue)", on: channel))
        case .failed(let failure, _):
            try emit(event("failed", id, status: failure.category, details: failure.message))
        case .bounced(let failure):
            try emit(event("bounced", id, status: failure.category, details: failure.message))
        case .suppressed(let step):
            try emit(event("suppressed", id, status: step.rule, details: step.because))
        case .released:
            break
        }
    }

    /// The one event that is kept of an attempt whose lease a successor took over.
    func lateEvent() -> SQL {
        let (said, category, details): (String, String?, String?) =
            switch outcome.result {
            case .sent(let messageID, _): ("sent", nil, messageID)
            case .retry(_, let failure), .fallback(_, _, let failure): ("attempt_failed", failure.category, failure.message)
            case .failed(let failure, _): ("failed", failure.category, failure.message)
            case .bounced(let failure): ("bounced", failure.category, failure.message)
            case .suppressed(let step): ("suppressed", step.rule, step.because)
            case .released: ("released", nil, nil)
            }
        // Selected from the communication, which may have been erased meanwhile.
        return """
            INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, attempt, started_at,
                delivery_status, provider, error_details)
            SELECT communication_id, \(LogSequence.shared.next(at: now)), 'late_outcome', \(outcome.finishedAt), \(outcome.channel),
                \(outcome.attempt), \(outcome.startedAt), \(said), \(outcome.provider),
                \([category, details].compactMap { $0 }.joined(separator: ": "))
            FROM crm_communications WHERE communication_id = \(outcome.id)
            """
    }

    private func event(
        _ type: String, _ id: CommunicationID, status: String?, messageID: String? = nil, response: String? = nil, details: String? = nil,
        on channel: Channel? = nil
    ) -> SQL {
        """
        INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, attempt, started_at, delivery_status,
            provider, provider_message_id, provider_response, error_details)
        VALUES (\(id), \(LogSequence.shared.next(at: now)), \(type), \(outcome.finishedAt), \(channel ?? outcome.channel), \(outcome.attempt),
            \(outcome.startedAt), \(status), \(outcome.provider), \(messageID), \(json: response.map(JSONText.string)), \(details))
        """
    }
}

/// JSON text of the few values that the store itself writes.
enum JSONText {
    static func string(_ text: String) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        out.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                out.append(UInt8(ascii: "\\"))
                out.append(byte)
            case 0..<0x20:
                out.append(contentsOf: Array("\\u00".utf8))
                out.append(byte >> 4 + UInt8(ascii: "0"))
                out.append(byte & 15 < 10 ? byte & 15 + UInt8(ascii: "0") : byte & 15 - 10 + UInt8(ascii: "a"))
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
        return out
    }
}

extension [Channel] {
    /// `sms,email`, as the columns hold lists of channels.
    var joined: String {
        map(\.rawValue).joined(separator: ",")
    }

    init(joined text: String) {
        self = text.split(separator: ",").compactMap { Channel(rawValue: String($0)) }
    }
}
