import Core
import Logging
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("What providers tell", .timeLimit(.minutes(5)))
struct EventIntakeTests {
    private func intake(_ world: World) -> (EventIntake, ReceiptSweep) {
        let intake = EventIntake(database: world.store.database, cipher: world.cipher, orchestrator: world.first.orchestrator)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return (intake, ReceiptSweep(intake: intake, clock: world.clock.wallClock, logger: logger))
    }

    private func event(
        _ word: String, _ event: StatusEvent?, of message: String = "text-1", consequence: FailureConsequence? = nil,
        category: ErrorCategory = .permanent, reference: CommunicationID? = nil
    ) -> ProviderEvent {
        ProviderEvent(
            provider: "text", providerMessageID: message, word: word, event: event, reference: reference,
            failure: event == .bounced
                ? ProviderEvent.Failure(category: category, code: 21_610, message: "refused", consequence: consequence) : nil)
    }

    private func texted(_ world: World, fallbackAfter: Int? = nil, inType: Bool = false) async throws -> CommunicationID {
        try await world.putMessageType(
            MessageType(
                name: "ping", category: .transactional, defaultUrgency: .high, channels: [.sms, .email],
                fallbackAfter: inType ? fallbackAfter : nil))
        try await world.putTemplate(.sms, "ping", content: "ping")
        try await world.putTemplate(.email, "ping", subject: "ping", content: "<p>ping</p>")
        var request = try world.request("ping", channel: .sms)
        if !inType { request.fallbackAfter = fallbackAfter }
        let id = try await world.submit(request)
        try await world.first.quiet()
        return id
    }

    @Test(
        "silence begins the next channel after the request's time, or the message type's; word that comes later holds",
        arguments: World.engines)
    func overdue(engine: TestEngine) async throws {
        for inType in [false, true] {
            try await withWorld(engine) { world in
                let (intake, sweep) = intake(world)
                let id = try await texted(world, fallbackAfter: 120, inType: inType)
                #expect(world.sms.accepted == [id])
                world.advance(seconds: 119)
                #expect(try await sweep.runOnce().overdue == 0)
                world.advance(seconds: 1)
                #expect(try await sweep.runOnce().overdue == 1)
                #expect(try await world.status(id) == .queued)
                try await world.turn()
                #expect(world.email.accepted == [id])
                #expect(try await world.detail(id).story == ["accepted", "sent", "fallback", "sent"])
                try await intake.take([event("delivered", .delivered)])
                let detail = try await world.detail(id)
                #expect(detail.record.status == .delivered)
                #expect(try await sweep.runOnce().overdue == 0)
                #expect(detail.record.deliveredAt != nil)
            }
        }
    }

