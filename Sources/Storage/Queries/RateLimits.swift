import Core

extension Database {
    /// Takes permits, and takes in what became of those that were taken before. Completes even if the calling task is cancelled.
    /// Takes a report in and gives out what is free, the least used account first.
    ///
    /// - Throws: ``DatabaseError``; nothing was given out then.
    public func takePermits(_ request: PermitRequest) async throws -> PermitAnswer {
        try await record { tx in try tx.takePermits(request) }
    }

    /// After a crash on SQLite: the process lock proves that whoever held permits is dead. Their messages may have left.
    ///
    /// - Parameter holder: the caller's own.
    public func releaseAbandonedPermits(keeping holder: Int64) async throws {
        guard dialect == .sqlite else { return }
        try await write { tx in
            _ = try tx.execute(
                "UPDATE crm_rate_holders SET until_at = \(tx.now.milliseconds) WHERE holder <> \(holder) AND until_at > \(tx.now.milliseconds)"
            )
        }
    }
}

/// Rates are held here and nowhere else: under a lock for each account, over all instances (promise P8).
extension Transaction {
    public func takePermits(_ request: PermitRequest) throws -> PermitAnswer {
        try lockAccounts(request.accounts.map(\.name))
        let now = try permitClock(request)
        let due = try dueCount(request.channel, upTo: request.wanted)
        var ledgers: [PermitLedger] = []
        for account in request.accounts { ledgers.append(try ledger(of: account, request, now)) }
        // The least used account first, so that numbers share the load.
        for _ in 0..<due {
            guard let next = ledgers.indices.max(by: { ledgers[$0].free < ledgers[$1].free }), ledgers[next].free > 0 else { break }
            ledgers[next].granted += 1
        }
        for ledger in ledgers { try store(ledger, request, now) }
        let waits = ledgers.map { $0.window.nextFree(out: $0.out, at: now) }
        return PermitAnswer(
            granted: ledgers.map(\.granted), left: ledgers.reduce(0) { $0 + $1.free }, due: due, nextIn: waits.compactMap { $0 }.min(),
            hangsOnOthers: waits.contains(nil))
    }

    /// Permits that are left now, over all accounts; changes nothing.
    public func permitsLeft(_ request: PermitRequest) throws -> Int {
        let now = try permitClock(request)
        var left = 0
        for account in request.accounts {
            let window = SlidingWindow(rate: account.rate, slots: try rateSlots(account.name), at: now)
            left += window.free(out: try rateHolders(account.name).reduce(0) { $0 + $1.permits })
        }
        return left
    }

    private func lockAccounts(_ names: [String]) throws {
        // SQLite has one writer: everything is ordered already.
        guard dialect == .postgresql else { return }
        // In one order over all instances.
        for name in names.sorted() {
            var hash = StableHash()
            hash.combine(name)
            let partition = Int(Int32(truncatingIfNeeded: hash.value))
            try run("SELECT pg_advisory_xact_lock(\(RateAccountLock.space)::int4, \(partition)::int4)")
        }
    }

    /// Read once the lock is held: a moment from before the wait for it would be older than what others have written since.
    private func permitClock(_ request: PermitRequest) throws -> Timestamp {
        guard request.usesStoreClock, dialect == .postgresql else { return now }
        let rows = try run("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)")
        return try rows.first.map { Timestamp(milliseconds: try $0.int64(0)) } ?? now
    }

    private func dueCount(_ channel: Channel, upTo limit: Int) throws -> Int {
        var count = 0
        for priority in 0...3 where count < limit {
            let rows = try run(
                """
                SELECT COUNT(*) FROM (
                    SELECT 1 FROM crm_delivery_queue
                    WHERE channel = \(channel) AND priority = \(priority) AND due_at <= \(now.milliseconds) LIMIT \(limit - count)) AS due
                """)
            count += try rows.first?.int(0) ?? 0
        }
        return max(0, min(count, limit))
    }

