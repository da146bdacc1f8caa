import Core

/// What became of the wish to cancel an erasure.
public enum ErasureCancellation: Sendable, Hashable {
    case cancelled(ErasureReceipt, client: ClientID)
    case notFound
    /// It runs or has ended.
    case tooLate(ErasureStatus)
}

/// Which erasures a list shows. Absent conditions let everything through.
public struct ErasureFilter: Sendable {
    public var status: ErasureStatus?
    /// ``Cipher/erasureHash(of:business:)`` of the client.
    public var clientHash: [UInt8]?
    /// The last one of the page before.
    public var after: UUIDv7?

    public init(status: ErasureStatus? = nil, clientHash: [UInt8]? = nil, after: UUIDv7? = nil) {
        self.status = status
        self.clientHash = clientHash
        self.after = after
    }
}

/// Asking for erasures, and their receipts.
extension Transaction {
    /// How long one driver of an erasure may be silent before another takes it over, in seconds.
    static let erasureLeaseSeconds: Int64 = 60

    /// Begins to erase a person: from the commit on nothing is sent to them any more, and what they refused stays refused for their
    /// addresses. An erasure that was scheduled begins now.
    ///
    /// - Returns: nil when nothing is known of them.
    public func beginErasure(of client: ClientID, business: BusinessID, by actor: Actor) throws -> ErasureReceipt? {
        // First thing in the transaction, as suppressing their addresses demands.
        try lockAllConsent()
        if let open = try openErasure(of: client, business: business) {
            if open.status == .scheduled { try startErasure(open.id, of: client, business: business) }
            return try erasure(open.id, business: business)
        }
        guard let id = try insertErasure(of: client, business: business, by: actor, dueAt: now) else { return nil }
        try startErasure(id, of: client, business: business)
        return try erasure(id, business: business)
    }

    /// Writes down that a person is to be erased at `dueAt`; nothing is sent to them until it is done or cancelled. A second wish
    /// can only bring the day forward.
    ///
    /// - Returns: nil when nothing is known of them.
    public func scheduleErasure(of client: ClientID, business: BusinessID, by actor: Actor, dueAt: Timestamp) throws -> ErasureReceipt? {
        try lockConsent(business, client)
        if let open = try openErasure(of: client, business: business) {
            try execute(
                """
                UPDATE crm_erasures SET due_at = \(dueAt)
                WHERE erasure_id = \(open.id) AND status = \(ErasureStatus.scheduled.rawValue) AND due_at > \(dueAt)
                """)
            return try erasure(open.id, business: business)
        }
        guard let id = try insertErasure(of: client, business: business, by: actor, dueAt: dueAt) else { return nil }
        return try erasure(id, business: business)
    }

    /// Calls a scheduled erasure off; messages go out to the person again.
    public func cancelErasure(_ id: UUIDv7, business: BusinessID) throws -> ErasureCancellation {
        guard let receipt = try erasure(id, business: business) else { return .notFound }
        guard receipt.status == .scheduled, let client = receipt.client else { return .tooLate(receipt.status) }
        try lockConsent(business, client)
        let cancelled = try execute(
            """
            UPDATE crm_erasures SET status = \(ErasureStatus.cancelled.rawValue), client_id = NULL, finished_at = \(now)
            WHERE erasure_id = \(id) AND status = \(ErasureStatus.scheduled.rawValue)
            """)
        guard cancelled > 0 else { return .tooLate(try erasure(id, business: business)?.status ?? .completed) }
        try execute("UPDATE crm_clients SET on_hold = \(false) WHERE business_id = \(business) AND client_id = \(client)")
        // A record that was made only to hold it, see `insertErasure`.
        try execute(
            """
            DELETE FROM crm_clients WHERE business_id = \(business) AND client_id = \(client) AND created_at = \(receipt.requestedAt)
                AND updated_at = created_at AND name IS NULL AND email IS NULL AND phone_number IS NULL
            """)
        guard let ended = try erasure(id, business: business) else { return .notFound }
        return .cancelled(ended, client: client)
    }

    /// Nil when the business has no such erasure.
    public func erasure(_ id: UUIDv7, business: BusinessID) throws -> ErasureReceipt? {
        try run("SELECT \(ErasureReceipt.columns) FROM crm_erasures e WHERE e.erasure_id = \(id) AND e.business_id = \(business)")
            .first.map(ErasureReceipt.init(row:))
    }

    /// Up to `limit` receipts, newest first.
    public func erasures(_ filter: ErasureFilter = ErasureFilter(), business: BusinessID, limit: Int) throws -> [ErasureReceipt] {
        var conditions: [SQL] = ["e.business_id = \(business)"]
        if let status = filter.status { conditions.append("e.status = \(status.rawValue)") }
        if let hash = filter.clientHash { conditions.append("e.client_hash = \(hash)") }
        if let after = filter.after { conditions.append("e.erasure_id < \(after)") }
        return try run(
            """
            SELECT \(ErasureReceipt.columns) FROM crm_erasures e WHERE \(SQL.all(conditions)) ORDER BY e.erasure_id DESC LIMIT \(limit)
            """
        ).map(ErasureReceipt.init(row:))
    }

