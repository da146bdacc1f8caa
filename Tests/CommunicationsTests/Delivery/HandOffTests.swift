import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Hand-off", .timeLimit(.minutes(5)))
struct HandOffTests {
    @Test(
        "a critical message begins in the transaction that accepts it, is sent and recorded, and leaves the queue", arguments: World.engines
    )
    func handedOff(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.sms.script(.begin)
            let id = try await world.submit(
                world.request("error_notification", urgency: .critical, context: #"{"error_message":"The hall is double-booked"}"#))
            // No turn was taken: nobody claimed it.
            let row = try #require(try await world.queued(id))
            #expect(row == QueueRow(channel: .sms, due: world.now.adding(seconds: 20), attempt: 1, isLeased: true))
            #expect(try await world.status(id) == .sending)

            world.advance(seconds: 1)
            world.sms.conclude()
            try await world.first.quiet()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent)
            #expect(detail.record.sentAt == world.now)
            #expect(detail.record.channel == .sms)
            #expect(detail.story == ["accepted", "sent"])
            #expect(detail.attempts.map(\.number) == [1])
            #expect(detail.outcomes == [.sent])
            #expect(detail.attempts.first?.startedAt == world.now.adding(seconds: -1))
            #expect(try await world.queued(id) == nil)
            #expect(world.sms.begun.count == 1)
            #expect(world.sms.begun.first?.address == "+14155550100")
            #expect(world.sms.begun.first?.rendered.text.isEmpty == false)
        }
    }

    @Test("the answer says queued, as to a caller it is on its way", arguments: World.engines)
    func answer(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let submission = try await world.first.orchestrator.submit(world.request(), business: world.business, idempotency: nil)
            guard case .accepted(let id, let body) = submission else { throw Unexpected(what: "\(submission)") }
            let answer = try members(body)
            #expect(answer["communication_id"] as? String == id.description)
            #expect(answer["status"] as? String == "queued")
            #expect(answer["channel_used"] as? String == "email")
            #expect(answer["scheduled_for"] as? String == RFC3339.string(world.now))
        }
    }

    @Test("what a message's context says reaches the transport with the business's name", arguments: World.engines)
    func rendered(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.submit(world.request(context: #"{"pending_action":"choose a florist"}"#))
            try await world.first.quiet()
            let message = try #require(world.email.begun.first)
            #expect(message.address == "ada@example.org")
            #expect(message.rendered.subject == "Reminder: please choose a florist")
            #expect(message.rendered.text.contains("Hello Ada,"))
            #expect(message.rendered.html?.contains("<strong>choose a florist</strong>") == true)
            #expect(message.rendered.senderName == "Bloom & Co")
        }
    }

    @Test("a message for later waits as pending and is claimed when its time has come, not before", arguments: World.engines)
    func later(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var request = try world.request()
            request.sendAt = world.now.adding(seconds: 600)
            let id = try await world.submit(request)
            #expect(try await world.status(id) == .pending)
            world.advance(seconds: 599)
            try await world.turn()
            #expect(world.email.begun.isEmpty)
            world.advance(seconds: 1)
            try await world.turn()
            #expect(world.email.accepted == [id])
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("attachments travel with a handed-off message and with a claimed one", arguments: World.engines)
    func attachments(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(.busy))
            var request = try world.request()
            request.attachments = [AttachmentUpload(filename: "plan.pdf", contentType: "application/pdf", content: [1, 2, 3])]
            try await world.submit(request)
            try await world.first.quiet()
            world.advance(seconds: 72)
            try await world.turn()
            #expect(world.email.begun.count == 2)
            for message in world.email.begun { #expect(message.rendered.attachments == request.attachments) }
        }
    }

    @Test("an address that the client no longer has ends the channel instead of the engine", arguments: World.engines)
    func withoutAddress(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(.busy))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            try await world.store.database.write { tx in
                _ = try tx.execute("UPDATE crm_clients SET email = NULL, email_hash = NULL WHERE client_id = 'ada'")
            }
            world.advance(seconds: 72)
            try await world.turn()
            #expect(world.email.begun.count == 1)
            #expect(world.sms.accepted == [id])
            #expect(try await world.detail(id).story == ["accepted", "attempt_failed", "channel_changed", "sent"])
        }
    }
}
