import Core

/// How many ledgers there are, with a code of its own: a ledger that was removed with its end and every entry leaves no other trace.
public enum LedgerCount: Sendable, Hashable {
    case right
    /// Ledgers of which nothing is left.
    case missing(Int)
    /// The count itself was altered or removed.
    case altered
}

extension Database {
    /// Checks that no ledger is gone as a whole.
    public func verifyLedgerCount() async throws -> LedgerCount {
        try await read { tx in
            let heads = try tx.countLedgerHeads()
            guard let (count, isAuthentic) = try tx.ledgerCount() else { return heads == 0 ? .right : .altered }
            guard isAuthentic, heads <= count else { return .altered }
            return heads == count ? .right : .missing(count - heads)
        }
    }
}

extension Transaction {
    private static let countKey = "ledgers"

    func countLedgerHeads() throws -> Int {
        try run("SELECT COUNT(*) FROM crm_ledger_heads").first?.int(0) ?? 0
    }

    /// The count as it is stored, and whether its code is right; nil where there is none.
    fileprivate func ledgerCount(_ lock: SQL = "") throws -> (count: Int, isAuthentic: Bool)? {
        guard let text = try run("SELECT value FROM rapport_meta WHERE key = \(Self.countKey) \(lock)").first?.text(0) else { return nil }
        guard let count = text.split(separator: " ").first.flatMap({ Int($0) }) else { return (0, false) }
        return (count, try text == countText(count))
    }

    /// To be called when a ledger's first head was made. What somebody altered stays as it is, for the check to find.
    func countNewLedger() throws {
        if try countLedgerHeads() == 1 {
            try execute("INSERT INTO rapport_meta (key, value) VALUES (\(Self.countKey), \(countText(0))) ON CONFLICT (key) DO NOTHING")
        }
        guard let (count, isAuthentic) = try ledgerCount(dialect.forUpdate), isAuthentic else { return }
        try execute("UPDATE rapport_meta SET value = \(countText(count + 1)) WHERE key = \(Self.countKey)")
    }

    private func countText(_ count: Int) throws -> String {
        "\(count) " + Hexadecimal.encode(try cipher().authenticationCode(of: Array("\(count)".utf8), purpose: "ledger count"))
    }
}
