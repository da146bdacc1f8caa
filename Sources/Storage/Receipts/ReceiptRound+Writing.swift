import Core

extension ReceiptRound {
    /// Writes what differs from what was read.
    mutating func write() throws {
        try giveMembersTheirOwnRows()
        try writeSubjects()
        try writeRows()
        try writeMessages()
        try writeLog()
        try writeUnmatched()
        for reached in summary.reached { try emit(reached) }
    }

    private func emit(_ reached: ReceiptSummary.Reached) throws {
        let type: OutgoingEventType
        switch reached.status {
        case .sent: type = .sent
        case .delivered: type = .delivered
        case .opened: type = .opened
        case .clicked: type = .clicked
        case .bounced: type = .bounced
        case .pending, .queued, .sending, .failed, .suppressed, .cancelled: return
        }
        var data: [UInt8] = []
        if reached.status == .bounced, let fields = subjects[reached.communication]?.fields {
            var json = JSONWriter(capacity: 128)
            json.object { json in
                json.member("reason", fields.errorMessage)
                json.member("error_category", fields.errorCategory)
            }
            data = json.bytes
        }
        try tx.emit(
            OutgoingEvent(
                type: type, clientID: reached.clientID, communication: reached.communication, at: reached.at, data: data),
            business: reached.business)
    }

    /// A member waits in its leader's row. Where the leader has none, the member would wait for ever.
    private mutating func giveMembersTheirOwnRows() throws {
        for (id, subject) in subjects where subject.isOpen && subject.holder != id && subject.fields != subject.stored {
            guard rows[subject.holder] == nil else { continue }
            subjects[id]?.fields.batch = nil
            rows[id] = ReceiptQueueRow(
                channel: subject.fields.channel, attempt: 0, isLeased: false, due: subject.fields.scheduledFor)
        }
    }

    private func writeSubjects() throws {
        var changed = RowSet(
            (name: "id", kind: .uuid), (name: "channel", kind: .text), (name: "fallbacks", kind: .text), (name: "status", kind: .text),
            (name: "sent", kind: .time), (name: "delivered", kind: .time), (name: "opened", kind: .time), (name: "clicked", kind: .time),
            (name: "failed", kind: .time), (name: "message", kind: .text), (name: "category", kind: .text),
            (name: "scheduled", kind: .time), (name: "retries", kind: .int), (name: "batch", kind: .uuid))
        for subject in subjects.values where subject.fields != subject.stored {
            let fields = subject.fields
            changed.append(
                .uuid(subject.id), .text(fields.channel.rawValue), .text(fields.fallbacks.joined), .text(fields.status.rawValue),
                .optional(fields.sentAt), .optional(fields.deliveredAt), .optional(fields.openedAt), .optional(fields.clickedAt),
                .optional(fields.failedAt), .optional(fields.errorMessage), .optional(fields.errorCategory), .time(fields.scheduledFor),
                .int(Int64(fields.retries)), .optional(fields.batch))
        }
        guard !changed.isEmpty else { return }
        try tx.execute(
            """
            UPDATE crm_communications AS c SET channel = u.channel, fallback_channels = u.fallbacks, status = u.status, sent_at = u.sent,
                delivered_at = u.delivered, opened_at = u.opened, clicked_at = u.clicked, failed_at = u.failed,
                error_message = u.message, error_category = u.category, scheduled_for = u.scheduled, retry_count = u.retries,
                batch_id = u.batch
            FROM \(changed.table(tx.dialect)) AS u WHERE c.communication_id = u.id
            """)
    }

    private func writeRows() throws {
        for (id, row) in storedRows where rows[id] == nil && !row.isBusy {
            try tx.execute("DELETE FROM crm_delivery_queue WHERE communication_id = \(id)")
        }
        for (id, row) in rows where row != storedRows[id] {
            guard let subject = subjects[id] else { continue }
            try tx.execute(
                """
                INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at, attempt)
                VALUES (\(id), \(subject.business), \(subject.clientID), \(row.channel), \(subject.priority), \(row.due.milliseconds),
                    \(row.attempt))
                ON CONFLICT (communication_id) DO UPDATE SET channel = excluded.channel, due_at = excluded.due_at,
                    attempt = excluded.attempt, lease_token = NULL, leased_at = NULL, unknown_since = NULL, rate_limited = 0,
                    takeovers = 0
                """)
            tx.leavesDueRows(at: row.due)
        }
    }

