import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Retries and fallbacks", .timeLimit(.minutes(5)))
struct RetryTests {
    /// Moves the clock to the moment at which the communication is due and says how many seconds that took.
    private func goToDue(_ world: World, _ id: CommunicationID) async throws -> Double {
        let due = try #require(try await world.queued(id)?.due)
        let wait = due.milliseconds - world.now.milliseconds
        // One millisecond before it is due nothing may begin.
        world.clock.advance(milliseconds: wait - 1)
        let begun = world.email.begun.count + world.sms.begun.count
        try await world.turn()
        #expect(world.email.begun.count + world.sms.begun.count == begun)
        world.clock.advance(milliseconds: 1)
        return Double(wait) / 1000
    }

    @Test(
        "a transient error is tried again after 1, 5 and 15 minutes, then the next channel begins; when all have failed a person looks",
        arguments: World.engines)
    func wholeChain(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.always(.refuse(.busy))
            world.sms.always(.refuse(.busy))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            for (channel, transport) in [(Channel.email, world.email), (.sms, world.sms)] {
                for (number, delay) in [60.0, 300, 900].enumerated() {
                    #expect(try await world.queued(id)?.channel == channel)
                    #expect(try await world.status(id) == .pending)
                    let waited = try await goToDue(world, id)
                    #expect(waited >= delay && waited <= delay * 1.2, "retry \(number + 1) came after \(waited) s")
                    try await world.turn()
                }
                #expect(transport.begun.count == 4)
            }
            let detail = try await world.detail(id)
            #expect(detail.record.status == .failed)
            #expect(detail.record.needsReview)
            #expect(detail.record.errorCategory == "transient")
            #expect(detail.record.errorMessage == "try again later")
            #expect(detail.attempts.map(\.number) == [1, 2, 3, 4, 1, 2, 3, 4])
            #expect(detail.attempts.map(\.channel) == [.email, .email, .email, .email, .sms, .sms, .sms, .sms])
            #expect(detail.story.count { $0 == "fallback" } == 1)
            #expect(detail.story.last == "failed")
            #expect(try await world.queued(id) == nil)
        }
    }

    @Test(
        "a permanent error and malformed input go to the next channel at once", arguments: World.engines,
        [ErrorCategory.permanent, .invalidInput])
    func atOnce(engine: TestEngine, category: ErrorCategory) async throws {
        try await withWorld(engine) { world in
            world.email.always(.refuse(TransportFailure(category: category, message: "no")))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            #expect(try await world.queued(id) == QueueRow(channel: .sms, due: world.now, attempt: 0, isLeased: false))
            try await world.turn()
            #expect(world.email.begun.count == 1)
            #expect(world.sms.accepted == [id])
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent)
            #expect(detail.record.channel == .sms)
            #expect(detail.record.fallbacks == [])
            #expect(detail.story == ["accepted", "attempt_failed", "fallback", "sent"])
        }
    }

    @Test("a message type's own channels come before the usual chain", arguments: World.engines)
    func ownChain(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.always(.refuse(.refused))
            world.whatsapp.always(.refuse(.refused))
            let id = try await world.submit(world.request("vendor_options"))
            for _ in 0..<3 { try await world.turn() }
            #expect(world.email.begun.map(\.id) == [id])
            #expect(world.whatsapp.begun.map(\.id) == [id])
            #expect(world.sms.accepted == [id])
            #expect(try await world.detail(id).attempts.map(\.channel) == [.email, .whatsapp, .sms])
        }
    }

    @Test("no attempt begins sooner than a provider's Retry-After", arguments: World.engines)
    func retryAfter(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(TransportFailure(category: .rateLimit, message: "slow down", retryAfter: 1200)))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            let waited = try await goToDue(world, id)
            #expect(waited >= 1200 && waited <= 1200 + 300 * 0.2)
            try await world.turn()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("refused credentials are our fault: the message is tried again as after any passing error", arguments: World.engines)
    func credentials(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(TransportFailure(category: .authFailure, message: "535 wrong password")))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            #expect(try await world.detail(id).outcomes == [.failed(category: "auth_failure")])
            let waited = try await goToDue(world, id)
            #expect(waited >= 60 && waited <= 72)
            try await world.turn()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("an attempt whose outcome nobody knows is repeated at once on the same channel and is the same message", arguments: World.engines)
    func unknownOutcome(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(TransportFailure(category: .transient, message: "connection lost", outcomeUnknown: true)))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            #expect(try await world.queued(id) == QueueRow(channel: .email, due: world.now, attempt: 1, isLeased: false))
            try await world.turn()
            #expect(world.email.begun.map(\.id) == [id, id])
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent)
            #expect(detail.outcomes == [.failed(category: "unknown"), .sent])
            #expect(detail.attempts.map(\.number) == [1, 2])
        }
    }

    @Test("an unknown outcome never moves to another channel, however often it happens", arguments: World.engines)
    func unknownForever(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.always(.refuse(TransportFailure(category: .transient, message: "connection lost", outcomeUnknown: true)))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            for _ in 0..<10 {
                guard let due = try await world.queued(id)?.due else { break }
                world.clock.advance(milliseconds: max(due.milliseconds - world.now.milliseconds, 0))
                try await world.turn()
            }
            #expect(world.sms.begun.isEmpty)
            let record = try await world.detail(id).record
            #expect(record.status == .failed)
            #expect(record.needsReview)
        }
    }

    @Test("a template that breaks when it is rendered fails that channel only", arguments: World.engines)
    func brokenTemplate(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            // Compiles, and grows past the renderer's limit with this context.
            let bomb = String(repeating: "{{#a}}", count: 6) + "boom {{x}}" + String(repeating: "{{/a}}", count: 6)
            try await world.putTemplate(.email, "reminder", subject: "Hi", content: "<p>\(bomb)</p>")
            let list = (0..<100).map(String.init).joined(separator: ",")
            let id = try await world.submit(world.request(context: #"{"a":[\#(list)],"x":"y"}"#))
            try await world.first.quiet()
            try await world.turn()
            let detail = try await world.detail(id)
            #expect(world.email.begun.isEmpty)
            #expect(detail.outcomes == [.failed(category: "invalid_input"), .sent])
            #expect(world.sms.accepted == [id])
        }
    }

    @Test("a failed communication that is tried again begins anew from its first attempt", arguments: World.engines)
    func byHand(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(.refused))
            world.sms.script(.refuse(.refused))
            let id = try await world.submit(world.request())
            try await world.turn()
            #expect(try await world.status(id) == .failed)
            try await world.first.orchestrator.retry(id, business: world.business)
            try await world.turn()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent)
            #expect(!detail.record.needsReview)
            #expect(detail.record.errorMessage == nil)
            #expect(detail.attempts.last?.number == 1)
            await #expect(throws: Refusal.self) { try await world.first.orchestrator.retry(id, business: world.business) }
        }
    }
}
