import Core

/// Limits on guessing, for all instances together.
extension Transaction {
    /// Counts a try as failed before it is looked at, so that many at once can not all be the last free one.
    ///
    /// - Returns: nil when the try may go on; else when the next one may. `began` says whether this try was the one that begins a wait.
    public func beginSignInAttempt(_ limits: [SignInLimit]) throws -> (lockedUntil: Timestamp?, began: Bool) {
        var counted: [(limit: SignInLimit, failures: Int)] = []
        var lockedUntil: Timestamp?
        // In one order everywhere, so that two tries never wait for each other.
        for limit in limits.sorted(by: { $0.subject.lexicographicallyPrecedes($1.subject) }) {
            try execute(
                """
                INSERT INTO crm_sign_in_attempts (subject, failures, last_failed_at) VALUES (\(limit.subject), 0, \(now))
                ON CONFLICT (subject) DO NOTHING
                """)
            let rows = try run(
                "SELECT failures, last_failed_at, locked_until FROM crm_sign_in_attempts WHERE subject = \(limit.subject) \(dialect.forUpdate)"
            )
            guard let row = rows.first else { continue }
            if let end = try row.timeOrNil(2), end > now { lockedUntil = max(lockedUntil ?? end, end) }
            let isForgotten = try row.time(1).adding(seconds: SignInLimit.memorySeconds) <= now
            counted.append((limit, isForgotten ? 0 : try row.int(0)))
        }
        if let lockedUntil { return (lockedUntil, false) }
        var began = false
        for (limit, before) in counted {
            let failures = before + 1
            let delay = limit.delay(failures: failures)
            if delay > 0, limit.delay(failures: before) == 0 { began = true }
            let end: Timestamp? = delay > 0 ? now.adding(seconds: delay) : nil
            try execute(
                """
                UPDATE crm_sign_in_attempts SET failures = \(failures), last_failed_at = \(now), locked_until = \(end)
                WHERE subject = \(limit.subject)
                """)
        }
        return (nil, began)
    }

    /// The try was right after all.
    public func endSignInAttempt(_ limits: [SignInLimit]) throws {
        for limit in limits.sorted(by: { $0.subject.lexicographicallyPrecedes($1.subject) }) {
            if limit.isForgottenOnSuccess {
                try execute("DELETE FROM crm_sign_in_attempts WHERE subject = \(limit.subject)")
            } else {
                try execute(
                    """
                    UPDATE crm_sign_in_attempts SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END, locked_until = NULL
                    WHERE subject = \(limit.subject)
                    """)
            }
        }
    }
}
