import Core

/// What one step of an erasure came to.
public enum ErasureStep: Sendable {
    /// - Parameter isSwept: nothing was left but what only a closing step removes.
    case more(isSwept: Bool, duration: Duration)
    case finished(ErasureReceipt, duration: Duration)
    /// Another driver holds it at this moment.
    case busy
}

extension Transaction {
    /// Removes up to `budget` rows of the person whom an erasure is about.
    ///
    /// - Parameter closing: also ends the erasure when nothing is left; keeps everybody out who decides about messages to them.
    /// - Returns: nil when there is no such erasure, or it has not begun.
    func stepErasure(_ id: UUIDv7, budget: Int, closing: Bool) throws -> ErasureStep? {
        let begun = ContinuousClock.now
        guard let seen = try run("SELECT business_id, client_id FROM crm_erasures WHERE erasure_id = \(id)").first else { return nil }
        let business = try seen.uuid(0)
        // First of all locks: what comes later in the transaction waits for nobody who waits for this.
        if closing, let client = try seen.textOrNil(1).flatMap(ClientID.init) { try lockConsent(business, client) }
        guard
            let row = try run(
                "SELECT \(ErasureReceipt.columns) FROM crm_erasures e WHERE e.erasure_id = \(id) \(dialect.forUpdateSkipLocked)"
            ).first
        else { return .busy }
        let receipt = try ErasureReceipt(row: row)
        guard receipt.status == .running, let client = receipt.client else {
            return receipt.status == .completed ? .finished(receipt, duration: begun.duration(to: .now)) : nil
        }
        var sweep = PersonSweep(self, client: client, business: business, budget: budget, counts: receipt.counts)
        let isSwept = try sweep.run()
        guard isSwept, closing else {
            try execute(
                """
                UPDATE crm_erasures SET counts = \(json: ErasureReceipt.document(sweep.counts)),
                    lease_until = \(now.adding(seconds: Self.erasureLeaseSeconds).milliseconds)
                WHERE erasure_id = \(id)
                """)
            return .more(isSwept: isSwept, duration: begun.duration(to: .now))
        }
        try sweep.finish(by: receipt.requestedBy)
        try execute(
            """
            UPDATE crm_erasures SET status = \(ErasureStatus.completed.rawValue), client_id = NULL, finished_at = \(now), lease_until = NULL,
                counts = \(json: ErasureReceipt.document(sweep.counts))
            WHERE erasure_id = \(id)
            """)
        guard let ended = try erasure(id, business: business) else { return nil }
        return .finished(ended, duration: begun.duration(to: .now))
    }
}

extension Database {
    /// Rows of the first step; most people have fewer.
    static let firstErasureBudget = 1_000
    /// What a step may take of the writer's time before the next one is made smaller.
    static let patienceOfWriters = Duration.milliseconds(20)

    /// Brings an erasure that has begun to its end, in steps between which others write. Goes on when the caller is cancelled. Several
    /// may drive the same one.
    ///
    /// - Parameter onStep: how long the writer was held each time.
    /// - Returns: nil when there is no such erasure, or it has not begun.
    public func completeErasure(_ id: UUIDv7, onStep: (@Sendable (Duration) -> Void)? = nil) async throws -> ErasureReceipt? {
        var budget = Self.firstErasureBudget
        // Most people fit into the first step, which then is the last one.
        var closing = true
        while true {
            let (size, isClosing) = (budget, closing)
            let step = try await record { tx in try tx.stepErasure(id, budget: size, closing: isClosing) }
            switch step {
            case nil: return nil
            case .finished(let receipt, let duration):
                onStep?(duration)
                return receipt
            case .busy: try? await Task.sleep(for: .milliseconds(20))
            case .more(let isSwept, let duration):
                onStep?(duration)
                closing = isSwept
                if duration > Self.patienceOfWriters {
                    budget = max(64, budget / 2)
                } else if duration < Self.patienceOfWriters / 4 {
                    budget = min(4_000, budget * 2)
                }
            }
        }
    }
}