    private func writeMessages() throws {
        for message in newMessages {
            try tx.execute(
                """
                INSERT INTO crm_provider_messages (provider, provider_message_id, communication_id, business_id, client_id, channel, attempt,
                    sequence)
                SELECT \(message.provider), \(message.messageID), communication_id, business_id, client_id, \(message.channel),
                    \(message.attempt), \(message.sequence)
                FROM crm_communications WHERE communication_id = \(message.communication)
                ON CONFLICT (provider_message_id, provider, communication_id) DO NOTHING
                """)
        }
        for deadline in deadlines { try tx.execute(deadline.insertion) }
    }

    private func writeLog() throws {
        var entries = RowSet(
            (name: "id", kind: .uuid), (name: "number", kind: .int), (name: "type", kind: .text), (name: "at", kind: .time),
            (name: "channel", kind: .text), (name: "attempt", kind: .int), (name: "word", kind: .text), (name: "provider", kind: .text),
            (name: "message", kind: .text), (name: "details", kind: .text))
        for entry in log {
            entries.append(
                .uuid(entry.communication), .int(LogSequence.shared.next(at: tx.now)), .text(entry.type), .time(entry.at),
                .text(entry.channel.rawValue), .optional(entry.attempt), .optional(entry.word), .optional(entry.provider),
                .optional(entry.messageID), .optional(entry.details))
        }
        guard !entries.isEmpty else { return }
        try tx.execute(
            """
            INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, attempt, delivery_status,
                provider, provider_message_id, error_details)
            SELECT u.id, u.number, u.type, u.at, u.channel, u.attempt, u.word, u.provider, u.message, u.details
            FROM \(entries.table(tx.dialect)) AS u
            """)
    }

    private mutating func writeUnmatched() throws {
        summary.kept += unmatched.count
        if !done.isEmpty {
            var ids = RowSet((name: "id", kind: .uuid))
            for id in done { ids.append(.uuid(id)) }
            try tx.execute(
                "DELETE FROM crm_unmatched_events WHERE event_id IN (SELECT u.id FROM \(ids.table(tx.dialect)) AS u)")
        }
        guard !unmatched.isEmpty else { return }
        var kept = RowSet(
            (name: "id", kind: .uuid), (name: "provider", kind: .text), (name: "message", kind: .text), (name: "word", kind: .text),
            (name: "event", kind: .text), (name: "at", kind: .int), (name: "reference", kind: .uuid), (name: "category", kind: .text),
            (name: "code", kind: .int), (name: "said", kind: .text), (name: "consequence", kind: .text))
        for report in unmatched {
            kept.append(
                .uuid(UUIDv7(at: tx.now)), .text(report.provider), .text(report.messageID), .text(report.word),
                .optional(report.told?.rawValue), report.at.map { .int($0.milliseconds) } ?? .null, .optional(report.reference),
                .optional(report.failure?.category.rawValue), .optional(report.failure?.code), .optional(report.failure?.message),
                .optional(report.failure?.consequence?.rawValue))
        }
        // Repetitions are bounded: whoever replays one signed request fills no disk.
        try tx.execute(
            """
            INSERT INTO crm_unmatched_events (event_id, provider, provider_message_id, word, event, happened_at, reference,
                failure_category, failure_code, failure_message, failure_consequence, received_at)
            SELECT u.id, u.provider, u.message, u.word, u.event, u.at, u.reference, u.category, u.code, u.said, u.consequence,
                \(tx.now.milliseconds)
            FROM \(kept.table(tx.dialect)) AS u
            WHERE (SELECT COUNT(*) FROM crm_unmatched_events x WHERE x.provider_message_id = u.message AND x.word = u.word)
                < \(Self.repeatsKept)
            """)
    }
}
