import Core
import TestSupport
import Testing

@testable import Storage

/// What somebody can do who reaches the database but not the key.
@Suite("Ledgers that were tampered with")
struct LedgerTamperTests {
    private static let engines = TestEngine.allCases

    /// Ten sealed entries, then `tamper`; what the check finds.
    private func findings(
        _ engine: TestEngine, _ tamper: (LedgerWorld, UUIDv7) async throws -> Void
    ) async throws -> (fifth: UUIDv7, found: [LedgerFinding]) {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(10)
            try await world.database.sealLedgers()
            #expect(try await world.findings().isEmpty)
            let fifth = try await world.database.read { tx in
                try tx.run("SELECT entry_id FROM crm_ledger_entries WHERE sequence = 5")[0].uuid(0)
            }
            try await tamper(world, fifth)
            return (fifth, try await world.findings())
        }
    }

    @Test("a change of any column of an entry is named with the entry", arguments: engines)
    func everyColumn(engine: TestEngine) async throws {
        let flip = [UInt8](repeating: 7, count: 32)
        let changes: [(column: String, sql: (UUIDv7) -> SQL)] = [
            ("business_id", { "UPDATE crm_ledger_entries SET business_id = \(LedgerWorld.stranger) WHERE entry_id = \($0)" }),
            ("ledger", { "UPDATE crm_ledger_entries SET ledger = 'consent' WHERE entry_id = \($0)" }),
            ("entry_id", { "UPDATE crm_ledger_entries SET entry_id = \(UUIDv7(high: $0.high, low: $0.low ^ 1)) WHERE entry_id = \($0)" }),
            ("occurred_at", { "UPDATE crm_ledger_entries SET occurred_at = \(Timestamp(milliseconds: 1)) WHERE entry_id = \($0)" }),
            ("actor_kind", { "UPDATE crm_ledger_entries SET actor_kind = 'user' WHERE entry_id = \($0)" }),
            ("actor_id", { "UPDATE crm_ledger_entries SET actor_id = 'somebody' WHERE entry_id = \($0)" }),
            ("action", { "UPDATE crm_ledger_entries SET action = 'client.get' WHERE entry_id = \($0)" }),
            ("client_hash", { "UPDATE crm_ledger_entries SET client_hash = \(flip) WHERE entry_id = \($0)" }),
            ("payload", { "UPDATE crm_ledger_entries SET payload = \(flip) WHERE entry_id = \($0)" }),
            ("payload_digest", { "UPDATE crm_ledger_entries SET payload_digest = \(flip) WHERE entry_id = \($0)" }),
            ("mac", { "UPDATE crm_ledger_entries SET mac = \(flip) WHERE entry_id = \($0)" }),
            ("sequence", { "UPDATE crm_ledger_entries SET sequence = 50 WHERE entry_id = \($0)" }),
            ("previous_hash", { "UPDATE crm_ledger_entries SET previous_hash = \(flip) WHERE entry_id = \($0)" }),
            ("hash", { "UPDATE crm_ledger_entries SET hash = \(flip) WHERE entry_id = \($0)" }),
            ("seal", { "UPDATE crm_ledger_entries SET seal = \(flip) WHERE entry_id = \($0)" }),
        ]
        let columns = try await LedgerWorld.with(engine) { world in
            try await world.audit(1)
            return try await world.database.read { tx in
                engine == .sqlite
                    ? try tx.run("SELECT name FROM pragma_table_info('crm_ledger_entries')").map { try $0.text(0) }
                    : try tx.run("SELECT CAST(column_name AS text) FROM information_schema.columns WHERE table_name = 'crm_ledger_entries'")
                        .map { try $0.text(0) }
            }
        }
        #expect(Set(columns) == Set(changes.map(\.column)))
        for change in changes {
            let (fifth, found) = try await findings(engine) { world, fifth in try await world.tamper(change.sql(fifth)) }
            #expect(!found.isEmpty, "\(change.column)")
            switch change.column {
            // It is elsewhere now; what is named is the hole.
            case "business_id", "ledger": #expect(found == [finding(.removed, 5, through: 5)], "\(change.column)")
            case "entry_id": #expect(found.allSatisfy { $0.sequence == 5 }, "\(change.column)")
            case "sequence": #expect(found.contains { $0.kind == .removed && $0.sequence == 5 } && found.contains { $0.entry == fifth })
            default:
                #expect(found.allSatisfy { $0.sequence == 5 && $0.entry == fifth && $0.kind == .altered }, "\(change.column): \(found)")
            }
        }
    }

    private func finding(_ kind: LedgerFinding.Kind, _ sequence: Int64, through last: Int64) -> LedgerFinding {
        LedgerFinding(place: LedgerWorld.audit, kind: kind, sequence: sequence, lastSequence: last, details: "")
    }

    @Test("an entry that was taken into another ledger or business is none of theirs", arguments: engines)
    func foreign(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(3)
            try await world.consent("ada")
            try await world.database.sealLedgers()
            try await world.tamper("UPDATE crm_ledger_entries SET ledger = 'consent', sequence = 2 WHERE ledger = 'audit' AND sequence = 2")
            #expect(try await world.findings(LedgerWorld.consent).map(\.kind) == [.inserted])
        }
    }

    @Test("an entry that was deleted is missing by its number", arguments: engines)
    func deleted(engine: TestEngine) async throws {
        let found = try await findings(engine) { world, fifth in
            try await world.tamper("DELETE FROM crm_ledger_entries WHERE entry_id = \(fifth)")
        }.found
        #expect(found == [finding(.removed, 5, through: 5)])
    }

    @Test("entries that were deleted at the end are missing, also after the ledger went on", arguments: engines)
    func cut(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(10)
            try await world.database.sealLedgers()
            try await world.tamper("DELETE FROM crm_ledger_entries WHERE sequence >= 9")
            #expect(try await world.findings() == [finding(.cut, 9, through: 10)])
            try await world.audit(1)
            try await world.database.sealLedgers()
            #expect(try await world.findings() == [finding(.removed, 9, through: 10)])
        }
    }

    @Test("a cut is found too where the ledger's end was altered or removed with it, also after it went on", arguments: engines)
    func cutWithHead(engine: TestEngine) async throws {
        let changes: [SQL] = [
            "DELETE FROM crm_ledger_heads",
            """
            UPDATE crm_ledger_heads SET sequence = 8, hash = (SELECT hash FROM crm_ledger_entries WHERE sequence = 8 AND ledger = 'audit')
            """,
        ]
        for change in changes {
            try await LedgerWorld.with(engine) { world in
                try await world.audit(10)
                try await world.database.sealLedgers()
                try await world.tamper("DELETE FROM crm_ledger_entries WHERE sequence >= 9")
                try await world.tamper(change)
                #expect(try await world.findings().map(\.kind) == [.headAltered])
                try await world.audit(1)
                #expect(try await world.database.sealLedgers() == LedgerSealing(sealed: 2, repaired: 1))
                let found = try await world.findings()
                #expect(found.map(\.kind) == [.repaired] && found.first?.sequence == 9)
            }
        }
    }

    @Test("a head that was put back to an earlier one is found and does not stop the sealer", arguments: engines)
    func oldHead(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(3)
            try await world.database.sealLedgers()
            let old = try await world.database.read { tx in
                try tx.run("SELECT sequence, hash, mac FROM crm_ledger_heads")[0].values
            }
            try await world.audit(3)
            try await world.database.sealLedgers()
            try await world.tamper("UPDATE crm_ledger_heads SET sequence = \(old[0]), hash = \(old[1]), mac = \(old[2])")
            #expect(try await world.findings().contains { $0.kind == .moved || $0.kind == .headAltered })
            try await world.audit(1)
            #expect(try await world.database.sealLedgers() == LedgerSealing(sealed: 2, repaired: 1))
            #expect(try await world.findings().map(\.kind) == [.repaired])
        }
    }

    @Test("entries that changed places are both named", arguments: engines)
    func reordered(engine: TestEngine) async throws {
        let found = try await findings(engine) { world, _ in
            for (from, to) in [(5, 99), (6, 5), (99, 6)] {
                try await world.tamper("UPDATE crm_ledger_entries SET sequence = \(to) WHERE sequence = \(from)")
            }
        }.found
        #expect(found.map(\.sequence) == [5, 6] && found.allSatisfy { $0.kind == .moved })
    }

    @Test("entries that changed places are named although every hash behind them was computed anew", arguments: engines)
    func rewritten(engine: TestEngine) async throws {
        let found = try await findings(engine) { world, _ in
            for (from, to) in [(5, 99), (6, 5), (99, 6)] {
                try await world.tamper("UPDATE crm_ledger_entries SET sequence = \(to) WHERE sequence = \(from)")
            }
            let entries = try await world.database.read { tx in try tx.sealedEntries(LedgerWorld.audit, after: 4, limit: 10) }
            var previous = try await world.database.read { tx in
                try tx.run("SELECT hash FROM crm_ledger_entries WHERE sequence = 4")[0].bytes(0)
            }
            for entry in entries {
                let sequence = try #require(entry.sequence)
                let hash = LedgerLink.hash(sequence: sequence, previous: previous, content: entry.record.contentHash)
                try await world.tamper(
                    "UPDATE crm_ledger_entries SET previous_hash = \(previous), hash = \(hash) WHERE sequence = \(sequence)")
                previous = hash
            }
            try await world.tamper("UPDATE crm_ledger_heads SET hash = \(previous)")
        }.found
        #expect([5, 6].allSatisfy { sequence in found.contains { $0.sequence == sequence } })
        #expect(found.contains { $0.kind == .headAltered })
    }

    @Test("a forged entry is named, whether it claims a place or waits for one", arguments: engines)
    func forged(engine: TestEngine) async throws {
        let columns: SQL = """
            business_id, ledger, entry_id, occurred_at, actor_kind, actor_id, action, client_hash, payload, payload_digest, mac
            """
        for sealing in [false, true] {
            let forged = UUIDv7(at: Timestamp(milliseconds: 1_900_000_000_000))
            let found = try await findings(engine) { world, fifth in
                try await world.tamper(
                    """
                    INSERT INTO crm_ledger_entries (\(columns))
                    SELECT business_id, ledger, \(forged), occurred_at, actor_kind, actor_id, 'consent.invented', client_hash, payload,
                        payload_digest, mac
                    FROM crm_ledger_entries WHERE entry_id = \(fifth)
                    """)
                if sealing { try await world.database.sealLedgers() }
            }.found
            // Its payload was sealed for another entry.
            #expect(!found.isEmpty && found.allSatisfy { $0.entry == forged })
            #expect(found.contains { $0.kind == (sealing ? .altered : .inserted) })
        }
        let forged = UUIDv7(at: Timestamp(milliseconds: 1_900_000_000_000))
        let found = try await findings(engine) { world, fifth in
            try await world.tamper(
                """
                INSERT INTO crm_ledger_entries (\(columns), sequence, previous_hash, hash, seal)
                SELECT business_id, ledger, \(forged), occurred_at, actor_kind, actor_id, action, client_hash, payload, payload_digest, mac,
                    11, previous_hash, hash, seal
                FROM crm_ledger_entries WHERE entry_id = \(fifth)
                """)
        }.found
        #expect(found.contains { $0.kind == .inserted && $0.entry == forged })
    }

    @Test("a payload that was emptied without an erasure is named", arguments: engines)
    func emptied(engine: TestEngine) async throws {
        for clearsClient in [false, true] {
            let (fifth, found) = try await findings(engine) { world, fifth in
                try await world.tamper("UPDATE crm_ledger_entries SET payload = NULL WHERE entry_id = \(fifth)")
                if clearsClient { try await world.tamper("UPDATE crm_ledger_entries SET client_hash = NULL WHERE entry_id = \(fifth)") }
            }
            #expect(found.contains { $0.kind == .emptied && $0.entry == fifth && $0.sequence == 5 })
            #expect(found.allSatisfy { $0.entry == fifth })
        }
    }

    @Test("an erasure covers what it names and nothing else", arguments: engines)
    func otherEmptied(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(2, client: "bob")
            try await world.audit(2)
            try await world.database.sealLedgers()
            let kept = try await world.database.read { tx in
                try tx.run("SELECT payload, client_hash FROM crm_ledger_entries WHERE sequence = 3")[0].values
            }
            _ = try await world.database.write { tx in
                try tx.eraseLedgerEntries(of: LedgerWorld.client("ada"), business: LedgerWorld.business)
            }
            try await world.tamper("UPDATE crm_ledger_entries SET payload = NULL, client_hash = NULL WHERE sequence = 1")
            #expect(try await world.findings().map(\.kind) == [.emptied])
            try await world.tamper("UPDATE crm_ledger_entries SET payload = \(kept[0]), client_hash = \(kept[1]) WHERE sequence = 3")
            #expect(Set(try await world.findings().map(\.kind)) == [.emptied, .restored])
        }
    }

    @Test("a ledger that was removed as a whole is missed, also after it began anew", arguments: engines)
    func wholeLedger(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            #expect(try await world.database.verifyLedgerCount() == .right)
            try await world.audit(3)
            try await world.audit(3, business: LedgerWorld.stranger)
            try await world.consent("ada")
            try await world.database.sealLedgers()
            #expect(try await world.database.verifyLedgerCount() == .right)
            try await world.tamper("DELETE FROM crm_ledger_entries WHERE ledger = 'audit'")
            try await world.tamper("DELETE FROM crm_ledger_heads WHERE ledger = 'audit'")
            #expect(try await world.database.verifyLedgerCount() == .missing(2))
            try await world.audit(1)
            try await world.database.sealLedgers()
            #expect(try await world.findings().isEmpty)
            #expect(try await world.database.verifyLedgerCount() == .missing(2))
            try await world.tamper("UPDATE rapport_meta SET value = '1 00' WHERE key = 'ledgers'")
            #expect(try await world.database.verifyLedgerCount() == .altered)
            try await world.tamper("DELETE FROM rapport_meta WHERE key = 'ledgers'")
            #expect(try await world.database.verifyLedgerCount() == .altered)
            try await world.audit(1, business: LedgerWorld.stranger)
            try await world.database.sealLedgers()
            #expect(try await world.database.verifyLedgerCount() == .altered)
        }
    }

    @Test("a head without a ledger, and one that was altered, are named", arguments: engines)
    func head(engine: TestEngine) async throws {
        let changes: [(SQL, LedgerFinding.Kind)] = [
            ("UPDATE crm_ledger_heads SET hash = \([UInt8](repeating: 1, count: 32))", .headAltered),
            ("UPDATE crm_ledger_heads SET mac = \([UInt8](repeating: 1, count: 32))", .headAltered),
            ("UPDATE crm_ledger_heads SET sequence = 12", .headAltered),
            ("DELETE FROM crm_ledger_heads", .headAltered),
            ("DELETE FROM crm_ledger_entries", .cut),
        ]
        for (sql, kind) in changes {
            let found = try await findings(engine) { world, _ in try await world.tamper(sql) }.found
            #expect(found.map(\.kind) == [kind])
        }
    }
}
