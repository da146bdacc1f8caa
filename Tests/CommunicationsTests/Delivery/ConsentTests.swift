import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Consent", .timeLimit(.minutes(5)))
struct ConsentTests {
    private static let noEmail = PreferencesUpdate(optOutEmail: true)
    private static let nothing = PreferencesUpdate(optOutEmail: true, optOutSMS: true, optOutWhatsApp: true)

    /// Submits a message that has to wait in the queue, as its lane is full.
    private func submitWaiting(_ world: World, _ request: CommunicationRequest) async throws -> CommunicationID {
        var request = request
        request.sendAt = world.now.adding(seconds: 60)
        let id = try await world.submit(request)
        world.advance(seconds: 60)
        return id
    }

    @Test("an opt-out between acceptance and claim moves a waiting message to the next channel", arguments: World.engines)
    func movesOn(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await submitWaiting(world, world.request())
            try await world.change(Self.noEmail)
            try await world.turn()
            #expect(world.email.begun.isEmpty)
            #expect(world.sms.accepted == [id])
            let detail = try await world.detail(id)
            #expect(detail.record.channel == .sms)
            #expect(detail.story == ["accepted", "channel_changed", "sent"])
            #expect(detail.events[1].status == "opt_out" || detail.events[1].status == "fallback")
        }
    }

    @Test("an opt-out from everything suppresses what waits, with the reason", arguments: World.engines)
    func suppresses(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await submitWaiting(world, world.request())
            try await world.change(Self.nothing)
            try await world.turn()
            #expect(world.email.begun.isEmpty && world.sms.begun.isEmpty && world.whatsapp.begun.isEmpty)
            let detail = try await world.detail(id)
            #expect(detail.record.status == .suppressed)
            #expect(detail.record.errorMessage?.contains("opted out") == true)
            #expect(detail.story == ["accepted", "suppressed"])
            #expect(try await world.queued(id) == nil)
        }
    }

    @Test("an opt-out before a retry keeps the retry from beginning", arguments: World.engines)
    func retry(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(.busy))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            try await world.change(Self.nothing)
            world.advance(seconds: 72)
            try await world.turn()
            #expect(world.email.begun.count == 1)
            #expect(try await world.status(id) == .suppressed)
        }
    }

    @Test("an opt-out from a fallback's channel keeps the fallback from beginning", arguments: World.engines)
    func fallback(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            try await world.change(PreferencesUpdate(optOutSMS: true))
            world.email.conclude(.failure(.refused))
            try await world.turn()
            #expect(world.sms.begun.isEmpty)
            #expect(try await world.status(id) == .suppressed)
        }
    }

    @Test("critical messages obey an opt-out too", arguments: World.engines)
    func critical(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await submitWaiting(world, world.request("error_notification", urgency: .critical))
            try await world.change(Self.nothing)
            try await world.turn()
            #expect(world.sms.begun.isEmpty)
            #expect(try await world.status(id) == .suppressed)
        }
    }

    @Test("an opt-out withdraws a message that is in flight and has not begun; it ends suppressed", arguments: World.engines)
    func withdraws(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.hold)
            let id = try await world.submit(world.request())
            try await world.change(Self.nothing)
            world.email.proceed()
            try await world.first.quiet()
            #expect(world.email.begun.isEmpty)
            #expect(world.email.withdrawn == [id])
            // The attempt never happened.
            #expect(try await world.queued(id) == QueueRow(channel: .email, due: world.now, attempt: 0, isLeased: false))
            try await world.turn()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .suppressed)
            #expect(detail.attempts.isEmpty)
        }
    }

    @Test("an opt-out from one channel leaves a message on another one alone", arguments: World.engines)
    func otherChannel(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.hold)
            let id = try await world.submit(world.request())
            try await world.change(PreferencesUpdate(optOutSMS: true))
            world.email.proceed()
            try await world.first.quiet()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("an opt-out of one client leaves another client's message alone", arguments: World.engines)
    func otherClient(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.hold, .hold)
            let ada = try await world.submit(world.request())
            let bo = try await world.submit(world.request(client: "bo"))
            try await world.change(Self.nothing)
            world.email.proceed()
            try await world.first.quiet()
            #expect(world.email.withdrawn == [ada])
            #expect(world.email.accepted == [bo])
        }
    }

    @Test("a message that has begun before the opt-out is waited for, and a transport that asks again is told no", arguments: World.engines)
    func begunAlready(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            // Two tasks: the opt-out waits while the provider makes up its mind.
            async let optedOut: Void = world.change(Self.nothing)
            while world.first.engine.register.begin(id) { try await world.first.breathe() }
            world.email.conclude()
            try await optedOut
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("an opt-out reaches a batch: none of its members is sent, all end suppressed", arguments: World.engines)
    func batch(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.submit(world.request())
            var members: [CommunicationID] = []
            for _ in 0..<2 { members.append(try await world.submit(world.request(urgency: .low))) }
            try await world.first.quiet()
            try await world.change(Self.nothing)
            world.advance(seconds: 300)
            try await world.turn()
            #expect(world.email.begun.count == 1)
            for id in members {
                #expect(try await world.status(id) == .suppressed)
                #expect(try await world.detail(id).story == ["accepted", "suppressed"])
            }
        }
    }

    @Test("a suppressed address is skipped when the message is claimed", arguments: World.engines)
    func suppressedAddress(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await submitWaiting(world, world.request())
            let hash = world.cipher.lookupHash("ada@example.org", business: world.business)
            let business = world.business
            try await world.store.database.write { tx in _ = try tx.suppress(hash, channel: .email, reason: "bounced", business: business) }
            try await world.turn()
            #expect(world.email.begun.isEmpty)
            #expect(world.sms.accepted == [id])
        }
    }

    @Test("a request to a client who opted out of everything is accepted and ends suppressed at once", arguments: World.engines)
    func atAcceptance(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.change(Self.nothing)
            let id = try await world.submit(world.request())
            let detail = try await world.detail(id)
            #expect(detail.record.status == .suppressed)
            #expect(detail.story == ["accepted", "suppressed"])
            #expect(world.first.engine.inFlight.values.allSatisfy { $0 == 0 })
        }
    }

    @Test("who opts in again is written to again", arguments: World.engines)
    func optIn(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.change(Self.nothing)
            try await world.change(PreferencesUpdate(optOutEmail: false))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            #expect(world.email.accepted == [id])
        }
    }
}
