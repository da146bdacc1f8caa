import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("Accounts in the store")
struct AccountQueryTests {
    private static func open(_ store: TestDatabase) async throws -> (Cipher, BusinessID) {
        let key = Data((0..<32).map { UInt8($0) }).base64EncodedString()
        let cipher = try await Cipher.open(store.database, keys: KeyRing(text: key))
        let business = try await store.database.write { tx in
            let business = Business(
                id: UUIDv7(at: tx.now), name: "B", postalAddress: "", supportEmail: "", timezone: "UTC", hours: .standard,
                defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
            try tx.insertBusiness(business)
            return business.id
        }
        return (cipher, business)
    }

    @Test("names and addresses are unreadable in the tables, and bound to their rows", arguments: TestEngine.allCases)
    func sealed(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let (_, business) = try await Self.open(store)
            let (ada, eve) = try await store.database.write { tx in
                let ada = try tx.createUser(email: "Ada@example.org", name: "Ada Lovelace", passwordHash: nil)
                let eve = try tx.createUser(email: "eve@example.org", name: "Eve", passwordHash: nil)
                _ = try tx.createInvitation(email: "bob@example.org", role: .agent, business: business, token: AccountToken())
                return (ada, eve)
            }
            try await store.database.read { tx in
                #expect(try tx.user(email: "ADA@EXAMPLE.ORG") == ada)
                #expect(try tx.user(ada.id)?.name == "Ada Lovelace")
                for sql in ["SELECT email, name, email_hash FROM crm_users", "SELECT email, email_hash, token_hash FROM crm_invitations"]
                    as [SQL]
                {
                    for row in try tx.run(sql) {
                        for column in 0..<3 {
                            let text = String(decoding: try row.bytes(column), as: UTF8.self)
                            #expect(!text.contains("Ada") && !text.contains("example") && !text.contains("Eve"))
                        }
                    }
                }
            }
            try await store.database.write { tx in
                let stolen = try tx.run("SELECT email FROM crm_users WHERE user_id = \(ada.id)").first?.bytes(0)
                try tx.execute("UPDATE crm_users SET email = \(stolen) WHERE user_id = \(eve.id)")
            }
            await #expect(throws: DatabaseError.self) { try await store.database.read { tx in try tx.user(eve.id) } }
            await #expect(throws: DatabaseError.self) {
                try await store.database.write { tx in try tx.createUser(email: "ADA@example.org", name: "x", passwordHash: nil) }
            }
        }
    }

    @Test("tries are counted over all instances; a household has one address", arguments: [TestEngine.postgresql])
    func limits(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let (cipher, _) = try await Self.open(store)
            let other = try await store.openAnother()
            let account = cipher.userEmailHash("ada@example.org")
            let limits = SignInLimit.all(account: account, address: "2001:db8:1:2::5", cipher)
            #expect(limits == SignInLimit.all(account: account, address: "2001:db8:1:2:aaaa::1", cipher))
            #expect(limits != SignInLimit.all(account: account, address: "2001:db8:1:3::5", cipher))
            for index in 0..<5 {
                let database = index % 2 == 0 ? store.database : other
                #expect(try await database.write { tx in try tx.beginSignInAttempt(limits).lockedUntil } == nil)
            }
            let end = try await other.write { tx in try tx.beginSignInAttempt(limits).lockedUntil }
            #expect(end == store.clock.now.adding(seconds: 2))
            // From elsewhere the owner still comes in.
            let elsewhere = SignInLimit.all(account: account, address: "192.0.2.1", cipher)
            #expect(try await other.write { tx in try tx.beginSignInAttempt(elsewhere).lockedUntil } == nil)
            store.clock.advance(seconds: SignInLimit.memorySeconds + 5)
            #expect(try await other.write { tx in try tx.beginSignInAttempt(limits).lockedUntil } == nil)
            #expect(try await other.write { tx in try tx.beginSignInAttempt(limits).lockedUntil } == nil)
            await other.close()
        }
    }

    @Test("waits double up to their longest")
    func delays() {
        let limit = SignInLimit(subject: [], free: 5, longest: 900, isForgottenOnSuccess: true)
        #expect([0, 4, 5, 6, 7, 13, 14, 1_000, .max].map(limit.delay) == [0, 0, 2, 4, 8, 512, 900, 900, 900])
        #expect(SignInLimit.network("::1") == SignInLimit.network("::1"))
        for address in ["", ":", "::", ":::::", "1:2:3:4:5:6:7:8", "fe80::1%eth0"] { _ = SignInLimit.network(address) }
    }

    @Test("of two uses of one token at once, one works", arguments: TestEngine.allCases)
    func once(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let (_, business) = try await Self.open(store)
            let (reset, invite) = (AccountToken(), AccountToken())
            let (user, invitation) = try await store.database.write { tx in
                let user = try tx.createUser(email: "ada@example.org", name: "Ada", passwordHash: nil)
                try tx.createPasswordReset(user: user.id, token: reset)
                return (user, try tx.createInvitation(email: "ada@example.org", role: .agent, business: business, token: invite))
            }
            let open = try #require(invitation)
            let counts = try await withThrowingTaskGroup(of: (Bool, Bool).self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let used = try await store.database.write { tx in try tx.usePasswordReset(tokenHash: reset.hash) }
                        return (used, try await store.database.write { tx in try tx.acceptInvitation(open, as: user.id) })
                    }
                }
                return try await group.reduce(into: (0, 0)) { counts, one in
                    counts.0 += one.0 ? 1 : 0
                    counts.1 += one.1 ? 1 : 0
                }
            }
            #expect(counts == (1, 1))
        }
    }
}
