import Core
import Logging
import TestSupport
import Testing

@testable import Storage

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

@Suite struct FaultTests {
    @Test("a commit that fails leaves nothing behind and says so", arguments: TestEngine.allCases)
    func failedCommit(_ engine: TestEngine) async throws {
        let faults = Faults()
        try await Fixture.with(engine, faults: faults) { f in
            let full = DatabaseError.unavailable(.notWritable, details: "disk full")
            faults.inject(.fail(full), at: .commit)
            await #expect(throws: full) { _ = try await f.database.accept(f.acceptance(key: "k")) }
            let stored = try await f.count("crm_communications")
            #expect(stored == 0)
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "accepted")
            #expect(try await f.count("crm_communications") == 1)
        }
    }

    @Test("what the engine asks to repeat is repeated, once for the caller", arguments: TestEngine.allCases)
    func transient(_ engine: TestEngine) async throws {
        let faults = Faults()
        try await Fixture.with(engine, faults: faults) { f in
            for nth in 1...3 { faults.inject(.fail(.transient(details: "deadlock")), at: .commit, nth: nth) }
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "accepted")
            faults.inject(.fail(.transient(details: "deadlock")), at: .begin)
            try await f.database.write { tx in _ = try tx.run("UPDATE crm_businesses SET name = name || '!'") }
            #expect(try await f.count("crm_communications") == 1)
            #expect(try await f.database.read { tx in try tx.run("SELECT name FROM crm_businesses")[0].text(0) } == "Test!")
            #expect(f.database.statistics.retries == 4)
        }
    }

    @Test("a connection lost during COMMIT: the server is asked, and the caller hears the truth")
    func lostCommit() async throws {
        let faults = Faults()
        try await Fixture.with(.postgresql, faults: faults) { f in
            faults.inject(.doneButReportedAs(.unavailable(.disconnected, details: "lost")), at: .commit)
            #expect(try await f.database.accept(f.acceptance(key: "k")).name == "accepted")
            let id = try await f.acceptDue()[0]
            _ = try await f.claim()
            faults.inject(.doneButReportedAs(.unavailable(.disconnected, details: "lost")), at: .commit)
            // Asked again blindly, the lease would be gone and the attempt would count as lost.
            #expect(try await f.database.finish([f.outcome(id, .sent(providerMessageID: nil, response: nil))]).isEmpty)
            #expect(try await f.events(id) == ["sent"])
            #expect(try await f.count("crm_communications") == 2)
        }
    }

    @Test("done but reported as failed: the key brings the first answer again", arguments: TestEngine.allCases)
    func doneButReported(_ engine: TestEngine) async throws {
        let faults = Faults()
        try await Fixture.with(engine, faults: faults) { f in
            faults.inject(.doneButReportedAs(.unavailable(.timeout, details: "timeout")), at: .commit)
            // PostgreSQL can be asked what became of it, SQLite's caller hears 503.
            let first = try? await f.database.accept(f.acceptance(key: "k"))
            #expect(first == nil || first?.name == "accepted")
            let second = try await f.database.accept(f.acceptance(key: "k"))
            #expect(second.name == "replayed")
            #expect(try await f.count("crm_communications") == 1)
        }
    }

    @Test("a server that does not answer is left, and the caller hears it")
    func silentServer() async throws {
        try await TestDatabase.with(.postgresql) { test in
            let connection = try PostgresConnection(url: test.url, settings: PostgresEngine.sessionSettings)
            connection.patience = 1
            #expect(throws: DatabaseError.unavailable(.disconnected, details: "no answer in time")) {
                try connection.run("SELECT pg_sleep(600)")
            }
            #expect(!connection.isAlive)
            #expect(throws: DatabaseError.self) { try connection.run("SELECT 1") }
        }
    }

    @Test("connections that the server ends are replaced, and no request is lost by it")
    func terminated() async throws {
        try await Fixture.with(.postgresql) { f in
            for _ in 0..<3 {
                try await PostgresAdministration.run(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
                    at: f.test.url)
                #expect(try await f.database.accept(f.acceptance()).name == "accepted")
                #expect(try await f.claim().begun.count == 1)
                try await f.database.write { tx in _ = try tx.run("UPDATE crm_businesses SET name = 'again'") }
            }
            #expect(f.database.statistics.reconnections > 0)
        }
    }

    @Test("a server that is away is answered at once, not waited for")
    func away() async throws {
        let configuration = DatabaseConfiguration(url: "postgresql:///nowhere?host=/nonexistent", clock: TestClock().wallClock)
        let error = await #expect(throws: DatabaseError.self) { _ = try await Database.open(configuration, logger: quiet) }
        guard case .unavailable(.disconnected, _) = error else { throw Refusal() }
    }
}
