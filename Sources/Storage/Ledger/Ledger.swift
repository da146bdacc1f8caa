import Core

/// The append-only records: who agreed to what, and who changed what.
extension Transaction {
    /// Adds a line to the consent ledger, in the transaction that makes it true.
    public func record(_ entry: ConsentEntry, business: BusinessID) throws {
        try append(
            LedgerRecord(
                .consent, business: business, at: now, actor: entry.source.actor, action: entry.decision.rawValue, client: entry.client,
                payload: LedgerPayload.bytes(of: entry), cipher: cipher()))
    }

    /// Adds a line to the audit log, in the transaction that makes the change.
    public func audit(_ entry: AuditEntry, business: BusinessID) throws {
        try append(
            LedgerRecord(
                .audit, business: business, at: now, actor: entry.actor, action: entry.action, client: entry.client,
                payload: LedgerPayload.bytes(of: entry), cipher: cipher()))
    }

    func append(_ record: LedgerRecord) throws(DatabaseError) {
        // Nobody needs its result: it travels with the next statement.
        try enqueue(record.insertion)
        leavesNewLedgerEntries()
    }
}
