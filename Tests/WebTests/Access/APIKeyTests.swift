import Core
import Foundation
import Logging
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Web

@Suite("API keys")
struct APIKeyTests {
    private static let path = "/api/crm/api-keys"

    /// Makes a key as `api` may, and gives its id and text.
    private static func make(_ api: API, _ body: String) async throws -> (id: String, key: String) {
        let reply = try await api.post(path, body)
        try #require(reply.status == 201, "\(reply.text)")
        return (try #require(try reply.string("key_id")), try #require(try reply.string("key")))
    }

    @Test("a key may do exactly what its scopes say", arguments: TestEngine.allCases)
    func scopes(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let made = try await Self.make(api, #"{"name":"reader","scopes":["clients:read","communications:read"]}"#)
            let reader = api.with(key: made.key)
            #expect(try await reader.get("/api/crm/clients").status == 200)
            #expect(try await reader.get("/api/crm/communications").status == 200)
            try await reader.put("/api/crm/clients/c", #"{"name":"Ada"}"#).expectProblem(403, "forbidden")
            try await reader.get("/api/crm/business").expectProblem(403, "forbidden")
            try await reader.get(Self.path).expectProblem(403, "forbidden")
            try await reader.post(Self.path, #"{"name":"x","role":"viewer"}"#).expectProblem(403, "forbidden")
        }
    }

    @Test("a key may do what its role may", arguments: [(Role.viewer, 403, 403), (.agent, 200, 403), (.admin, 200, 200)])
    func roles(role: Role, writesClients: Int, writesSettings: Int) async throws {
        try await World.run { _, api in
            _ = try await api.put("/api/crm/clients/c", "{}")
            let made = try await Self.make(api, #"{"name":"r","role":"\#(role.rawValue)"}"#)
            let other = api.with(key: made.key)
            #expect(try await other.get("/api/crm/clients/c").status == 200)
            #expect(try await other.put("/api/crm/clients/c", #"{"name":"Ada"}"#).status == writesClients)
            #expect(try await other.put("/api/crm/business", #"{"name":"B"}"#).status == writesSettings)
        }
    }

    @Test("nobody gives a key more than they may do themselves, nor a longer life")
    func escalation() async throws {
        try await World.run { world, api in
            let end = world.clock.now.adding(seconds: 3_600).rfc3339
            let made = try await Self.make(
                api, #"{"name":"maker","scopes":["accounts:write","clients:read"],"expires_at":"\#(end)"}"#)
            let maker = api.with(key: made.key)
            for wish in [
                #"{"name":"x","role":"admin"}"#, #"{"name":"x","role":"viewer"}"#,
                #"{"name":"x","scopes":["clients:read","clients:erase"]}"#,
            ] {
                let reply = try await maker.post(Self.path, wish)
                try reply.expectProblem(422, "validation")
                #expect(try reply.fields.contains { $0 == "role" || $0 == "scopes" })
            }
            let forever = try await maker.post(Self.path, #"{"name":"x","scopes":["clients:read"]}"#)
            #expect(try forever.status == 422 && forever.fields == ["expires_at"])
            let later = world.clock.now.adding(seconds: 3_601).rfc3339
            let longer = try await maker.post(Self.path, #"{"name":"x","scopes":["clients:read"],"expires_at":"\#(later)"}"#)
            #expect(try longer.status == 422 && longer.fields == ["expires_at"])
            let child = try await Self.make(maker, #"{"name":"x","scopes":["clients:read"],"expires_at":"\#(end)"}"#)
            #expect(try await api.with(key: child.key).get("/api/crm/clients").status == 200)
        }
    }

    @Test("what can not be made is named")
    func validation() async throws {
        try await World.run { _, api in
            let cases: [(String, [String])] = [
                ("{}", ["name", "scopes"]), (#"{"name":"a","role":"owner"}"#, ["role"]), (#"{"name":"a","scopes":[]}"#, ["scopes"]),
                (#"{"name":"a","scopes":["clients:*"]}"#, ["scopes[0]"]),
                (#"{"name":"a","role":"viewer","scopes":["clients:read"]}"#, ["role"]),
                (#"{"name":"a","role":"viewer","expires_at":"2001-01-01T00:00:00Z"}"#, ["expires_at"]),
                (#"{"name":"a","role":"viewer","expires_at":"tomorrow"}"#, ["expires_at"]),
                (#"{"name":"a\u0007","role":"viewer"}"#, ["name"]), (#"{"name":"a","role":"viewer","key":"mine"}"#, ["key"]),
            ]
            for (body, fields) in cases {
                let reply = try await api.post(Self.path, body)
                #expect(try reply.status == 422 && reply.fields == fields, "\(body): \(reply.text)")
            }
        }
    }

    @Test("a key ends at its time, to the millisecond, also while it is known", arguments: TestEngine.allCases)
    func expiry(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let end = world.clock.now.adding(seconds: 10).rfc3339
            let made = try await Self.make(api, #"{"name":"short","role":"viewer","expires_at":"\#(end)"}"#)
            let short = api.with(key: made.key)
            #expect(try await short.get("/api/crm/clients").status == 200)
            world.clock.advance(milliseconds: 9_999)
            #expect(try await short.get("/api/crm/clients").status == 200)
            world.clock.advance(milliseconds: 1)
            #expect(try await short.get("/api/crm/clients").status == 401)
        }
    }

    @Test("a revoked key stops at once, and so do repetitions with it", arguments: TestEngine.allCases)
    func revocation(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let made = try await Self.make(api, #"{"name":"r","role":"viewer"}"#)
            let other = api.with(key: made.key)
            #expect(try await other.get("/api/crm/clients").status == 200)
            #expect(try await api.delete("\(Self.path)/\(made.id)").status == 204)
            #expect(try await other.get("/api/crm/clients").status == 401)
            #expect(try await api.delete("\(Self.path)/\(made.id)").status == 204)
            #expect(try await api.delete("\(Self.path)/0195f000-0000-7000-8000-000000000000").status == 404)
            #expect(try await api.delete("\(Self.path)/none").status == 404)
        }
    }

    @Test("another business's keys are as good as none")
    func walls() async throws {
        try await World.run { world, api in
            let theirs = api.with(key: world.elsewhere.key)
            #expect(try await theirs.delete("\(Self.path)/\(world.here.keyID)").status == 404)
            #expect(try await api.get("/api/crm/clients").status == 200)
            let list = try await theirs.get(Self.path)
            #expect(try list.json["items"]?.count == 1)
            #expect(!list.text.contains(world.here.keyID.description))
        }
    }

    @Test("an instance that holds a key forgets it when another one revokes it")
    func otherInstances() async throws {
        try await TestDatabase.with(.postgresql) { store in
            let other = try await store.openAnother()
            let clock = store.clock
            let (business, key, secret) = try await store.database.write { tx in
                let business = Business(
                    id: UUIDv7(at: tx.now), name: "B", postalAddress: "", supportEmail: "", timezone: "UTC", hours: .standard,
                    defaultLanguage: "en", brandColor: "#2f6f4f", logoURL: nil)
                try tx.insertBusiness(business)
                let secret = APIKeySecret()
                return (business.id, try tx.createAPIKey(business: business.id, name: "k", secret: secret), secret)
            }
            let keys = APIKeyCache(database: other, clock: clock.wallClock)
            #expect(try await keys.credential(of: secret.text.utf8) != nil)
            #expect(try await store.database.write { tx in try tx.revokeAPIKey(key.id, business: business) })
            // The notification comes on a connection of its own; the cache alone would hold the key for 30 seconds of a clock that
            // stands still.
            let end = ContinuousClock.now.advanced(by: .seconds(20))
            while try await keys.credential(of: secret.text.utf8) != nil, ContinuousClock.now < end { await Task.yield() }
            #expect(try await keys.credential(of: secret.text.utf8) == nil)
            await other.close()
        }
    }

    @Test("while word of a revocation could be missed, every request asks the store")
    func outOfTouch() async throws {
        let asked = Mutex(0)
        let inTouch = Mutex(true)
        let credential = Credential(
            business: UUIDv7(at: Timestamp(milliseconds: 1)), actor: Actor(.key, id: UUIDv7(at: Timestamp(milliseconds: 2)).description),
            permissions: .all)
        let keys = APIKeyCache(clock: TestClock().wallClock, isInTouch: { inTouch.withLock { $0 } }) { _ in
            asked.withLock { $0 += 1 }
            return credential
        }
        for _ in 0..<3 { _ = try await keys.credential(of: "k".utf8) }
        #expect(asked.withLock { $0 } == 1)
        inTouch.withLock { $0 = false }
        for _ in 0..<3 { _ = try await keys.credential(of: "k".utf8) }
        #expect(asked.withLock { $0 } == 4)
    }

    @Test("the key is shown once; a repetition of the request shows everything else", arguments: TestEngine.allCases)
    func shownOnce(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let request = api.with("Idempotency-Key", "k1")
            let first = try await request.post(Self.path, #"{"name":"n","role":"viewer"}"#)
            let key = try #require(try first.string("key"))
            let again = try await request.post(Self.path, #"{"name":"n","role":"viewer"}"#)
            #expect(again.status == 201 && again.header("idempotency-replayed") == "true")
            #expect(try again.string("key_id") == first.string("key_id"))
            #expect(try again.json["key"]?.isNull == true)
            let list = try await api.get(Self.path)
            #expect(!again.text.contains(key) && !list.text.contains(key))
            #expect(try list.json["items"]?.count == 2)
        }
    }

    @Test("the list says who made a key and when it was used, at most a write a minute", arguments: TestEngine.allCases)
    func lastUse(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let made = try await Self.make(api, #"{"name":"n","role":"viewer"}"#)
            let writer = CredentialUpkeep(keys: world.parts.keys, database: world.database, logger: Logger(label: "test"))
            func lastUse() async throws -> String? {
                let items = try await api.get(Self.path).json["items"].map { Array($0.elements) } ?? []
                let item = try #require(items.first { $0["key_id"]?.string == made.id })
                #expect(item["created_by"]?.string == "key:\(world.here.keyID)")
                return item["last_used_at"]?.string
            }
            #expect(try await lastUse() == nil)
            let first = world.clock.now
            _ = try await api.with(key: made.key).get("/api/crm/clients")
            await writer.write()
            #expect(try await lastUse() == first.rfc3339)
            world.clock.advance(seconds: 59)
            _ = try await api.with(key: made.key).get("/api/crm/clients")
            await writer.write()
            #expect(try await lastUse() == first.rfc3339)
            world.clock.advance(seconds: 1)
            _ = try await api.with(key: made.key).get("/api/crm/clients")
            await writer.write()
            #expect(try await lastUse() == first.adding(seconds: 60).rfc3339)
        }
    }
}