    private func rateSlots(_ account: String) throws -> [SlidingWindow.Slot] {
        try run("SELECT slot_at, last_at, messages FROM crm_rate_slots WHERE account = \(account)").map { row in
            SlidingWindow.Slot(start: try row.int64(0), lastAt: try row.int64(1), messages: try row.int(2))
        }
    }

    private func rateHolders(_ account: String) throws -> [(holder: Int64, permits: Int, until: Int64)] {
        try run("SELECT holder, permits, until_at FROM crm_rate_holders WHERE account = \(account)").map { row in
            (try row.int64(0), try row.int(1), try row.int64(2))
        }
    }

    private func ledger(of account: PermitRequest.Account, _ request: PermitRequest, _ now: Timestamp) throws -> PermitLedger {
        let stored = try rateSlots(account.name)
        var ledger = PermitLedger(
            account: account, stored: stored, window: SlidingWindow(rate: account.rate, slots: stored, at: now))
        for used in account.used where used.ago < account.rate.window {
            // Never in the future, whatever the instance's clock did meanwhile.
            ledger.window.record(used.count, at: now.adding(milliseconds: -max(used.ago, 0)))
        }
        for holder in try rateHolders(account.name) {
            if holder.holder == request.holder {
                ledger.storedHold = (holder.permits, holder.until)
            } else if holder.until <= now.milliseconds {
                // Its process died: the messages may have left until then.
                ledger.window.record(holder.permits, at: Timestamp(milliseconds: holder.until))
                try execute("DELETE FROM crm_rate_holders WHERE account = \(account.name) AND holder = \(holder.holder)")
            } else {
                ledger.others += holder.permits
                let latest = now.adding(seconds: request.holdSeconds).milliseconds
                // The clock was set back.
                if holder.until > latest {
                    try execute(
                        """
                        UPDATE crm_rate_holders SET until_at = \(latest)
                        WHERE account = \(account.name) AND holder = \(holder.holder)
                        """)
                }
            }
        }
        return ledger
    }

    private func store(_ ledger: PermitLedger, _ request: PermitRequest, _ now: Timestamp) throws {
        let account = ledger.account.name
        let kept = Set(ledger.window.slots.map(\.start))
        for slot in ledger.stored where !kept.contains(slot.start) {
            try execute("DELETE FROM crm_rate_slots WHERE account = \(account) AND slot_at = \(slot.start)")
        }
        for slot in ledger.window.slots where !ledger.stored.contains(slot) {
            try execute(
                """
                INSERT INTO crm_rate_slots (account, slot_at, last_at, messages)
                VALUES (\(account), \(slot.start), \(slot.lastAt), \(slot.messages))
                ON CONFLICT (account, slot_at) DO UPDATE SET last_at = excluded.last_at, messages = excluded.messages
                """)
        }
        let permits = ledger.account.held + ledger.granted
        let until = now.adding(seconds: request.holdSeconds).milliseconds
        if permits == 0 {
            guard ledger.storedHold != nil else { return }
            try execute("DELETE FROM crm_rate_holders WHERE account = \(account) AND holder = \(request.holder)")
        } else {
            try execute(
                """
                INSERT INTO crm_rate_holders (account, holder, permits, until_at) VALUES (\(account), \(request.holder), \(permits), \(until))
                ON CONFLICT (account, holder) DO UPDATE SET permits = excluded.permits, until_at = excluded.until_at
                """)
        }
    }
}

/// One account's state while a transaction hands out its permits.
private struct PermitLedger {
    var account: PermitRequest.Account
    var stored: [SlidingWindow.Slot]
    var window: SlidingWindow
    /// Permits that other processes hold.
    var others = 0
    var storedHold: (permits: Int, until: Int64)?
    var granted = 0

    /// Permits that are out, with those of this transaction.
    var out: Int { others + account.held + granted }
    var free: Int { window.free(out: out) }
}

enum RateAccountLock {
    /// First half of the two-part advisory key.
    static let space = 0x5250_5405
}
