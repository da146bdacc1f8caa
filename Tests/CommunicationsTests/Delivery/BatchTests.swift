import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Batches of LOW messages", .timeLimit(.minutes(5)))
struct BatchTests {
    /// Makes the client one who had a message a moment ago, so that LOW messages gather.
    private func greet(_ world: World) async throws {
        try await world.submit(world.request())
        try await world.first.quiet()
    }

    private func low(_ world: World, _ action: String, type: String = "reminder") async throws -> CommunicationID {
        try await world.submit(world.request(type, urgency: .low, context: #"{"pending_action":"\#(action)"}"#))
    }

    @Test("three LOW messages combine into one mail, which closes the batch; its members share status and events", arguments: World.engines)
    func combines(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await greet(world)
            var ids: [CommunicationID] = []
            for action in ["choose a florist", "taste the cake", "sign the contract"] {
                #expect(world.email.begun.count == 1)
                world.clock.advance(milliseconds: 5)
                ids.append(try await low(world, action))
            }
            try await world.turn()
            #expect(world.email.begun.count == 2)
            let message = try #require(world.email.begun.last)
            #expect(message.id == ids[0])
            #expect(message.rendered.subject == "3 updates from Bloom & Co")
            for action in ["choose a florist", "taste the cake", "sign the contract"] {
                #expect(message.rendered.text.contains(action))
                #expect(message.rendered.html?.contains("<strong>\(action)</strong>") == true)
            }
            // One document: the members' own frames stay away.
            #expect(message.rendered.html?.components(of: "<body").count == 2)
            for id in ids {
                let detail = try await world.detail(id)
                #expect(detail.record.status == .sent)
                #expect(detail.record.sentAt == world.now)
                #expect(detail.record.batchID == ids[0])
                #expect(detail.story == ["accepted", "sent"])
                #expect(try await world.queued(id) == nil)
            }
        }
    }

    @Test("a batch that does not fill is sent when its five minutes are over, not before", arguments: World.engines)
    func windowEnds(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await greet(world)
            let ids = [try await low(world, "one"), try await low(world, "two")]
            world.advance(seconds: 299)
            try await world.turn()
            #expect(world.email.begun.count == 1)
            world.advance(seconds: 1)
            try await world.turn()
            #expect(world.email.begun.count == 2)
            for id in ids { #expect(try await world.status(id) == .sent) }
            // The batch takes nobody in any more.
            let next = try await low(world, "three")
            #expect(try await world.detail(next).record.batchID == next)
        }
    }

    @Test("a LOW message to a client who has heard nothing for 24 hours goes alone and at once", arguments: World.engines)
    func alone(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await greet(world)
            world.advance(seconds: 86_401)
            let id = try await low(world, "one")
            try await world.first.quiet()
            #expect(world.email.accepted.last == id)
            #expect(try await world.detail(id).record.batchID == nil)
            #expect(world.email.begun.last?.rendered.subject == "Reminder: please one")
        }
    }

    @Test("when the leader of a batch is cancelled the next member leads on, with the same window", arguments: World.engines)
    func leaderCancelled(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await greet(world)
            let leader = try await low(world, "order the rings")
            world.advance(seconds: 10)
            let heir = try await low(world, "two")
            try await world.first.orchestrator.cancel(leader, business: world.business)
            #expect(try await world.queued(heir)?.due == world.now.adding(seconds: 290))
            world.advance(seconds: 290)
            try await world.turn()
            #expect(world.email.accepted.last == heir)
            #expect(world.email.begun.last?.rendered.text.contains("order the rings") == false)
            #expect(try await world.status(leader) == .cancelled)
            #expect(try await world.status(heir) == .sent)
            await #expect(throws: Refusal.self) { try await world.first.orchestrator.cancel(heir, business: world.business) }
        }
    }

    @Test("a custom template that knows nothing of fragments stands in a batch as text", arguments: World.engines)
    func withoutFragments(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putTemplate(
                .email, "note", subject: "A note", content: "<html><body><p>Your <b>{{pending_action}}</b> is ready.</p></body></html>")
            try await world.putMessageType(
                MessageType(name: "note", category: .transactional, defaultUrgency: .low, channels: [.email]))
            try await greet(world)
            _ = try await low(world, "menu", type: "note")
            _ = try await low(world, "two")
            world.advance(seconds: 300)
            try await world.turn()
            let html = try #require(world.email.begun.last?.rendered.html)
            #expect(html.contains("A note"))
            #expect(html.contains("menu"))
            #expect(!html.contains("<b>menu</b>"))
            #expect(html.components(of: "<body").count == 2)
        }
    }

    @Test("a batch that fails falls back and ends as one", arguments: World.engines)
    func fallsBack(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await greet(world)
            let ids = [try await low(world, "one"), try await low(world, "two")]
            world.email.script(.refuse(.refused))
            world.sms.script(.refuse(.refused))
            world.advance(seconds: 300)
            try await world.turn()
            #expect(world.sms.begun.count == 1)
            for id in ids {
                let detail = try await world.detail(id)
                #expect(detail.record.status == .failed)
                #expect(detail.record.needsReview)
                #expect(detail.story == ["accepted", "attempt_failed", "fallback", "failed"])
            }
        }
    }

    @Test("members of a failed batch that are tried again are sent once each", arguments: World.engines)
    func retriedMembers(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await greet(world)
            let ids = [try await low(world, "first thing"), try await low(world, "second thing")]
            world.email.script(.refuse(.refused))
            world.sms.script(.refuse(.refused))
            world.advance(seconds: 300)
            try await world.turn()
            for id in ids { try await world.first.orchestrator.retry(id, business: world.business) }
            try await world.turn()
            let sent = (world.email.begun + world.sms.begun).suffix(2)
            for thing in ["first thing", "second thing"] {
                #expect(world.sms.begun.dropFirst().count { $0.rendered.text.contains(thing) } == 1)
            }
            #expect(sent.count == 2)
            for id in ids { #expect(try await world.status(id) == .sent) }
        }
    }

    @Test("cancelled and suppressed messages are none that the client has had", arguments: World.engines)
    func cancelledDoNotCount(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var request = try world.request()
            request.sendAt = world.now.adding(seconds: 3600)
            let cancelled = try await world.submit(request)
            try await world.first.orchestrator.cancel(cancelled, business: world.business)
            let id = try await low(world, "one")
            #expect(try await world.detail(id).record.batchID == nil)
        }
    }
}

extension String {
    func components(of separator: String) -> [Substring] { split(separator: separator, omittingEmptySubsequences: false) }
}
