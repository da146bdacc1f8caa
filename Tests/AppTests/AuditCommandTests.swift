import ArgumentParser
import Core
import Foundation
import Storage
import Testing

@testable import App

@Suite("rapport audit")
struct AuditCommandTests {
    /// A store with three audit entries, and the file that names it.
    private func store(_ folder: TemporaryFolder) async throws -> (file: String, settings: Settings) {
        let file = folder.path + "/rapport.conf"
        try "DATABASE_URL=sqlite:\(folder.path)/rapport.sqlite\n".write(toFile: file, atomically: true, encoding: .utf8)
        let settings = try ConfigurationOptions.parse(["--config", file]).settings([:])
        try await Store.with(settings) { store in
            try await store.database.write { tx in
                let business = try #require(try tx.bootstrap(chosenKey: nil)).business
                for number in 0..<3 { try tx.audit(AuditEntry(actor: .commandLine, action: "test.\(number)"), business: business) }
            }
            try await store.database.sealLedgers()
        }
        return (file, settings)
    }

    @Test("verify ends well on a true ledger and with status 1 on one that was tampered with")
    func verify() async throws {
        let folder = try TemporaryFolder()
        let (file, settings) = try await store(folder)
        try await AuditCommand.Verify.parse(["--config", file]).run()
        let head = try await Store.with(settings) { store in
            try await store.database.read { tx in
                try tx.ledgerHead(LedgerPlace(business: try tx.businessIDs()[0], ledger: .audit))?.hash
            }
        }
        let anchor = "audit:3:" + Hexadecimal.encode(try #require(head))
        try await AuditCommand.Verify.parse(["--config", file, "--anchor", anchor]).run()
        await #expect(throws: ExitCode.self) {
            try await AuditCommand.Verify.parse(["--config", file, "--anchor", "audit:2:" + anchor.suffix(64)]).run()
        }
        try await Store.with(settings) { store in
            try await store.database.write { tx in
                _ = try tx.execute("UPDATE crm_ledger_entries SET actor_id = 'somebody' WHERE sequence = 2")
            }
        }
        await #expect(throws: ExitCode.self) { try await AuditCommand.Verify.parse(["--config", file]).run() }
    }

    @Test("verify does not pass a database in which there is nothing to check")
    func empty() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/rapport.conf"
        try "DATABASE_URL=sqlite:\(folder.path)/other.sqlite\n".write(toFile: file, atomically: true, encoding: .utf8)
        await #expect(throws: CommandFailure.self) { try await AuditCommand.Verify.parse(["--config", file]).run() }
    }

    @Test("keys that are made and revoked on the command line stand in the log")
    func keys() async throws {
        let folder = try TemporaryFolder()
        let (file, settings) = try await store(folder)
        try await APIKeyCommand.Create.parse(["--config", file, "--name", "till"]).run()
        let ids = try await Store.with(settings) { store in
            try await store.database.read { tx in try tx.apiKeys(business: try tx.businessIDs()[0]).map(\.id) }
        }
        let made = try #require(ids.last)
        try await APIKeyCommand.Revoke.parse(["--config", file, made.description]).run()
        let actions = try await Store.with(settings) { store in
            try await store.database.read { tx in
                let place = LedgerPlace(business: try tx.businessIDs()[0], ledger: .audit)
                return try tx.ledgerEntries(place, LedgerFilter(action: "api_key"), limit: 10).map { "\($0.actorKind) \($0.action)" }
            }
        }
        #expect(actions == ["system api_key.revoke", "system api_key.create"])
    }

    @Test(
        "an anchor is a ledger, a number and a hash",
        arguments: ["audit", "audit:1", "audit:0:" + String(repeating: "a", count: 64), "audit:1:zz", "x:1:"])
    func anchors(text: String) {
        #expect(LedgerAnchor(argument: text) == nil)
    }
}
