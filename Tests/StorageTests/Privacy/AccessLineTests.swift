import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Who looked at whom, in the store")
struct AccessLineTests {
    private typealias World = QueryWorld
    private static let ada = QueryWorld.id("ada")

    private static func line(
        _ client: ClientID = ada, by actor: String = "k1", _ kind: AccessKind = .record, views: Int = 1, at: Timestamp,
        business: BusinessID = World.ours
    ) -> AccessLine {
        AccessLine(
            business: business, client: client, actor: Actor(.key, id: actor, name: "n"), kind: kind, views: views, firstAt: at,
            lastAt: at.adding(seconds: 2))
    }

    @Test("looks within an hour add up; another hour, actor or kind is another line", arguments: TestEngine.allCases)
    func addsUp(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada"))
            let now = world.clock.now
            let lines = [
                Self.line(views: 3, at: now.adding(seconds: 30)), Self.line(by: "k2", at: now), Self.line(by: "k1", .export, at: now),
            ]
            try await world.database.write { tx in try tx.noteAccess(lines) }
            let more = [Self.line(views: 2, at: now), Self.line(at: now.adding(seconds: 3_600))]
            try await world.database.write { tx in try tx.noteAccess(more) }
            let found = try await world.database.read { tx in try tx.accessLines(of: Self.ada, business: World.ours, limit: 9) }
            #expect(found.map(\.views) == [1, 1, 5, 1])
            let sum = try #require(found.first { $0.views == 5 })
            #expect(sum.firstAt == now && sum.lastAt == now.adding(seconds: 32) && sum.actor == Actor(.key, id: "k1", name: "n"))
            let paged = try await world.database.read { tx in
                try tx.accessLines(of: Self.ada, business: World.ours, after: found[1].position, limit: 9)
            }
            #expect(paged == Array(found[2...]))
            #expect(try await world.database.read { tx in try tx.accessLines(of: Self.ada, business: World.theirs, limit: 9) }.isEmpty)
        }
    }

    @Test("looks at nobody, and at somebody who was erased meanwhile, leave nothing", arguments: TestEngine.allCases)
    func nobody(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada"))
            try await world.database.write { tx in
                _ = try tx.updatePreferences(
                    PreferencesUpdate(language: "de"), of: World.id("early"), business: World.ours, source: .system)
            }
            #expect(try await world.database.erase(Self.ada, business: World.ours))
            let now = world.clock.now
            try await world.database.write { tx in
                try tx.noteAccess([Self.line(at: now), Self.line(World.id("early"), at: now), Self.line(World.id("never"), at: now)])
            }
            let clients = try await world.database.read { tx in try tx.run("SELECT client_id FROM crm_access_log").map { try $0.text(0) } }
            #expect(clients == ["early"])
        }
    }

    @Test("old lines go in steps", arguments: TestEngine.allCases)
    func purge(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada"))
            let now = world.clock.now
            let lines = (0..<5).map { Self.line(by: "k\($0)", at: now) } + [Self.line(at: now.adding(seconds: 7_200))]
            try await world.database.write { tx in try tx.noteAccess(lines) }
            let limit = now.adding(seconds: 3_600)
            #expect(try await world.database.write { tx in try tx.purgeAccessLog(before: limit, limit: 3) } == 3)
            #expect(try await world.database.write { tx in try tx.purgeAccessLog(before: limit, limit: 3) } == 2)
            #expect(try await world.count("crm_access_log") == 1)
        }
    }
}
