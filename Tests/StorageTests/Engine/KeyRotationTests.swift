import Core
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("Key rotation", .timeLimit(.minutes(5)))
struct KeyRotationTests {
    static let old = "a:\(EncryptionTests.first)"
    static let new = "b:\(EncryptionTests.second)"
    static let both = "\(new),\(old)"

    private func client(_ id: String, _ cipher: Cipher, business: BusinessID = Fixture.business) throws -> SealedClient {
        let clientID = try #require(ClientID(id))
        return SealedClient(
            id: clientID, name: nil, email: try cipher.seal("\(id)@example.org", .clientEmail(business, clientID)),
            emailHash: cipher.lookupHash(id, business: business), phoneNumber: try cipher.seal("+1\(id)", .clientPhone(business, clientID)),
            phoneHash: nil, language: nil, timezone: nil, tags: [], attributes: Array("{}".utf8), createdAt: Timestamp(milliseconds: 0),
            updatedAt: Timestamp(milliseconds: 0))
    }

    /// A store with `count` clients whose addresses the old key has sealed.
    private func with(
        _ engine: TestEngine, clients count: Int, faults: Faults? = nil, _ body: (TestDatabase, Cipher) async throws -> Void
    ) async throws {
        try await TestDatabase.with(engine, faults: faults) { test in
            let cipher = try await Cipher.open(test.database, keys: KeyRing(text: Self.old))
            try await Fixture(test: test).addBusiness(Fixture.business)
            let clients = try (0..<count).map { try client("c\($0)", cipher) }
            try await test.database.write { tx in for client in clients { _ = try tx.putClient(client, business: Fixture.business) } }
            try await body(test, try await Cipher.open(test.database, keys: KeyRing(text: Self.both)))
        }
    }

    private func expectAll(_ count: Int, _ test: TestDatabase, open cipher: Cipher) async throws {
        let clients = try await test.database.read { tx in try tx.clients(ClientSearch(), business: Fixture.business, limit: 10_000) }
        #expect(clients.count == count)
        for client in clients {
            let email = try #require(client.email)
            #expect(try cipher.open(email, .clientEmail(Fixture.business, client.id)) == "\(client.id.text)@example.org")
            #expect(!cipher.needsRotation(email))
            let phone = try #require(client.phoneNumber)
            #expect(try cipher.open(phone, .clientPhone(Fixture.business, client.id)) == "+1\(client.id.text)")
        }
    }

    @Test("afterwards the new key alone opens everything, and the census knows no other", arguments: TestEngine.allCases)
    func whole(_ engine: TestEngine) async throws {
        try await with(engine, clients: 612) { test, cipher in
            #expect(try await KeyCensus.take(test.database).first { $0.column == "crm_clients.email" }?.values == ["a": 612])
            let progress = try await KeyRotation(database: test.database, cipher: cipher).run()
            #expect(progress.state == .complete)
            #expect(progress.moved == 1224)
            #expect(progress.pass == 2)
            for census in try await KeyCensus.take(test.database) {
                #expect(census.values.keys.allSatisfy { $0 == "b" } && census.damaged == 0, "\(census)")
            }
            try await expectAll(612, test, open: try await Cipher.open(test.database, keys: KeyRing(text: Self.new)))
        }
    }

    @Test("killed after every single step, the next process goes on from there", arguments: TestEngine.allCases)
    func resumed(_ engine: TestEngine) async throws {
        try await with(engine, clients: 300) { test, cipher in
            let begun = try await KeyRotation(database: test.database, cipher: cipher).begin()
            #expect(begun.state == .running)
            var steps = 0
            var state = begun.state
            while state == .running {
                // A new one each time, as after a kill: all it knows stands in the database.
                let rotation = KeyRotation(database: test.database, cipher: cipher)
                #expect(try await rotation.isUnderWay())
                #expect(try await rotation.begin().startedAt == begun.startedAt)
                state = try await rotation.step().state
                steps += 1
                try #require(steps < 200)
            }
            #expect(state == .complete)
            try await expectAll(300, test, open: cipher)
        }
    }

