import Core
import Logging
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Erasing people while messages are on their way")
struct ErasureServiceTests {
    private static let ada = ClientID("ada")!

    private static func erasures(_ instance: Instance, _ world: World) -> Erasures {
        Erasures(database: instance.database, orchestrator: instance.orchestrator, logger: Logger(label: "test"))
    }

    private static func audit(_ id: UUIDv7) -> AuditEntry { AuditEntry(actor: .system, action: "client.erase", target: id.description) }

    @Test("nothing begins for a person who is to be erased, not even what was queued before", arguments: World.engines)
    func hold(_ engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let erasures = Self.erasures(world.first, world)
            var later = try world.request()
            later.sendAt = world.now.adding(seconds: 3_600)
            let waiting = try await world.submit(later)
            later.sendAt = world.now.adding(seconds: 86_400)
            let afterwards = try await world.submit(later)
            let receipt = try #require(
                try await erasures.schedule(Self.ada, business: world.business, days: 7, by: .system, audit: Self.audit))
            // Also with a new address in the request.
            let recipient = RecipientUpdate(name: "Ada", email: "other@example.org", phoneNumber: "+14155550199")
            let late = try await world.submit(try world.request(urgency: .critical, recipient: recipient))
            world.advance(seconds: 4_000)
            try await world.turn()
            #expect(world.email.begun.isEmpty && world.sms.begun.isEmpty && world.whatsapp.begun.isEmpty)
            #expect(try await world.status(waiting) == .suppressed)
            #expect(try await world.status(late) == .suppressed)
            // Their own word it was not.
            for id in [waiting, late] {
                let detail = try await world.store.database.read { tx in try tx.communicationDetail(id, business: world.business) }
                #expect(detail?.record.errorMessage == "the client is to be erased")
            }
            let preview = try await world.first.orchestrator.preview(world.request(), business: world.business)
            #expect(String(decoding: preview, as: UTF8.self).contains("the client is to be erased"))
            _ = try await erasures.cancel(receipt.id, business: world.business) { Self.audit(receipt.id) }
            let after = try await world.submit(world.request())
            world.advance(seconds: 86_400)
            try await world.turn()
            try await world.first.quiet()
            #expect(Set(world.email.accepted) == [after, afterwards])
        }
    }

    @Test("an attempt that is on the wire is over before the answer, and leaves nothing behind", arguments: World.engines)
    func onTheWire(_ engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let erasures = Self.erasures(world.first, world)
            _ = try await world.submit(world.request())
            try await world.first.quiet()
            #expect(try await erasures.erase(Self.ada, business: world.business, by: .system, audit: Self.audit)?.status == .completed)
            for table in ["crm_communications", "crm_delivery_logs", "crm_delivery_queue", "crm_clients"] {
                let rows = try await world.store.database.read { tx in try tx.run(SQL(stringLiteral: "SELECT 1 FROM \(table)")).count }
                #expect(rows == 0, "\(table)")
            }
            #expect(try await erasures.erase(Self.ada, business: world.business, by: .system, audit: Self.audit) == nil)
        }
    }

    @Test("of several processes one executes what is due, once", arguments: World.engines)
    func due(_ engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            for name in ["ada", "bob", "cy"] { _ = try await world.submit(world.request(client: name)) }
            try await world.first.quiet()
            let erasures = Self.erasures(world.first, world)
            for (name, days) in [("ada", 1), ("bob", 1), ("cy", 2)] {
                _ = try await erasures.schedule(ClientID(name)!, business: world.business, days: days, by: .system, audit: Self.audit)
            }
            #expect(try await erasures.runOnce() == 0)
            world.advance(seconds: 86_400)
            try await world.withAnotherProcess { other in
                let others = Self.erasures(other, world)
                async let here = erasures.runOnce()
                async let there = others.runOnce()
                let done = try await (here, there)
                #expect(done.0 + done.1 == 2)
            }
            let states = try await world.store.database.read { tx in try tx.erasures(business: World.business, limit: 9).map(\.status) }
            #expect(states.count { $0 == .completed } == 2 && states.contains(.scheduled))
        }
    }
}