    @Test("a receipt in time keeps the message on its channel", arguments: World.engines)
    func inTime(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let (intake, sweep) = intake(world)
            let id = try await texted(world, fallbackAfter: 120)
            try await intake.take([event("delivered", .delivered)])
            world.advance(seconds: 500)
            _ = try await sweep.runOnce()
            try await world.turn()
            #expect(world.email.begun.isEmpty)
            #expect(try await world.status(id) == .delivered)
        }
    }

    @Test("e-mail has no receipts to wait for", arguments: World.engines)
    func email(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let (_, sweep) = intake(world)
            var request = try world.request(channel: .email)
            request.fallbackAfter = 60
            let id = try await world.submit(request)
            try await world.first.quiet()
            world.advance(seconds: 600)
            #expect(try await sweep.runOnce().overdue == 0)
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("a refusal that means an opt-out holds when it is acknowledged: nothing goes to that number any more", arguments: World.engines)
    func optedOut(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let (intake, _) = intake(world)
            let id = try await texted(world)
            let next = try await world.submit(world.request("ping", channel: .sms, context: #"{"n":2}"#))
            try await world.first.quiet()
            world.sms.script(.hold)
            let held = try await world.submit(world.request("ping", channel: .sms))
            try await intake.take([event("undelivered", .bounced, consequence: .optedOut)])
            world.sms.proceed()
            try await world.first.quiet()
            #expect(world.sms.withdrawn == [held])
            #expect(!world.sms.accepted.contains(held))
            // All go on by e-mail: two because they were refused, the third because its gate is closed now.
            try await world.turn()
            try await world.turn()
            #expect(Set(world.email.accepted) == [id, next, held])
            #expect(world.sms.begun.count == 2)
        }
    }

    @Test("a report that comes before the record of sending is applied by the sweep", arguments: World.engines)
    func early(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let (intake, sweep) = intake(world)
            world.sms.script(.begin)
            let id = try await texted(world)
            try await intake.take([event("delivered", .delivered, of: "late")])
            #expect(try await world.status(id) == .sending)
            #expect(try await sweep.runOnce().matched == 0)
            world.sms.conclude()
            try await world.first.quiet()
            #expect(try await sweep.runOnce().matched == 1)
            #expect(try await world.status(id) == .delivered)
        }
    }

    @Test("an attempt that timed out is not repeated once the provider names it", arguments: World.engines)
    func timedOut(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let (intake, _) = intake(world)
            world.sms.script(.begin)
            let id = try await texted(world)
            // Its first word overtakes our time-out.
            try await intake.take([event("queued", nil, of: "SM1", reference: id)])
            #expect(try await world.status(id) == .sent)
            world.sms.conclude(.failure(TransportFailure(category: .transient, message: "no answer", outcomeUnknown: true)))
            try await world.first.quiet()
            world.advance(seconds: 3_600)
            try await world.turn()
            #expect(world.sms.begun.count == 1)
            #expect(world.email.begun.isEmpty)
            try await intake.take([event("delivered", .delivered, of: "SM1")])
            #expect(try await world.status(id) == .delivered)
        }
    }

    @Test("hundreds of callers at once each get their own answer", arguments: World.engines)
    func together(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let (intake, _) = intake(world)
            let id = try await texted(world)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask {
                        try await intake.take([
                            event("delivered", .delivered, of: number.isMultiple(of: 2) ? "text-1" : "unknown-\(number)")
                        ])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await world.status(id) == .delivered)
            #expect(try await world.detail(id).story.filter { $0 == "delivered" }.count == 20)
            let kept = try await world.store.database.read { tx in try tx.run("SELECT COUNT(*) FROM crm_unmatched_events")[0].int(0) }
            #expect(kept == 200)
        }
    }

    @Test("a message that too many processes in a row took and lost is given to a person", arguments: World.engines)
    func poison(engine: TestEngine) async throws {
        var timing = DeliveryTiming()
        timing.mostTakeovers = 6
        try await withWorld(engine, timing: timing) { world in
            world.email.script(.begin)
            let id = try await world.submit(world.request(channel: .email))
            for number in 1...6 {
                world.advance(seconds: 20)
                try await world.withAnotherProcess { other in
                    other.email.always(.begin)
                    // A claim may fail while another process's connections are closing.
                    while other.email.begun.isEmpty, try await world.status(id) == .sending { try await other.turn(.email) }
                    #expect(other.email.begun.count == (number < 6 ? 1 : 0))
                }
            }
            let detail = try await world.detail(id)
            #expect(detail.record.status == .failed)
            #expect(detail.record.needsReview)
            #expect(detail.story.filter { $0 == "attempt_unknown" }.count == 6)
            #expect(try await world.queued(id) == nil)
        }
    }

    @Test("an unknown outcome waits for the provider's word; rate limits do not use up the retries of other errors")
    func verdicts() throws {
        let now = Timestamp(milliseconds: 1_000_000)
        func attempt(_ begun: Int, rateLimited: Int) throws -> Attempt {
            Attempt(
                claimed: DueDelivery(
                    id: UUIDv7(at: now), business: World.business, clientID: try #require(ClientID("ada")), planID: nil,
                    messageType: "ping", category: .transactional, urgency: .high, channel: .sms, fallbacks: [], context: [], batchID: nil,
                    members: [], createdAt: now, attemptsBegun: begun, unknownSince: nil, rateLimited: rateLimited, hasAttachments: false,
                    client: nil), leaseUntil: now, now: now)
        }
        func due(_ failure: TransportFailure, _ attempt: Attempt, pause: Int = 0) -> Timestamp? {
            let result = Verdict.result(
                of: .failure(failure), attempt: attempt, policy: .standard, now: now, jitter: 0, unknownPause: pause)
            if case .retry(let at, _) = result { return at }
            return nil
        }
        let unknown = TransportFailure(category: .transient, message: "no answer", outcomeUnknown: true)
        #expect(due(unknown, try attempt(0, rateLimited: 0), pause: 60) == now.adding(seconds: 60))
        #expect(due(unknown, try attempt(0, rateLimited: 0)) == now)
        let busy = TransportFailure(category: .transient, message: "busy")
        #expect(due(busy, try attempt(5, rateLimited: 5)) == now.adding(seconds: 60))
        #expect(due(busy, try attempt(5, rateLimited: 0)) == nil)
        let limit = TransportFailure(category: .rateLimit, message: "429")
        #expect(due(limit, try attempt(5, rateLimited: 3)) == now.adding(seconds: 900))
        #expect(due(limit, try attempt(10, rateLimited: 8)) == nil)
    }
}
