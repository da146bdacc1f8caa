import Core

/// What an accepted plan writes. Each engine has its own hot statements for the client, the communication, its place in
/// the queue and its idempotency key; what few communications have is the same text for both.
struct AcceptanceEffects {
    let acceptance: Acceptance
    let plan: AcceptancePlan
    let now: Timestamp

    /// The answer's status: 202 Accepted.
    static let statusCode: Int64 = 202

    /// The context for the column that holds it in the clear.
    var plainContext: [UInt8] { acceptance.sealed == nil ? plan.context : Self.emptyContext }
    private static let emptyContext = Array("{}".utf8)

    /// Nil outside a batch.
    var batchID: UUIDv7? {
        switch plan.batch {
        case .none: nil
        case .open(let id, _), .join(let id, _, _, _): id
        }
    }

    var queueRow: (due: Timestamp, attempt: Int64, token: Int64?, leasedAt: Int64?)? {
        switch plan.queue {
        case .none: nil
        case .waiting(let due): (due, 0, nil, nil)
        case .handedOff(let token, let leaseUntil): (leaseUntil, 1, token, now.milliseconds)
        }
    }

    var leavesDue: Timestamp? {
        if case .join(_, _, true, let due) = plan.batch { return due }
        if case .waiting(let due) = plan.queue { return due }
        return nil
    }

    /// What few communications have: attachments, a batch, an end at birth.
    func writeRest(dialect: Dialect, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        for (position, file) in plan.attachments.enumerated() {
            let sealed = acceptance.sealed.flatMap { $0.files.indices.contains(position) ? $0.files[position] : nil }
            try emit(
                """
                INSERT INTO crm_communication_attachments (communication_id, position, filename, content_type, content, link, is_sealed)
                VALUES (\(acceptance.id), \(position), \(sealed?.name ?? SealedValue.plain(file.filename)), \(file.contentType),
                    \(sealed?.content.bytes ?? file.content), \(file.link), \(sealed != nil))
                """)
        }
        if plan.status == .suppressed {
            try emit(
                """
                INSERT INTO crm_delivery_logs (communication_id, log_id, event_type, event_timestamp, channel, error_details)
                VALUES (\(acceptance.id), \(LogSequence.shared.next(at: now)), 'suppressed', \(now), \(plan.channel), \(plan.errorMessage))
                """)
        }
        try writeBatch(dialect, emit)
    }

    /// The event of a message that ended at birth. To be written after the message itself.
    ///
    /// - Returns: whether there is one.
    func writeOutgoing(_ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) -> Bool {
        guard plan.status == .suppressed else { return false }
        let event = StatusAnnouncement(type: .suppressed, at: now, channel: plan.channel, reason: plan.errorMessage)
        try emit(event.insertion(of: acceptance.id, now: now))
        return true
    }

    private func writeBatch(_ dialect: Dialect, _ emit: (SQL) throws(DatabaseError) -> Void) throws(DatabaseError) {
        switch plan.batch {
        case .none: break
        case .open(let id, let closesAt):
            // An older open batch that the plan did not join takes nobody in any more.
            try emit(
                """
                UPDATE crm_batches SET is_open = \(false)
                WHERE business_id = \(acceptance.business) AND client_id = \(acceptance.clientID) AND channel = \(plan.channel)
                    AND is_open = \(true)
                """)
            try emit(
                """
                INSERT INTO crm_batches (batch_id, business_id, client_id, channel, leader_id, member_count, closes_at)
                VALUES (\(id), \(acceptance.business), \(acceptance.clientID), \(plan.channel), \(acceptance.id), 1, \(closesAt))
                """)
        case .join(let id, let leader, let closesNow, let leaderDue):
            try emit(
                "UPDATE crm_batches SET member_count = member_count + 1, is_open = \(!closesNow) WHERE batch_id = \(id)")
            guard closesNow else { break }
            // A row that a claim holds at this moment is due already.
            try emit(
                """
                UPDATE crm_delivery_queue SET due_at = \(leaderDue.milliseconds) WHERE communication_id = (
                    SELECT communication_id FROM crm_delivery_queue
                    WHERE communication_id = \(leader) AND lease_token IS NULL \(dialect.forUpdateSkipLocked))
                """)
            if leaderDue <= now {
                try emit("UPDATE crm_communications SET status = 'queued' WHERE communication_id = \(leader) AND status = 'pending'")
            }
        }
    }
}
