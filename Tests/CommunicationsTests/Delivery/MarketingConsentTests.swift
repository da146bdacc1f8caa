import Core
import Storage
import TestSupport
import Testing

@testable import Communications

/// What was planned in good faith is looked at again in the transaction that begins the attempt.
@Suite("Marketing and topics at the moment of sending", .timeLimit(.minutes(5)))
struct MarketingConsentTests {
    /// A newsletter by e-mail alone, about a topic, accepted and waiting.
    private static func waiting(_ world: World) async throws -> CommunicationID {
        try await letter(world)
        var request = try world.request("letter", urgency: .high)
        request.sendAt = world.now.adding(seconds: 60)
        let id = try await world.submit(request)
        world.advance(seconds: 60)
        return id
    }

    private static func letter(_ world: World) async throws {
        let business = world.business
        try await world.store.database.write { tx in
            try tx.putTopics([Topic(name: "news", titles: ["en": "News"])], business: business)
        }
        try await world.putMessageType(
            MessageType(name: "letter", category: .marketing, defaultUrgency: .high, channels: [.email], topic: "news"))
        try await world.putTemplate(.email, "letter", subject: "News", content: "<p>News!</p>", text: "News!")
    }

    private static func suppressed(_ world: World, _ id: CommunicationID) async throws -> String? {
        try await world.turn()
        #expect(world.email.begun.isEmpty)
        let detail = try await world.detail(id)
        #expect(detail.record.status == .suppressed)
        return detail.record.errorMessage
    }

    @Test("what is still allowed goes out", arguments: World.engines)
    func goes(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await Self.waiting(world)
            try await world.change(PreferencesUpdate(marketing: [.sms: .refused], topics: ["offers": true]))
            try await world.turn()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("a topic that was refused meanwhile is not written about", arguments: World.engines)
    func topic(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await Self.waiting(world)
            try await world.change(PreferencesUpdate(topics: ["news": true]))
            #expect(try await Self.suppressed(world, id) == "client refused the topic news")
        }
    }

    @Test("marketing that was refused meanwhile does not go out", arguments: World.engines)
    func refused(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await Self.waiting(world)
            try await world.change(PreferencesUpdate(marketing: [.email: .refused]))
            #expect(try await Self.suppressed(world, id)?.contains("takes no marketing") == true)
        }
    }

    @Test("a business that asks for consent since then sends only to whom it has it from", arguments: World.engines)
    func rule(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await Self.waiting(world)
            // Written past every copy of the settings: the transaction itself has to see it.
            var business = World.standardBusiness()
            business.marketingRule = .doubleOptIn
            _ = try await world.store.database.write { [business] tx in try tx.updateBusiness(business) }
            try await world.change(PreferencesUpdate(marketing: [.email: .granted]))
            #expect(try await Self.suppressed(world, id)?.contains("not confirmed") == true)
            try await world.change(PreferencesUpdate(marketing: [.email: .confirmed]))
            world.first.orchestrator.settingsChanged(business: world.business)
            let next = try await world.submit(world.request("letter", urgency: .high))
            try await world.first.quiet()
            #expect(world.email.accepted == [next])
        }
    }

    @Test("a business that has lost its postal address sends no marketing by e-mail", arguments: World.engines)
    func postalAddress(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await Self.waiting(world)
            var business = World.standardBusiness()
            business.postalAddress = ""
            _ = try await world.store.database.write { [business] tx in try tx.updateBusiness(business) }
            #expect(try await Self.suppressed(world, id)?.contains("no postal address") == true)
        }
    }

    @Test("a refused topic withdraws a message that is in flight and has not begun", arguments: World.engines)
    func inFlight(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await Self.letter(world)
            world.email.script(.hold)
            let id = try await world.submit(world.request("letter", urgency: .high))
            try await world.change(PreferencesUpdate(topics: ["news": true]))
            world.email.proceed()
            try await world.first.quiet()
            #expect(world.email.withdrawn == [id])
            #expect(try await Self.suppressed(world, id) == "client refused the topic news")
        }
    }

    @Test("what can be refused by itself waits in no batch", arguments: World.engines)
    func alone(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await Self.letter(world)
            _ = try await world.submit(world.request())
            try await world.first.quiet()
            let id = try await world.submit(world.request("letter", urgency: .low))
            #expect(try await world.detail(id).record.batchID == nil)
        }
    }
}
