import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("A store that fails", .timeLimit(.minutes(5)))
struct StoreFaultTests {
    /// PostgreSQL asks the server what became of a transaction whose commit got no answer, so its callers are told the truth.
    private static let doubtful = [TestEngine.sqlite]
    private static let full = DatabaseError.unavailable(.notWritable, details: "disk full")
    private static let lost = DatabaseError.unavailable(.disconnected, details: "connection lost")

    @Test("an outcome that the store refuses twice is recorded once, at the third time", arguments: World.engines)
    func outcomeRefused(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            faults.inject(.fail(Self.full), at: .commit, nth: 1)
            faults.inject(.fail(Self.full), at: .commit, nth: 2)
            world.email.conclude()
            try await world.first.quiet()
            #expect(try await world.detail(id).story == ["accepted", "sent"])
            #expect(try await world.queued(id) == nil)
            try await world.turn()
            #expect(world.email.begun.count == 1)
        }
    }

    @Test("an outcome whose commit was reported as failed is not applied a second time", arguments: World.engines)
    func outcomeReportedLost(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request())
            faults.inject(.doneButReportedAs(Self.lost), at: .commit)
            world.email.conclude()
            try await world.first.quiet()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent)
            #expect(detail.story.count { $0 == "sent" } == 1)
            try await world.turn()
            #expect(world.email.begun.count == 1)
        }
    }

    @Test("a fallback whose commit was reported as failed does not disturb the attempt that follows it", arguments: World.engines)
    func fallbackReportedLost(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults) { world in
            world.email.script(.begin)
            world.sms.script(.begin)
            let id = try await world.submit(world.request())
            faults.inject(.doneButReportedAs(Self.lost), at: .commit)
            world.email.conclude(.failure(.refused))
            // The fallback is in the store, and the recorder is about to try again.
            while try await world.queued(id)?.channel != .sms { try await world.first.breathe() }
            try await world.first.turn(.sms)
            #expect(world.sms.begun.count == 1)
            #expect(try await world.queued(id)?.isLeased == true)
            try await world.turn()
            world.sms.conclude()
            try await world.first.quiet()
            #expect(world.sms.begun.count == 1)
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test(
        "after a commit that was reported as failed the caller's second try gets the first answer, and one message is sent",
        arguments: doubtful)
    func acceptanceReportedLost(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults) { world in
            faults.inject(.doneButReportedAs(Self.lost), at: .commit)
            await #expect(throws: Self.lost) { try await world.submit(world.request(), key: "k") }
            #expect(world.first.engine.inFlight[.email] == 0)
            #expect(world.first.engine.register.count == 0)
            let again = try await world.first.orchestrator.submit(
                world.request(), business: world.business, idempotency: world.claim("k"))
            guard case .replayed(let status, let body) = again else { throw Unexpected(what: "\(again)") }
            #expect(status == 202)
            let text = try #require(try members(body)["communication_id"] as? String)
            let id = try #require(CommunicationID(text))
            // Nobody in this process knows that it has the lease; when that has run out the message goes its way.
            world.advance(seconds: 20)
            try await world.turn()
            try await world.turn()
            #expect(world.email.accepted == [id])
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("a request that the store refused leaves nothing behind, and the second try is accepted", arguments: World.engines)
    func acceptanceRefused(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults) { world in
            faults.inject(.fail(Self.full), at: .commit)
            await #expect(throws: Self.full) { try await world.submit(world.request(), key: "k") }
            #expect(world.first.engine.inFlight[.email] == 0)
            let id = try await world.submit(world.request(), key: "k")
            try await world.first.quiet()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("a claim whose commit was reported as failed sends nothing until its lease has run out, then once", arguments: doubtful)
    func claimReportedLost(engine: TestEngine) async throws {
        let faults = Faults()
        try await withWorld(engine, faults: faults) { world in
            var request = try world.request()
            request.sendAt = world.now.adding(seconds: 60)
            let id = try await world.submit(request)
            world.advance(seconds: 60)
            faults.inject(.doneButReportedAs(Self.lost), at: .commit)
            try await world.turn(.email)
            #expect(world.email.begun.isEmpty)
            world.advance(seconds: 20)
            try await world.turn()
            #expect(world.email.accepted == [id])
            #expect(try await world.detail(id).story == ["accepted", "attempt_unknown", "sent"])
        }
    }
}
