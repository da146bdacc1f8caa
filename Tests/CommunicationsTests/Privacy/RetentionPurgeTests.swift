import Core
import Logging
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Keeping things for as long as the operator wants")
struct RetentionPurgeTests {
    private static let ada = ClientID("ada")!

    private static func purge(_ world: World, _ rules: RetentionRules) async throws -> [String: Int] {
        try await RetentionPurge(database: world.store.database, rules: rules, pace: .zero, logger: Logger(label: "test")).runOnce()
    }

    private static func settle(_ world: World) async throws {
        for _ in 0..<120 { _ = try await world.submit(world.request()) }
        try await world.first.quiet()
        let now = world.now
        try await world.store.database.write { tx in
            try tx.noteAccess([
                AccessLine(
                    business: World.business, client: ada, actor: Actor(.user, id: "u"), kind: .record, views: 1, firstAt: now, lastAt: now)
            ])
        }
    }

    @Test("each kind goes after its own time, and zero days keep it for ever", arguments: World.engines)
    func rules(_ engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await Self.settle(world)
            let rules = RetentionRules(communications: 10, accessLog: 20)
            world.advance(seconds: 9 * 86_400)
            #expect(try await Self.purge(world, rules) == [:])
            world.advance(seconds: 2 * 86_400)
            #expect(try await Self.purge(world, RetentionRules(communications: nil, accessLog: nil)) == [:])
            #expect(try await Self.purge(world, rules) == ["communications": 120])
            #expect(try await Self.purge(world, rules) == [:])
            world.advance(seconds: 10 * 86_400)
            #expect(try await Self.purge(world, rules) == ["access_log": 1])
            // The person is still a client.
            #expect(try await world.store.database.read { tx in try tx.client(Self.ada, business: World.business) } != nil)
            #expect(
                try await world.store.database.read { tx in
                    try tx.timeline(of: Self.ada, business: World.business, after: nil, limit: 9)
                }.isEmpty)
        }
    }
}
