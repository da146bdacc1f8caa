import Core
import HTTPTypes
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

    /// What lets somebody see data of clients.
    private static let permissions: Set<Permission> = [
        .readClients, .exportClients, .readPreferences, .readCommunications, .readReplies, .readAudit,
    ]

    /// The log itself is about those who look, the whole audit log about nobody in particular, an import tells numbers of lines.
    private static let exempt: Set<Path> = [.clientAccessLog, .auditExport, .clientImportRecord, .clientImportErrors]

    @Test("every reading route that shows a client's data writes it down, new ones too", arguments: TestEngine.allCases)
    func routes(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            let sent = try await api.post(
                "/api/crm/communications", #"{"client_id":"ada","message_type":"welcome","plan_id":"p","context":{}}"#)
            let reply = try await api.post("/api/crm/replies", #"{"client_id":"ada","channel":"sms","text":"hello"}"#)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","opt_out_sms":true}"#)
            let values = [
                "{client_id}": "ada", "{plan_id}": "p", "{communication_id}": try sent.string("communication_id"),
                "{reply_id}": try reply.string("reply_id"),
            ]
            let gate = Gatekeeper(world.parts)
            var before = try await Self.views(world)
            var count = 0
            for route in Routes.table(world.parts, gate: gate).routes {
                guard route.method == .get, !Self.exempt.contains(route.path),
                    let permission = route.permission, Self.permissions.contains(permission),
                    case .key = route.handler
                else { continue }
                count += 1
                var path = route.path.rawValue
                for (name, value) in values { path = path.replacing(name, with: try #require(value)) }
                #expect(try await api.get(path).status == 200, "\(path)")
                let after = try await Self.views(world)
                #expect(after > before, "\(route.name) shows a client's data and does not write it down")
                before = after
            }
            #expect(count >= 12)
            let line = try #require(try await Self.lines(world).first)
            #expect(line.actor == Actor(.key, id: world.here.keyID.description, name: "test"))
            #expect(
                try await Set(Self.lines(world).map(\.kind)) == [
                    .record, .list, .timeline, .export, .preferences, .communication, .reply, .consent, .audit,
                ])
        }
    }

    private static func views(_ world: World) async throws -> Int {
        await world.parts.accessLog.flush()
        return try await lines(world).reduce(0) { $0 + $1.views }
    }

    @Test("asking about a person is a look at them, whatever is found", arguments: TestEngine.allCases)
    func asked(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await world.person("root@example.org", .admin)
            // No entry of the log names them: their record came with no call.
            _ = try await world.database.write { tx in
                try tx.run(
                    """
                    INSERT INTO crm_clients (business_id, client_id, created_at, updated_at)
                    VALUES (\(world.here.id), 'ada', \(tx.now), \(tx.now))
                    """)
            }
            let browser = Browser(api)
            _ = try await browser.signIn("root@example.org", World.password)
            var before = 0
            for path in ["/api/crm/suppressions?client_id=ada", "/api/crm/audit?client_id=ada"] {
                #expect(try await api.get(path).status == 200)
                let after = try await Self.views(world)
                #expect(after == before + 1, "\(path)")
                before = after
            }
            let page = try await browser.get("/audit?client_id=ada")
            #expect(page.status == 200 && page.text.contains("No entry fits."))
            #expect(try await Self.views(world) == before + 1)
            let lines = try await Self.lines(world)
            #expect(Set(lines.map(\.kind)) == [.suppression, .audit])
            #expect(Set(lines.map(\.actor.kind)) == [.key, .user])
            // The page shows whom an entry tells of, asked about or not.
            _ = try await api.put("/api/crm/clients/bob", "{}")
            _ = try await browser.get("/audit")
            #expect(try await Self.lines(world, "bob").map(\.kind) == [.audit])
            #expect(try await api.get("/api/crm/suppressions?client_id=nobody").status == 200)
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
