import Core

extension Transaction {
    /// Identifiers in one entry at most.
    private static let erasureStep = 1_000

    /// Empties what the ledgers hold on a client: who they are, addresses, wordings, details. What stays is that something happened,
    /// when and by whose hand, and the chain, which covers only the digest of what is gone. An entry in the same ledger says what was
    /// emptied.
    ///
    /// - Returns: how many entries were emptied.
    @discardableResult
    public func eraseLedgerEntries(of client: ClientID, business: BusinessID, by actor: Actor = .system) throws -> Int {
        let cipher = try cipher()
        let hash = LedgerRecord.clientHash(client, business, cipher)
        var total = 0
        for ledger in LedgerName.allCases {
            while true {
                let rows = try run(
                    """
                    SELECT entry_id FROM crm_ledger_entries
                    WHERE business_id = \(business) AND client_hash = \(hash) AND ledger = \(ledger.rawValue)
                    ORDER BY entry_id LIMIT \(Self.erasureStep) \(dialect.forUpdate)
                    """)
                var ids: [UUIDv7] = []
                for row in rows { ids.append(try row.uuid(0)) }
                guard let last = ids.last else { break }
                try execute(
                    """
                    UPDATE crm_ledger_entries SET payload = NULL, client_hash = NULL
                    WHERE business_id = \(business) AND client_hash = \(hash) AND ledger = \(ledger.rawValue) AND entry_id <= \(last)
                    """)
                try append(
                    LedgerRecord(
                        ledger, business: business, at: now, actor: actor, action: LedgerAction.erase, client: nil,
                        payload: LedgerPayload.bytes(erased: ids), cipher: cipher))
                total += ids.count
            }
        }
        return total
    }
}
