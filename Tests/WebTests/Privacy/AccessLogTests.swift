import Core
import Logging
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Who looked at whom")
struct AccessLogTests {
    private static let ada = #"{"name":"Ada","email":"ada@example.org"}"#

    private static func log(_ world: World, capacity: Int = 32_000) -> AccessLog {
        AccessLog(database: world.database, clock: world.clock.wallClock, capacity: capacity, logger: Logger(label: "test"))
    }

    private static func lines(_ world: World, _ client: String = "ada") async throws -> [AccessLine] {
        try await world.database.read { tx in try tx.accessLines(of: ClientID(client)!, business: world.here.id, limit: 100) }
    }

    @Test("every call that shows a client's data is written down with its kind", arguments: TestEngine.allCases)
    func calls(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            let sent = try await api.post(
                "/api/crm/communications", #"{"client_id":"ada","message_type":"welcome","plan_id":"p","context":{}}"#)
            let id = try #require(try sent.string("communication_id"))
            let reply = try await api.post("/api/crm/replies", #"{"client_id":"ada","channel":"sms","text":"hello"}"#)
            let replyID = try #require(try reply.string("reply_id"))
            await world.parts.accessLog.flush()
            let calls: [(path: String, kind: AccessKind)] = [
                ("/api/crm/clients/ada", .record), ("/api/crm/clients?q=Ada", .list), ("/api/crm/clients/ada/timeline", .timeline),
                ("/api/crm/clients/ada/export", .export), ("/api/crm/preferences/ada", .preferences),
                ("/api/crm/communications/\(id)", .communication), ("/api/crm/communications?client_id=ada", .communication),
                ("/api/crm/workflow/plans/p", .communication), ("/api/crm/replies", .reply), ("/api/crm/replies/\(replyID)", .reply),
            ]
            var expected: [AccessKind: Int] = [:]
            for line in try await Self.lines(world) { expected[line.kind] = line.views }
            for call in calls {
                #expect(try await api.get(call.path).status == 200, "\(call.path)")
                await world.parts.accessLog.flush()
                expected[call.kind, default: 0] += 1
                let found = Dictionary(uniqueKeysWithValues: try await Self.lines(world).map { ($0.kind, $0.views) })
                #expect(found == expected, "\(call.path)")
            }
            let actor = try #require(try await Self.lines(world).first?.actor)
            #expect(actor == Actor(.key, id: world.here.keyID.description, name: "test"))
        }
    }

    @Test("the log is shown to who may read audits, page by page, and to no other business", arguments: TestEngine.allCases)
    func shown(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            for _ in 0..<3 { _ = try await api.get("/api/crm/clients/ada") }
            _ = try await api.get("/api/crm/preferences/ada")
            world.clock.advance(seconds: 3_600)
            _ = try await api.get("/api/crm/clients/ada")
            let first = try await api.get("/api/crm/clients/ada/access-log?limit=1")
            #expect(try first.string("items.0.looked_at") == "record" && first.value("items.0.views")?.int64 == 1)
            #expect(try first.string("items.0.actor.id") == world.here.keyID.description)
            let cursor = try #require(try first.string("next_cursor"))
            let rest = try await api.get("/api/crm/clients/ada/access-log?cursor=\(cursor)")
            #expect(try Set((0..<2).compactMap { try rest.value("items.\($0).views")?.int64 }) == [1, 3])
            try await api.get("/api/crm/clients/nobody/access-log").expectProblem(404, "not-found")
            try await api.with(key: world.elsewhere.key).get("/api/crm/clients/ada/access-log").expectProblem(404, "not-found")
            try await api.get("/api/crm/clients/ada/access-log?cursor=AAAA").expectProblem(422, "validation")
        }
    }

    @Test("a person's look is durable at once, a program's with the next flush", arguments: TestEngine.allCases)
    func durability(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            let (log, ada) = (Self.log(world), ClientID("ada")!)
            try await log.note(Actor(.user, id: "u"), .record, [ada], business: world.here.id)
            #expect(try await Self.lines(world).map(\.actor.kind) == [.user])
            for _ in 0..<5 { try await log.note(Actor(.key, id: "k"), .record, [ada], business: world.here.id) }
            #expect(try await Self.lines(world).count == 1)
            await log.flush()
            #expect(try await Self.lines(world).map(\.views).sorted() == [1, 5])
            // Neither the person themselves nor a provider is somebody who looks.
            try await log.note(Actor(.client, id: "ada"), .preferences, [ada], business: world.here.id)
            await log.flush()
            #expect(try await Self.lines(world).count == 2)
        }
    }

    @Test("what can not be written down is not shown to a person", arguments: TestEngine.allCases)
    func refused(_ engine: TestEngine) async throws {
        let faults = Faults()
        try await World.run(engine, faults: faults) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            let (log, ada) = (Self.log(world), ClientID("ada")!)
            let full = DatabaseError.unavailable(.notWritable, details: "full")
            faults.inject(.fail(full), at: .commit)
            await #expect(throws: DatabaseError.self) {
                try await log.note(Actor(.user, id: "u"), .record, [ada], business: world.here.id)
            }
            // A program's look is kept for better times.
            faults.inject(.fail(full), at: .commit)
            try await log.note(Actor(.key, id: "k"), .record, [ada], business: world.here.id)
            await log.flush()
            #expect(try await Self.lines(world).isEmpty)
            await log.flush()
            #expect(try await Self.lines(world).map(\.views) == [1])
        }
    }

    @Test("the table in memory has its bound: beyond it looks are written down before the answer", arguments: TestEngine.allCases)
    func bound(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let log = Self.log(world, capacity: 16)
            let clients = (0..<40).map { ClientID("c\($0)")! }
            for client in clients { _ = try await api.put("/api/crm/clients/\(client.text)", "{}") }
            for client in clients { try await log.note(Actor(.key, id: "k"), .record, [client], business: world.here.id) }
            let written = try await world.database.read { tx in try tx.run("SELECT COUNT(*) FROM crm_access_log")[0].int(0) }
            #expect(written >= 24)
            await log.flush()
            let all = try await world.database.read { tx in try tx.run("SELECT COUNT(*) FROM crm_access_log")[0].int(0) }
            #expect(all == 40)
        }
    }
}
