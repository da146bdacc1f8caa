import Core

/// What became of an attempt to use an idempotency key.
public enum IdempotencyReservation: Sendable, Hashable {
    /// The key is this request's; `at` proves it when the answer is stored.
    case reserved(at: Timestamp)
    /// Same key, same body: the first answer once more.
    case replay(statusCode: Int, answer: [UInt8])
    /// Same key, other body.
    case keyReused
    /// The first request with this key is still running.
    case keyInUse
}

/// Idempotency keys of the routes that write. (Accepting communications keeps its keys inside the accepting transaction.)
extension Transaction {
    /// Keys are kept for seven days.
    public static let idempotencyKeyLifetimeSeconds: Int64 = 7 * 86_400

    /// Claims a key before the work begins, in a transaction of its own, so that others see it at once.
    ///
    /// - Parameter clientID: whose data the answer will hold, if anybody's: it goes when they are erased.
    /// - Parameter abandonedBefore: a reservation older than this without an answer belonged to a process that died; it is taken over.
    public func reserveIdempotencyKey(
        _ claim: IdempotencyClaim, business: BusinessID, clientID: ClientID? = nil, abandonedBefore: Timestamp
    ) throws -> IdempotencyReservation {
        let expired = now.adding(seconds: -Self.idempotencyKeyLifetimeSeconds)
        try execute(
            """
            DELETE FROM crm_idempotency_records
            WHERE business_id = \(business) AND route = \(claim.route) AND idempotency_key = \(claim.key) AND created_at < \(expired)
            """)
        let inserted =
            try execute(
                """
                INSERT INTO crm_idempotency_records (business_id, route, idempotency_key, fingerprint, client_id, created_at)
                VALUES (\(business), \(claim.route), \(claim.key), \(claim.fingerprint), \(clientID?.text), \(now))
                ON CONFLICT (business_id, route, idempotency_key) DO NOTHING
                """) > 0
        if inserted { return .reserved(at: now) }

        guard
            let row = try run(
                """
                SELECT fingerprint, status_code, answer, created_at FROM crm_idempotency_records
                WHERE business_id = \(business) AND route = \(claim.route) AND idempotency_key = \(claim.key)
                """
            ).first
        else { return .keyInUse }  // Purged between the two statements: whoever comes again finds it free.
        guard try row.bytes(0) == claim.fingerprint else { return .keyReused }
        if let statusCode = try row.intOrNil(1) {
            return .replay(statusCode: statusCode, answer: try row.bytesOrNil(2) ?? [])
        }
        let reservedAt = try row.time(3)
        guard reservedAt < abandonedBefore else { return .keyInUse }
        // Of several that take over, one changes the row it has seen.
        let taken =
            try execute(
                """
                UPDATE crm_idempotency_records SET created_at = \(now)
                WHERE business_id = \(business) AND route = \(claim.route) AND idempotency_key = \(claim.key)
                    AND created_at = \(reservedAt) AND status_code IS NULL
                """) > 0
        return taken ? .reserved(at: now) : .keyInUse
    }

    /// Stores the answer with the key. False: the reservation was taken over meanwhile.
    @discardableResult
    public func completeIdempotencyKey(
        _ claim: IdempotencyClaim, business: BusinessID, reservedAt: Timestamp, statusCode: Int, answer: [UInt8]
    ) throws -> Bool {
        try execute(
            """
            UPDATE crm_idempotency_records SET status_code = \(statusCode), answer = \(answer)
            WHERE business_id = \(business) AND route = \(claim.route) AND idempotency_key = \(claim.key)
                AND created_at = \(reservedAt) AND status_code IS NULL
            """) > 0
    }

    /// Frees a key whose request came to nothing, so that it can be used again.
    public func releaseIdempotencyKey(_ claim: IdempotencyClaim, business: BusinessID, reservedAt: Timestamp) throws {
        try execute(
            """
            DELETE FROM crm_idempotency_records
            WHERE business_id = \(business) AND route = \(claim.route) AND idempotency_key = \(claim.key)
                AND created_at = \(reservedAt) AND status_code IS NULL
            """)
    }

    /// Forgets up to `limit` keys from before `moment`; call until it returns less. Small steps keep other writers waiting shortly.
    public func purgeIdempotencyKeys(before moment: Timestamp, limit: Int = 1000) throws -> Int {
        try execute(
            """
            DELETE FROM crm_idempotency_records
            WHERE (business_id, route, idempotency_key) IN (
                SELECT business_id, route, idempotency_key FROM crm_idempotency_records
                WHERE created_at < \(moment) ORDER BY created_at LIMIT \(limit))
            """)
    }
}