    /// The erasure that is scheduled or runs for a client, if any.
    public func openErasure(of client: ClientID, business: BusinessID) throws -> ErasureReceipt? {
        try run("SELECT \(ErasureReceipt.columns) FROM crm_erasures e WHERE e.business_id = \(business) AND e.client_id = \(client)")
            .first.map(ErasureReceipt.init(row:))
    }

    /// Takes the next erasure whose day has come, or whose driver has died, over all businesses. It has begun with the commit.
    public func takeDueErasure() throws -> ErasureReceipt? {
        try lockAllConsent()
        let found = try run(
            """
            SELECT \(ErasureReceipt.columns) FROM crm_erasures e
            WHERE e.client_id IS NOT NULL AND e.due_at <= \(now) AND (e.lease_until IS NULL OR e.lease_until < \(now.milliseconds))
            ORDER BY e.due_at LIMIT 1 \(dialect.forUpdateSkipLocked)
            """
        ).first.map(ErasureReceipt.init(row:))
        guard let found, let client = found.client else { return nil }
        try startErasure(found.id, of: client, business: found.business)
        return try erasure(found.id, business: found.business)
    }

    /// How many erasures are scheduled or running, over all businesses; and since when the oldest one that is due has been.
    public func openErasures() throws -> (open: Int, oldestDue: Timestamp?) {
        let row = try run("SELECT COUNT(*), MIN(due_at) FROM crm_erasures WHERE client_id IS NOT NULL")[0]
        let oldest = try row.timeOrNil(1)
        return (try row.int(0), oldest.flatMap { $0 <= now ? $0 : nil })
    }

    /// Whether nothing is to be sent to the client because they are to be erased.
    public func isOnHold(_ client: ClientID, business: BusinessID) throws -> Bool {
        try run("SELECT 1 FROM crm_clients WHERE business_id = \(business) AND client_id = \(client) AND on_hold").isEmpty == false
    }
}

extension Transaction {
    private func insertErasure(of client: ClientID, business: BusinessID, by actor: Actor, dueAt: Timestamp) throws -> UUIDv7? {
        guard try isKnown(client, business: business) else { return nil }
        let id = UUIDv7(at: now)
        // Who asks for their own erasure is not named by the receipt.
        let actorID = actor.kind == .client ? nil : actor.id
        try execute(
            """
            INSERT INTO crm_erasures (erasure_id, business_id, client_id, client_hash, status, requested_at, requested_by_kind,
                requested_by_id, due_at)
            VALUES (\(id), \(business), \(client), \(try cipher().erasureHash(of: client, business: business)),
                \(ErasureStatus.scheduled.rawValue), \(now), \(actor.kind.rawValue), \(actorID), \(dueAt))
            """)
        // Somebody of whom only preferences are known gets a record, so that there is something to hold.
        try execute(
            """
            INSERT INTO crm_clients (business_id, client_id, attributes, created_at, updated_at, on_hold)
            VALUES (\(business), \(client), \(json: Array("{}".utf8)), \(now), \(now), \(true))
            ON CONFLICT (business_id, client_id) DO UPDATE SET on_hold = \(true)
            """)
        return id
    }

    private func isKnown(_ client: ClientID, business: BusinessID) throws -> Bool {
        let person: SQL = "business_id = \(business) AND client_id = \(client)"
        return try !run(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM crm_clients WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_client_preferences WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_communications WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_replies WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_outgoing_events WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_opt_in_requests WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_whatsapp_windows WHERE \(person))
                OR EXISTS (SELECT 1 FROM crm_idempotency_records WHERE \(person) AND status_code IS NOT NULL)
            """
        ).isEmpty
    }

    private func startErasure(_ id: UUIDv7, of client: ClientID, business: BusinessID) throws {
        try execute(
            """
            UPDATE crm_erasures SET status = \(ErasureStatus.running.rawValue), started_at = COALESCE(started_at, \(now)),
                lease_until = \(now.adding(seconds: Self.erasureLeaseSeconds).milliseconds)
            WHERE erasure_id = \(id)
            """)
        try keepRefusals(of: client, business: business)
    }

    /// A no outlives the person's data: it goes on for their addresses, known by keyed hashes only, so that nobody who imports or
    /// creates them again writes to them.
    private func keepRefusals(of client: ClientID, business: BusinessID) throws {
        // The hashes alone: a record that can not be opened any more must not keep anybody from being forgotten.
        let record = try run("SELECT email_hash, phone_hash FROM crm_clients WHERE business_id = \(business) AND client_id = \(client)")
            .first
        guard let record, let stated = try statedPreferences(client, business: business) else { return }
        let (emailHash, phoneHash) = (try record.bytesOrNil(0), try record.bytesOrNil(1))
        for channel in Channel.allCases where stated.optOuts.contains(channel) {
            guard let hash = channel == .email ? emailHash : phoneHash else { continue }
            try suppress(hash, channel: channel, reason: SuppressionReason.optedOut.rawValue, business: business)
        }
        // Topics are the business's and may change; whoever refused one gets no advertising rather than some of it.
        let refused = stated.topicsRefused.isEmpty ? stated.marketing.refused : .all
        for channel in Channel.allCases where refused.contains(channel) {
            guard let hash = channel == .email ? emailHash : phoneHash else { continue }
            try suppressMarketing(hash, channel: channel, reason: SuppressionReason.marketingOptOut.rawValue, business: business)
        }
    }
}
