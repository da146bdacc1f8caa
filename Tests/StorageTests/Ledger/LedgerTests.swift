import Core
import Logging
import TestSupport
import Testing

@testable import Storage

@Suite("Ledgers")
struct LedgerTests {
    private static let engines = TestEngine.allCases

    @Test("entries of both ledgers are chained from the first to the last and pass the check", arguments: engines)
    func chain(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(90)
            for name in ["ada", "bob", "ada"] { try await world.consent(name) }
            try await world.audit(2, business: LedgerWorld.stranger)
            #expect(try await world.verify().unsealed == 90)
            #expect(try await world.database.sealLedgers(batch: 40) == LedgerSealing(sealed: 95))
            for (place, count) in [(LedgerWorld.audit, 90), (LedgerWorld.consent, 3)] {
                let report = try await world.verify(place, step: 7)
                #expect(report.findings.isEmpty)
                #expect(report.sealed == count && report.unsealed == 0 && report.head?.sequence == Int64(count))
            }
            try await world.audit(1)
            try await world.database.sealLedgers()
            #expect(try await world.verify().head?.sequence == 91)
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test("entries of one transaction and of one moment keep their order", arguments: engines)
    func order(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.database.write { tx in
                for number in 0..<300 {
                    try tx.audit(AuditEntry(actor: .system, action: "step.\(number)"), business: LedgerWorld.business)
                }
            }
            try await world.database.sealLedgers(batch: 64)
            let actions = try await world.database.read { tx in
                try tx.sealedEntries(LedgerWorld.audit, after: nil, limit: 1000).map(\.record.action)
            }
            #expect(actions == (0..<300).map { "step.\($0)" })
        }
    }

    @Test("an entry is there if and only if its change is", arguments: engines)
    func sameTransaction(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            struct Refused: Error {}
            await #expect(throws: Refused.self) {
                try await world.database.write { tx in
                    try tx.audit(AuditEntry(actor: .system, action: "never"), business: LedgerWorld.business)
                    throw Refused()
                }
            }
            let report = try await world.verify()
            #expect(report.unsealed == 0)
        }
    }

    @Test("nothing that names a person stands in the clear", arguments: engines)
    func sealed(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(1)
            try await world.consent("ada")
            try await world.database.sealLedgers()
            let values = try await world.database.read { tx in
                try tx.run("SELECT * FROM crm_ledger_entries").flatMap(\.values)
            }
            for value in values {
                let bytes: [UInt8] =
                    switch value {
                    case .text(let text): Array(text.utf8)
                    case .bytes(let bytes): bytes
                    default: []
                    }
                for secret in ["ada", "192.0.2", "offers"] { #expect(bytes.firstRange(of: Array(secret.utf8)) == nil) }
            }
        }
    }

    @Test("erasing a client empties their entries, says so, and the chain still holds", arguments: engines)
    func erase(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(3)
            try await world.audit(2, client: "bob")
            try await world.consent("ada")
            try await world.database.sealLedgers()
            // One that has no place yet when it is emptied.
            try await world.consent("ada")
            let erased = try await world.database.write { tx in
                try tx.eraseLedgerEntries(of: LedgerWorld.client("ada"), business: LedgerWorld.business)
            }
            #expect(erased == 5)
            for _ in 0..<2 {
                let (audit, consent) = (try await world.verify(), try await world.verify(LedgerWorld.consent))
                #expect(audit.findings.isEmpty && consent.findings.isEmpty)
                #expect(audit.erased == 3 && consent.erased == 2)
                try await world.database.sealLedgers()
            }
            let filled = try await world.database.read { tx in
                try tx.run("SELECT COUNT(*) FROM crm_ledger_entries WHERE payload IS NOT NULL").first?.int(0)
            }
            // Bob's two and the two erasures.
            #expect(filled == 4)
        }
    }

    @Test("what was committed before a crash is chained by the next start", arguments: engines)
    func crash(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(5)
            // No sealer ran: as after a kill. Another one, of a process that knows nothing of them, finds them.
            let sealer = LedgerSealer(database: world.database, logger: .init(label: "test"))
            #expect(try await sealer.runOnce().sealed == 5)
            let report = try await world.verify()
            #expect(report.unsealed == 0 && report.sealed == 5 && report.findings.isEmpty)
        }
    }

    @Test("the service chains what a dead process had left and what comes while it runs", arguments: engines)
    func service(engine: TestEngine) async throws {
        try await LedgerWorld.with(engine) { world in
            try await world.audit(2)
            // Neither of its pauses passes in this test: it acts on its start, on a wake-up and on its end.
            let sealer = LedgerSealer(
                database: world.database, interval: .seconds(3600), pause: .milliseconds(1), logger: Logger(label: "test"))
            let service = Task { try await sealer.run() }
            while try await world.verify().sealed < 2 { await Task.yield() }
            try await world.audit(1)
            while try await world.verify().sealed < 3 { await Task.yield() }
            service.cancel()
            try await service.value
            #expect(try await world.findings().isEmpty)
        }
    }

    @Test("two instances that seal at once make one chain")
    func twoInstances() async throws {
        try await LedgerWorld.with(.postgresql) { world in
            let other = try await world.test.openAnother()
            _ = try await Cipher.open(other, keys: LedgerWorld.keys)
            try await world.audit(300)
            let sealed = try await withThrowingTaskGroup(of: Int.self) { group in
                for database in [world.database, other, world.database, other] {
                    group.addTask { try await database.sealLedgers(batch: 10).sealed }
                }
                return try await group.reduce(0, +)
            }
            #expect(sealed == 300)
            await other.close()
            let report = try await world.verify()
            #expect(report.sealed == 300 && report.unsealed == 0 && report.findings.isEmpty && report.head?.sequence == 300)
        }
    }
}
