import Core
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct EncryptionTests {
    static let first = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    static let second = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    private func withCipher(_ engine: TestEngine, _ body: (TestDatabase, Cipher) async throws -> Void) async throws {
        try await TestDatabase.with(engine) { test in
            try await body(test, try await Cipher.open(test.database, keys: KeyRing(text: "a:" + Self.first)))
        }
    }

    private func place(_ row: String, business: BusinessID = Fixture.business) -> SealContext {
        SealContext(table: "crm_clients", column: "email", business: business, row: row)
    }

    @Test("a sealed value opens in its place only: not in another row, column, business, nor changed by a bit")
    func bound() async throws {
        try await withCipher(.sqlite) { test, cipher in
            let sealed = try cipher.seal("ada@example.org", place("ada"))
            #expect(try cipher.open(sealed, place("ada")) == "ada@example.org")
            #expect(!String(decoding: sealed.bytes, as: UTF8.self).contains("example"))
            #expect(throws: DatabaseError.self) { try cipher.open(sealed, place("bob")) }
            #expect(throws: DatabaseError.self) { try cipher.open(sealed, place("ada", business: UUIDv7(at: test.clock.now))) }
            var column = place("ada")
            column.column = "phone_number"
            let error = #expect(throws: DatabaseError.self) { try cipher.open(sealed, column) }
            #expect("\(try #require(error))".contains("\(column.table).phone_number of \(column.row)"), "it must be found to be mended")
            for index in sealed.bytes.indices {
                var bytes = sealed.bytes
                bytes[index] ^= 1
                #expect(throws: DatabaseError.self) { try cipher.open(SealedValue(bytes: bytes), place("ada")) }
            }
            for length in 0..<sealed.bytes.count {
                #expect(throws: DatabaseError.self) {
                    try cipher.open(SealedValue(bytes: Array(sealed.bytes.prefix(length))), place("ada"))
                }
            }
            #expect(try cipher.seal("ada@example.org", place("ada")) != sealed)
        }
    }

    @Test("a wrong or missing key stops the start with a line that names the setting", arguments: TestEngine.allCases)
    func wrongKey(_ engine: TestEngine) async throws {
        try await withCipher(engine) { test, _ in
            for text in ["a:" + Self.second, "b:" + Self.second] {
                let error = await #expect(throws: DatabaseError.self) {
                    _ = try await Cipher.open(test.database, keys: KeyRing(text: text))
                }
                guard case .misconfigured(let line) = error else { throw Refusal() }
                #expect(line.hasPrefix("DB_ENCRYPTION_KEY"))
                #expect(!line.contains(Self.second))
            }
        }
    }

    @Test("keys rotate: the new one writes, both read, look-up hashes stay", arguments: TestEngine.allCases)
    func rotation(_ engine: TestEngine) async throws {
        try await withCipher(engine) { test, old in
            let sealed = try old.seal("x", place("ada"))
            let both = try await Cipher.open(test.database, keys: KeyRing(text: "b:\(Self.second),a:\(Self.first)"))
            #expect(try both.open(sealed, place("ada")) == "x")
            #expect(both.needsRotation(sealed))
            let fresh = try both.seal("x", place("ada"))
            #expect(!both.needsRotation(fresh))
            #expect(both.lookupHash("x", business: Fixture.business) == old.lookupHash("x", business: Fixture.business))
            #expect(both.lookupHash("x", business: UUIDv7(at: test.clock.now)) != old.lookupHash("x", business: Fixture.business))
            await #expect(throws: DatabaseError.self, "the old key is needed still") {
                _ = try await Cipher.open(test.database, keys: KeyRing(text: "b:\(Self.second)"))
            }
            await #expect(throws: DatabaseError.self, "the new key was in use") {
                _ = try await Cipher.open(test.database, keys: KeyRing(text: "a:\(Self.first)"))
            }
            #expect(try await KeyRotation(database: test.database, cipher: both).run().state == .complete)
            let new = try await Cipher.open(test.database, keys: KeyRing(text: "b:\(Self.second)"))
            #expect(new.lookupHash("x", business: Fixture.business) == old.lookupHash("x", business: Fixture.business))
            #expect(try new.open(fresh, place("ada")) == "x")
            #expect(throws: DatabaseError.self) { try new.open(sealed, place("ada")) }
        }
    }

    @Test(
        "a key that is none is refused by name",
        arguments: ["", "abc", "a:AAECAw==", "a b:\(first)", "a:\(first),a:\(second)", ":\(first)"])
    func malformed(_ text: String) throws {
        let error = #expect(throws: DatabaseError.self) { try KeyRing(text: text) }
        guard case .misconfigured(let line) = error else { throw Refusal() }
        #expect(line.hasPrefix("DB_ENCRYPTION_KEY: "))
        #expect(!line.contains(Self.first))
    }

    @Test("a key file that others can read or write is refused with its name", arguments: [0o604, 0o602, 0o620, 0o644, 0o666])
    func openKeyFile(mode: Int) throws {
        let path = NSTemporaryDirectory() + "/rapport-key-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try KeyRing.generateFile(at: path)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let error = #expect(throws: DatabaseError.self) { try KeyRing.load(at: path) }
        guard case .misconfigured(let line) = error else { throw Refusal() }
        #expect(line.hasPrefix("DB_ENCRYPTION_KEY: ") && line.contains(path) && line.contains("0600"))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        _ = try KeyRing.load(at: path)
    }

    @Test("a key file is made once, for its owner alone, and read again")
    func keyFile() async throws {
        let path = NSTemporaryDirectory() + "/rapport-key-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (made, isNew) = try KeyRing.loadOrGenerate(at: path)
        #expect(isNew)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let (again, isNewAgain) = try KeyRing.loadOrGenerate(at: path)
        #expect(!isNewAgain)
        #expect(throws: DatabaseError.self) { try KeyRing.generateFile(at: path) }
        try await TestDatabase.with(.sqlite) { test in
            let sealed = try await Cipher.open(test.database, keys: made).seal("x", place("ada"))
            #expect(try await Cipher.open(test.database, keys: again).open(sealed, place("ada")) == "x")
        }
    }
}
