import Core
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct DatabaseTests {
    @Test("every kind of value comes back as it was bound", arguments: TestEngine.allCases)
    func values(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            let id = UUIDv7(at: test.clock.now)
            let early = Timestamp(milliseconds: -62_000_000_000_001)
            try await test.database.write { tx in
                _ = try tx.run(
                    """
                    INSERT INTO crm_businesses (business_id, name, logo_url, created_at, updated_at)
                    VALUES (\(id), \("Zoë's \u{1F600} \\ \"$1\""), \(String?.none), \(early), \(tx.now))
                    """)
                let changed = try tx.execute(
                    """
                    INSERT INTO crm_clients (business_id, client_id, email, phone_number, attributes, created_at, updated_at)
                    VALUES (\(id), 'a', \([UInt8](0...255)), \([UInt8]()), \(json: Array(#"{"a":1}"#.utf8)), \(tx.now), \(tx.now))
                    """)
                #expect(changed == 1)
                #expect(try tx.execute("UPDATE crm_clients SET name = 'x' WHERE client_id = \("nobody")") == 0)
            }
            let rows = try await test.database.read { tx in
                #expect(tx.now == test.clock.now)
                return try tx.run(
                    """
                    SELECT b.business_id, b.name, b.logo_url, b.created_at, c.email, c.phone_number, c.attributes, COUNT(*), SUM(12345678),
                        AVG(2.5), \(true) AS flag
                    FROM crm_businesses b JOIN crm_clients c ON c.business_id = b.business_id
                    GROUP BY b.business_id, b.name, b.logo_url, b.created_at, c.email, c.phone_number, c.attributes
                    """)
            }
            let row = try #require(rows.first)
            #expect(try row.uuid(0) == id)
            #expect(try row.text(1) == "Zoë's \u{1F600} \\ \"$1\"")
            #expect(try row.textOrNil(2) == nil)
            #expect(try row.time(3) == early)
            #expect(try row.bytes(4) == [UInt8](0...255))
            #expect(try row.bytes(5) == [])
            #expect(try JSONSerialization.jsonObject(with: Data(try row.json(6))) as? [String: Int] == ["a": 1])
            #expect(try row.int(7) == 1)
            #expect(try row.int(8) == 12_345_678)
            #expect(try row.double(9) == 2.5)
            #expect(try row.bool(10))
            #expect(throws: DatabaseError.self) { try row.int(1) }
            #expect(throws: DatabaseError.self) { try row.text(11) }
        }
    }

    @Test("what a closure throws undoes what it wrote", arguments: TestEngine.allCases)
    func undo(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            await #expect(throws: Refusal.self) {
                try await f.database.write { tx in
                    _ = try tx.run("DELETE FROM crm_businesses")
                    throw Refusal()
                }
            }
            let left = try await f.count("crm_businesses")
            #expect(left == 1)
        }
    }

    @Test("the schema's rules come back by kind and name", arguments: TestEngine.allCases)
    func constraints(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            @Sendable func violation(_ sql: SQL) async -> ConstraintViolation.Kind? {
                do {
                    try await f.database.write { tx in _ = try tx.run(sql) }
                    return nil
                } catch {
                    guard case .constraint(let violation) = error as? DatabaseError else { return nil }
                    return violation.name.isEmpty ? nil : violation.kind
                }
            }
            let now = f.now
            #expect(await violation("INSERT INTO rapport_migrations (name, applied_at) VALUES ('001_initial', 1)") == .unique)
            #expect(
                await violation(
                    """
                    INSERT INTO crm_suppressions (business_id, channel, address_hash, reason, created_at)
                    VALUES (\(Fixture.business), 'fax', \([UInt8(1)]), '', \(now))
                    """) == .check)
            #expect(await violation("UPDATE crm_businesses SET name = NULL") == .notNull)
            _ = try await f.count("crm_businesses")
        }
    }

    @Test("a schema of a newer release is refused by name", arguments: TestEngine.allCases)
    func newerSchema(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            try await test.database.migrate()
            try await test.database.write { tx in
                _ = try tx.run("INSERT INTO rapport_migrations (name, applied_at) VALUES ('999_future', 1)")
            }
            await #expect(throws: DatabaseError.schemaTooNew(found: "999_future")) { try await test.database.migrate() }
        }
    }

    @Test("several instances may migrate at once")
    func concurrentMigration() async throws {
        try await TestDatabase.with(.postgresql, migrate: false) { test in
            let second = try await test.openAnother()
            async let first: Void = test.database.migrate()
            try await second.migrate()
            try await first
            await second.close()
        }
    }

    @Test("SQLite keeps every acknowledged commit: full synchronisation is read back from the writer")
    func sqliteDurability() async throws {
        try await TestDatabase.with(.sqlite) { test in
            let (synchronous, journal, keys) = try await test.database.write { tx in
                (
                    try tx.run("PRAGMA synchronous")[0].int(0), try tx.run("PRAGMA journal_mode")[0].text(0),
                    try tx.run("PRAGMA foreign_keys")[0].int(0)
                )
            }
            #expect(synchronous == 2)
            #expect(journal == "wal")
            #expect(keys == 1)
        }
    }

    @Test("PostgreSQL with a durability setting off is refused by name")
    func postgresDurability() async throws {
        try await TestDatabase.with(.postgresql) { test in
            // The test server has fsync off.
            let configuration = DatabaseConfiguration(url: test.url, clock: test.clock.wallClock)
            let error = await #expect(throws: DatabaseError.self) { _ = try await Database.open(configuration, logger: quiet) }
            guard case .misconfigured(let line) = error else { throw Refusal() }
            #expect(line.contains("fsync"))
        }
    }

    @Test("an error shows what it means to everybody, and the engine's own words to the log alone")
    func words() {
        let error = DatabaseError.statement(code: "42P01", details: "relation \"x\" does not exist")
        #expect("\(error)" == "The database did not accept a statement.")
        #expect(String(reflecting: error) == "The database did not accept a statement. (42P01 relation \"x\" does not exist)")
        let line = DatabaseError.misconfigured("PORT: wrong.")
        #expect(String(reflecting: line) == "\(line)")
    }

    @Test("a PostgreSQL server that takes no connection is an error, every time anew, and no more than that")
    func postgresAway() async throws {
        let missing = try await TestDatabase.freshURL(.postgresql)
        try await TestDatabase.remove(missing, .postgresql)
        let nobody = "postgresql://user:secret@127.0.0.1:1/rapport"
        for url in [nobody, missing, nobody, missing] {
            let configuration = DatabaseConfiguration(url: url, clock: TestClock().wallClock)
            let error = await #expect(throws: DatabaseError.self) { _ = try await Database.open(configuration, logger: quiet) }
            guard case .unavailable(.disconnected, let details) = error else { throw Refusal() }
            #expect(!details.contains("secret"))
        }
    }

    @Test("a second process is kept away from a SQLite file until the first one closes it")
    func processLock() async throws {
        let url = try await TestDatabase.freshURL(.sqlite)
        let first = try await TestDatabase.open(url, clock: TestClock())
        let error = await #expect(throws: DatabaseError.self) { _ = try await TestDatabase.open(url, clock: TestClock()) }
        guard case .lockedByAnotherProcess = error else { throw Refusal() }
        await first.close()
        let second = try await TestDatabase.open(url, clock: TestClock())
        await second.close()
        try await TestDatabase.remove(url, .sqlite)
    }

    @Test("a record is kept although its task was cancelled", arguments: TestEngine.allCases)
    func recordSurvives(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let id = try await f.acceptDue()[0]
            _ = try await f.claim()
            try await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await f.database.record { tx in _ = try tx.run("UPDATE crm_businesses SET name = 'recorded'") }
                _ = try await f.database.finish([f.outcome(id, .sent(providerMessageID: nil, response: nil))])
            }.value
            #expect(try await f.status(id) == .sent)
            #expect(try await f.database.read { tx in try tx.run("SELECT name FROM crm_businesses")[0].text(0) } == "recorded")
        }
    }

    @Test("too many waiting requests are refused at once, the others are served")
    func overload() async throws {
        try await Fixture.with(.sqlite) { f in
            await f.database.close()
            let small = try await f.test.openAnother(mailboxLimit: 4)
            let (started, start) = AsyncStream.makeStream(of: Void.self)
            let gate = DispatchSemaphore(value: 0)
            async let blocker: Void = small.write { _ in
                start.finish()
                gate.wait()
            }
            for await _ in started {}
            let refused = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        do {
                            _ = try await small.accept(f.acceptance())
                            return false
                        } catch {
                            guard case .unavailable(.overloaded, _) = error as? DatabaseError else { return false }
                            return true
                        }
                    }
                }
                // Six are refused while the writer is busy; only then it goes on.
                var refused = 0
                for await wasRefused in group {
                    if wasRefused { refused += 1 }
                    if refused == 6 { gate.signal() }
                }
                return refused
            }
            try await blocker
            #expect(refused == 6)
            await small.close()
        }
    }

    @Test("after a crash on SQLite the leases of the dead are due at once, with their outcome unknown")
    func abandonedLeases() async throws {
        try await Fixture.with(.sqlite) { f in
            let id = try await f.acceptDue()[0]
            _ = try await f.claim(token: 1)
            #expect(try await f.database.releaseAbandonedLeases() == 1)
            #expect(try await f.claim(token: 2).begun.first?.unknownSince == f.now)
            #expect(try await f.events(id) == ["attempt_unknown"])
        }
    }

    @Test("listeners hear of due rows, over instances too", arguments: TestEngine.allCases)
    func wakeUps(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let second = engine == .postgresql ? try await f.test.openAnother() : f.database
            var signals = second.wakeUps().makeAsyncIterator()
            // The listening connection may not be there yet; a row a turn until it is.
            let feeder = Task {
                while !Task.isCancelled {
                    try await f.acceptDue()
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            await signals.next()
            feeder.cancel()
            _ = await feeder.result
            if engine == .postgresql { await second.close() }
        }
    }

    @Test("readiness is proven by a write", arguments: TestEngine.allCases)
    func writable(_ engine: TestEngine) async throws {
        let faults = Faults()
        try await Fixture.with(engine, faults: faults) { f in
            try await f.database.checkWritable()
            faults.inject(.fail(.unavailable(.notWritable, details: "disk full")), at: .commit)
            await #expect(throws: DatabaseError.self) { try await f.database.checkWritable() }
            try await f.database.checkWritable()
        }
    }
}
