import Core

/// What came of a request to cancel.
public enum CancelResult: Sendable, Hashable {
    case cancelled
    case notFound
    /// An attempt has begun, or it has ended.
    case tooLate(CommunicationStatus)
}

/// What came of a request to try a failed communication again.
public enum RetryResult: Sendable, Hashable {
    case queued
    case notFound
    /// Only `failed` ones are tried again.
    case notFailed(CommunicationStatus)
}

/// A person's or a caller's hand on one communication; race-free against claims on both engines.
///
/// Locks are taken in one order everywhere: the batch may be waited for, a queue row never is.
public enum CommunicationControl {
    /// Takes a communication out before its attempt begins. The next member of its batch leads on.
    public static func cancel(_ id: CommunicationID, business: BusinessID, _ tx: Transaction) throws(DatabaseError) -> CancelResult {
        guard
            let found = try tx.run(
                "SELECT status, batch_id FROM crm_communications WHERE communication_id = \(id) AND business_id = \(business)"
            ).first
        else { return .notFound }
        let batch = try found.uuidOrNil(1)
        if let batch {
            try tx.run("SELECT leader_id FROM crm_batches WHERE batch_id = \(batch) \(tx.dialect.forUpdate)")
        }
        let queued = try tx.run(
            """
            SELECT channel, priority, due_at FROM crm_delivery_queue
            WHERE communication_id = \(id) AND lease_token IS NULL \(tx.dialect.forUpdateSkipLocked)
            """
        ).first
        // Without a row of its own it is a batch's member (its leader has the row), leased, or being claimed right now.
        if queued == nil, try !isWaitingMember(id, batch, tx) { return .tooLate(try status(of: id, tx)) }
        let changed = try tx.execute(
            """
            UPDATE crm_communications SET status = 'cancelled'
            WHERE communication_id = \(id) AND status IN ('pending', 'queued')
            """)
        guard changed == 1 else { return .tooLate(try status(of: id, tx)) }
        if queued != nil { try tx.execute("DELETE FROM crm_delivery_queue WHERE communication_id = \(id)") }
        if let batch { try leave(batch, id, place: queued, tx) }
        try DeliveryLog.append("cancelled", id, tx)
        return .cancelled
    }

    /// Queues a failed communication again, from its first attempt on.
    public static func retryFailed(_ id: CommunicationID, business: BusinessID, due: Timestamp, _ tx: Transaction) throws(DatabaseError)
        -> RetryResult
    {
        guard
            let row = try tx.run(
                """
                SELECT status, client_id, channel, urgency FROM crm_communications
                WHERE communication_id = \(id) AND business_id = \(business) \(tx.dialect.forUpdate)
                """
            ).first
        else { return .notFound }
        let status = try row.status(0)
        guard status == .failed else { return .notFailed(status) }
        let channel = try row.channel(2)
        let priority = (Urgency(rawValue: try row.text(3)) ?? .normal).priority
        // It leaves its batch: two members that are tried again would each take the other along.
        try tx.execute(
            """
            UPDATE crm_communications SET status = 'queued', batch_id = NULL, scheduled_for = \(due), failed_at = NULL, error_message = NULL,
                error_category = NULL, needs_review = \(false), retry_count = 0
            WHERE communication_id = \(id)
            """)
        try tx.execute(
            """
            INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at, attempt)
            VALUES (\(id), \(business), \(try row.text(1)), \(channel), \(priority), \(due.milliseconds), 0)
            """)
        try DeliveryLog.append("retried", id, channel: channel, tx)
        tx.leavesDueRows(at: due)
        return .queued
    }

    private static func status(of id: CommunicationID, _ tx: Transaction) throws(DatabaseError) -> CommunicationStatus {
        guard let row = try tx.run("SELECT status FROM crm_communications WHERE communication_id = \(id)").first else {
            return .cancelled
        }
        let status = try row.status(0)
        // Claimed by a transaction that has not committed yet: to the caller it is on its way.
        return status == .pending || status == .queued ? .sending : status
    }

    private static func isWaitingMember(_ id: CommunicationID, _ batch: UUIDv7?, _ tx: Transaction) throws(DatabaseError) -> Bool {
        guard let batch else { return false }
        let leaders = try tx.run("SELECT leader_id FROM crm_batches WHERE batch_id = \(batch)")
        guard let leader = try leaders.first?.uuid(0) else { return false }
        return leader != id
    }

    /// Takes `id` out of its batch; when it led, the oldest waiting member takes its place in the queue.
    private static func leave(_ batch: UUIDv7, _ id: CommunicationID, place: Row?, _ tx: Transaction) throws(DatabaseError) {
        try tx.execute("UPDATE crm_communications SET batch_id = NULL WHERE communication_id = \(id)")
        try tx.execute("UPDATE crm_batches SET member_count = member_count - 1 WHERE batch_id = \(batch)")
        guard let place else { return }
        let heir = try tx.run(
            """
            SELECT communication_id, business_id, client_id FROM crm_communications
            WHERE batch_id = \(batch) AND status IN ('pending', 'queued') ORDER BY communication_id LIMIT 1 \(tx.dialect.forUpdate)
            """
        ).first
        guard let heir else {
            try tx.execute("DELETE FROM crm_batches WHERE batch_id = \(batch)")
            return
        }
        let leader = try heir.uuid(0)
        try tx.execute("UPDATE crm_batches SET leader_id = \(leader) WHERE batch_id = \(batch)")
        try tx.execute(
            """
            INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at, attempt)
            VALUES (\(leader), \(try heir.uuid(1)), \(try heir.text(2)), \(try place.text(0)), \(try place.int(1)), \(try place.int64(2)), 0)
            """)
    }
}