    @Test("a change that comes between reading and replacing a value stays as it was written", arguments: TestEngine.allCases)
    func concurrent(_ engine: TestEngine) async throws {
        try await with(engine, clients: 40) { test, cipher in
            // Two rotations at once, and writers that change every client meanwhile, also with the old key.
            let old = try await Cipher.open(test.database, keys: KeyRing(text: "\(Self.old),\(Self.new)"))
            let rotation = KeyRotation(database: test.database, cipher: cipher)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { _ = try await rotation.run() } }
                for number in 0..<40 {
                    let ciphers = number % 2 == 0 ? cipher : old
                    let changed = try client("c\(number)", ciphers)
                    group.addTask {
                        try await test.database.write { tx in _ = try tx.putClient(changed, business: Fixture.business) }
                    }
                }
                try await group.waitForAll()
            }
            // What the old key wrote behind the last pass is found by another rotation.
            #expect(try await rotation.run().state == .complete)
            try await expectAll(40, test, open: cipher)
        }
    }

    @Test("an instance starts while another finds that a key is not in use any more", arguments: TestEngine.allCases)
    func settled(_ engine: TestEngine) async throws {
        try await with(engine, clients: 1) { test, _ in
            let other = engine == .postgresql ? try await test.openAnother() : test.database
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for _ in 0..<150 {
                        _ = try await Cipher.open(test.database, keys: KeyRing(text: "\(Self.old),\(Self.new)"))
                        try await test.database.write { tx in _ = try tx.run("DELETE FROM rapport_meta WHERE key = 'key_in_use:a'") }
                    }
                }
                group.addTask { for _ in 0..<300 { _ = try await Cipher.open(other, keys: KeyRing(text: Self.both)) } }
                try await group.waitForAll()
            }
            if engine == .postgresql { await other.close() }
            let left = try await test.database.read { tx in
                try tx.run("SELECT key FROM rapport_meta WHERE key LIKE 'key_in_use:%'").map { try $0.text(0) }
            }
            #expect(left == ["key_in_use:b"])
        }
    }

    @Test("a step whose commit fails, or is reported as failed, is done again without harm", arguments: TestEngine.allCases)
    func faults(_ engine: TestEngine) async throws {
        let faults = Faults()
        try await with(engine, clients: 300, faults: faults) { test, cipher in
            let rotation = KeyRotation(database: test.database, cipher: cipher)
            _ = try await rotation.begin()
            var failures = 0
            var state = KeyRotationProgress.State.running
            while state == .running {
                let error = DatabaseError.unavailable(.timeout, details: "test")
                faults.inject(failures % 2 == 0 ? .fail(error) : .doneButReportedAs(error), at: .commit)
                do {
                    state = try await rotation.step().state
                } catch is DatabaseError {
                    failures += 1
                    state = try await rotation.step().state
                }
                try #require(failures < 500)
            }
            #expect(failures > 5)
            try await expectAll(300, test, open: cipher)
        }
    }

    @Test("values in each other's place are found, and the old key must stay", arguments: TestEngine.allCases)
    func swapped(_ engine: TestEngine) async throws {
        try await with(engine, clients: 4) { test, cipher in
            try await test.database.write { tx in
                try tx.run("UPDATE crm_clients SET phone_number = email WHERE client_id = 'c1'")
                let email = try #require(try tx.run("SELECT email FROM crm_clients WHERE client_id = 'c2'").first?.bytes(0))
                try tx.run("UPDATE crm_clients SET email = \(email) WHERE client_id = 'c3'")
            }
            let progress = try await KeyRotation(database: test.database, cipher: cipher).run()
            #expect(progress.state == .incomplete)
            #expect(progress.unreadable == 2)
            #expect(progress.firstUnreadable?.contains("c3") == true)
            let error = await #expect(throws: DatabaseError.self) {
                _ = try await Cipher.open(test.database, keys: KeyRing(text: Self.new))
            }
            #expect("\(error.map(\.description) ?? "")".contains("'a'"))
        }
    }

    @Test("a new key is in the file before anything is sealed with it, and old ones go when nothing is")
    func keyFile() async throws {
        let path = NSTemporaryDirectory() + "/rapport-key-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try KeyRing.loadOrGenerate(at: path).keys
        try await TestDatabase.with(.sqlite) { test in
            let cipher = try await Cipher.open(test.database, keys: first)
            try await Fixture(test: test).addBusiness(Fixture.business)
            let one = try client("c1", cipher)
            try await test.database.write { tx in _ = try tx.putClient(one, business: Fixture.business) }
            let keeper = KeyKeeper(database: test.database, cipher: cipher, source: .file(path: path))
            _ = try await keeper.begin(newKey: true, droppingOldKeys: true)
            #expect(try KeyRing.load(at: path).names == ["k2", "k1"])
            #expect(cipher.keys.names == ["k2", "k1"])
            // Asked again before the end: no third key.
            _ = try await keeper.begin(newKey: true, droppingOldKeys: false)
            #expect(try KeyRing.load(at: path).names == ["k2", "k1"])
            #expect(!cipher.needsRotation(try client("c2", cipher).email ?? SealedValue(bytes: [])))
            let progress = try await keeper.rotation.run()
            #expect(progress.state == .complete && progress.dropsOldKeys)
            try keeper.finish(progress)
            let left = try KeyRing.load(at: path)
            #expect(left.names == ["k2"])
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            try await expectAll(1, test, open: try await Cipher.open(test.database, keys: left))
            // A name is never used again: what an older backup holds under it has another key.
            let opened = try await Cipher.open(test.database, keys: left)
            _ = try await KeyKeeper(database: test.database, cipher: opened, source: .file(path: path))
                .begin(newKey: true, droppingOldKeys: false)
            #expect(try KeyRing.load(at: path).names == ["k3", "k2"])
        }
    }

    @Test("keys of a setting are not ours to make")
    func setting() async throws {
        try await with(.sqlite, clients: 0) { test, cipher in
            let keeper = KeyKeeper(database: test.database, cipher: cipher, source: .setting)
            await #expect(throws: KeyRotationRefusal.self) { try await keeper.begin(newKey: true, droppingOldKeys: false) }
            await #expect(throws: KeyRotationRefusal.self) { try await keeper.begin(newKey: false, droppingOldKeys: true) }
        }
    }

    @Test("no rotation begins while another instance writes with another key; with the same key it does")
    func peers() async throws {
        try await with(.postgresql, clients: 0) { test, cipher in
            let other = try await test.openAnother()
            let behind = KeyKeeper(
                database: other, cipher: try await Cipher.open(other, keys: KeyRing(text: "\(Self.old),\(Self.new)")), source: .setting)
            other.peers.join()
            while try await test.database.peers.others().isEmpty { await Task.yield() }
            let keeper = KeyKeeper(database: test.database, cipher: cipher, source: .setting)
            await #expect(throws: KeyRotationRefusal.self) { try await keeper.begin(newKey: false, droppingOldKeys: false) }
            _ = behind
            let ahead = KeyKeeper(database: other, cipher: try await Cipher.open(other, keys: KeyRing(text: Self.both)), source: .setting)
            #expect(try await keeper.begin(newKey: false, droppingOldKeys: false).state == .running)
            _ = ahead
            await other.close()
        }
    }
}
