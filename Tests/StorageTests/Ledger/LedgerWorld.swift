import Core
import Crypto
import TestSupport
import Testing

@testable import Storage

/// A store with an open cipher and entries in its ledgers.
struct LedgerWorld {
    static let business = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0001)
    static let stranger = UUIDv7(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0002)
    static let key = Actor(.key, id: "0198c0de-0000-7000-8000-000000000001", name: "till")
    static let audit = LedgerPlace(business: business, ledger: .audit)
    static let consent = LedgerPlace(business: business, ledger: .consent)

    let test: TestDatabase
    let cipher: Cipher
    var database: Database { test.database }

    static func with<T>(_ engine: TestEngine, _ body: (LedgerWorld) async throws -> T) async throws -> T {
        try await TestDatabase.with(engine) { test in
            let cipher = try await Cipher.open(test.database, keys: keys)
            return try await body(LedgerWorld(test: test, cipher: cipher))
        }
    }

    static let keys: KeyRing = {
        // 32 bytes in base64: a constant that is known to parse.
        try! KeyRing(text: "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    }()

    static func client(_ text: String) -> ClientID { ClientID(text)! }

    func audit(_ count: Int, client: String? = "ada", business: BusinessID = business) async throws {
        for number in 0..<count {
            try await database.write { tx in
                try tx.audit(
                    AuditEntry(
                        actor: Self.key, action: "client.put", target: client, client: client.map(Self.client), remoteAddress: "192.0.2.7",
                        details: Array(#"{"number":\#(number)}"#.utf8)),
                    business: business)
            }
            test.clock.advance(milliseconds: 7)
        }
    }

    func consent(_ client: String, _ decision: ConsentEntry.Decision = .withdrawn) async throws {
        try await database.write { tx in
            try tx.record(
                ConsentEntry(
                    client: Self.client(client), purpose: .marketing, channel: .email, decision: decision,
                    source: ConsentSource(
                        .unsubscribe, by: Actor(.client, id: client), from: "192.0.2.9", wording: "No more <b>offers</b>?",
                        wordingVersion: "unsubscribe/en/1")),
                business: Self.business)
        }
        test.clock.advance(milliseconds: 7)
    }

    func verify(_ place: LedgerPlace = audit, step: Int = 3) async throws -> LedgerReport {
        try await database.verifyLedger(place, step: step)
    }

    func findings(_ place: LedgerPlace = audit) async throws -> [LedgerFinding] {
        try await verify(place).findings
    }

    /// Does to the tables what somebody with the database's password could.
    func tamper(_ sql: SQL) async throws {
        let changed = try await database.write { tx in try tx.execute(sql) }
        try #require(changed > 0)
    }
}
