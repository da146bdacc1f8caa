import Core
import Storage
import TestSupport
import Testing

@Suite("Businesses, API keys and the first start")
struct BusinessQueryTests {
    @Test("a business comes back as it was stored, and an update changes that one only", arguments: TestEngine.allCases)
    func roundTrip(_ engine: TestEngine) async throws {
        try await QueryWorld.with(engine) { world async throws in
            var business = QueryWorld.business(QueryWorld.ours)
            #expect(try await world.database.read { tx in try tx.business(QueryWorld.ours) } == business)

            business.name = "Ünïcode & Söhne"
            business.logoURL = "https://example.org/logo.png"
            business.hours.days = [7]
            let changed = business
            let updated = try await world.database.write { tx in try tx.updateBusiness(changed) }
            #expect(updated)
            #expect(try await world.database.read { tx in try tx.business(QueryWorld.ours) } == changed)
            #expect(try await world.database.read { tx in try tx.business(QueryWorld.theirs) } == QueryWorld.business(QueryWorld.theirs))
        }
    }

    @Test("the first start makes one business and one key; later starts make nothing", arguments: TestEngine.allCases)
    func bootstrap(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            let first = try #require(try await test.database.write { tx in try tx.bootstrap(chosenKey: nil) })
            let key = try #require(first.generatedKey)
            #expect(key.hasPrefix("rk_") && key.utf8.count == 46)
            let found = try await test.database.read { tx in try tx.validAPIKey(hash: APIKeySecret.hash(key)) }
            #expect(found?.business == first.business)
            #expect(found?.role == .admin)

            #expect(try await test.database.write { tx in try tx.bootstrap(chosenKey: nil) } == nil)
            #expect(try await test.database.read { tx in try tx.businessIDs() } == [first.business])
            let stored = try await test.database.read { tx in try tx.run("SELECT hint, name FROM crm_api_keys").map { try $0.text(0) } }
            #expect(stored == ["…" + key.suffix(4)])
        }
    }

    @Test("a business that was made before the first start takes nothing from the default one", arguments: TestEngine.allCases)
    func bootstrapBehindAnother(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            try await test.database.write { tx in try tx.insertBusiness(QueryWorld.business(QueryWorld.ours)) }
            let key = String(repeating: "k", count: 32)
            let first = try #require(try await test.database.write { tx in try tx.bootstrap(chosenKey: key) })
            #expect(first.business != QueryWorld.ours)
            #expect(try await test.database.read { tx in try tx.validAPIKey(hash: APIKeySecret.hash(key)) }?.business == first.business)
            #expect(try await test.database.write { tx in try tx.bootstrap(chosenKey: key) } == nil)
            #expect(try await test.database.read { tx in try tx.businessIDs() }.count == 2)
        }
    }

    @Test("two instances that start together make one business", arguments: TestEngine.allCases)
    func bootstrapRace(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            let database = test.database
            let made = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 { group.addTask { try await database.write { tx in try tx.bootstrap(chosenKey: nil) } != nil } }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(made == 1)
            #expect(try await database.read { tx in try tx.businessIDs().count } == 1)
        }
    }

    @Test("a key of one's own needs 32 visible characters and is not shown again", arguments: TestEngine.allCases)
    func chosenKey(_ engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { test in
            for bad in [
                "short", String(repeating: "k", count: 31), String(repeating: "ä", count: 40),
                "with space " + String(repeating: "k", count: 40),
            ] {
                await #expect(throws: Bootstrap.Failure.keyTooShort) {
                    try await test.database.write { tx in try tx.bootstrap(chosenKey: bad) }
                }
            }
            let key = String(repeating: "k", count: 32)
            let first = try #require(try await test.database.write { tx in try tx.bootstrap(chosenKey: key) })
            #expect(first.generatedKey == nil)
            #expect(try await test.database.read { tx in try tx.validAPIKey(hash: APIKeySecret.hash(key)) }?.business == first.business)
        }
    }

    @Test("a key is found until it expires or is revoked, and only its own business can revoke it", arguments: TestEngine.allCases)
    func keyLife(_ engine: TestEngine) async throws {
        try await QueryWorld.with(engine) { world async throws in
            let (lasting, expiring) = (APIKeySecret(), APIKeySecret())
            let end = world.clock.now.adding(seconds: 60)
            let key = try await world.database.write { tx in
                _ = try tx.createAPIKey(business: QueryWorld.ours, name: "expiring", secret: expiring, expiresAt: end)
                return try tx.createAPIKey(business: QueryWorld.ours, name: "lasting", secret: lasting)
            }
            func isValid(_ secret: APIKeySecret) async throws -> Bool {
                try await world.database.read { tx in try tx.validAPIKey(hash: secret.hash) } != nil
            }
            #expect(try await isValid(expiring))
            world.clock.advance(seconds: 60)
            #expect(try await !isValid(expiring))
            #expect(try await isValid(lasting))

            #expect(try await !world.database.write { tx in try tx.revokeAPIKey(key.id, business: QueryWorld.theirs) })
            #expect(try await isValid(lasting))
            #expect(try await world.database.write { tx in try tx.revokeAPIKey(key.id, business: QueryWorld.ours) })
            #expect(try await !isValid(lasting))
            #expect(try await !world.database.write { tx in try tx.revokeAPIKey(key.id, business: QueryWorld.ours) })

            let listed = try await world.database.read { tx in try tx.apiKeys(business: QueryWorld.ours) }
            #expect(listed.count == 2)
            #expect(listed.first { $0.name == "lasting" }?.revokedAt == world.clock.now)
            #expect(try await world.database.read { tx in try tx.apiKeys(business: QueryWorld.theirs) }.isEmpty)
        }
    }
}
