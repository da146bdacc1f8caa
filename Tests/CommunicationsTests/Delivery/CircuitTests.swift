import Core
import Observability
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Providers that do not work", .timeLimit(.minutes(5)))
struct CircuitTests {
    private func submit(
        _ world: World, _ client: String, type: String = "reminder", channel: Channel = .email, alone: Bool = false,
        urgency: Urgency = .high
    ) async throws -> CommunicationID {
        let recipient = RecipientUpdate(name: "Ada", email: "ada@example.org", phoneNumber: alone ? nil : "+14155550100")
        return try await world.submit(
            world.request(type, urgency: urgency, client: client, channel: channel, recipient: recipient))
    }

    /// Has five messages fail, which opens the circuit.
    private func breakDown(_ world: World, with failure: TransportFailure = .busy, count: Int = 5) async throws {
        world.email.always(.refuse(failure))
        for number in 0..<count { _ = try await submit(world, "breaking-\(number)") }
        try await world.first.quiet()
    }

    @Test("while a provider is away messages wait without using up attempts; one probes, then all leave", arguments: World.engines)
    func opensAndCloses(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await breakDown(world)
            #expect(world.first.engine.laneStatus[.email]?.circuit == .open)
            #expect(world.first.engine.laneStatus[.email]?.trouble?.contains("mail does not answer") == true)
            #expect(world.first.engine.metrics.lanes.circuitOpenings["email"].value == 1)
            var waiting: [CommunicationID] = []
            for number in 0..<4 { waiting.append(try await submit(world, "waiting-\(number)")) }
            for _ in 0..<3 { try await world.turn(.email) }
            #expect(world.email.begun.count == 5)
            for id in waiting {
                #expect(try await world.status(id) == .queued)
                #expect(try await world.queued(id)?.attempt == 0)
            }
            // The probe fails: one message, one attempt.
            world.advance(seconds: 30)
            for _ in 0..<3 { try await world.turn(.email) }
            #expect(world.email.begun.count == 6)
            #expect(world.first.engine.laneStatus[.email]?.circuit == .open)
            // The next one succeeds.
            world.email.always(.begin)
            world.advance(seconds: 60)
            for _ in 0..<3 { try await world.turn(.email) }
            #expect(world.email.begun.count == 7)
            #expect(world.first.engine.laneStatus[.email]?.circuit == .halfOpen)
            world.email.always(.accept)
            world.email.conclude()
            try await world.first.quiet()
            #expect(world.first.engine.laneStatus[.email] == LaneStatus(circuit: .closed, trouble: nil, waitsForRate: false))
            for _ in 0..<3 { try await world.turn(.email) }
            // One of the four has failed as the probe and has its retry before it.
            #expect(waiting.count { world.email.accepted.contains($0) } >= 3)
            #expect(world.first.engine.metrics.lanes.circuitOpenings["email"].value == 1)
        }
    }

    @Test("refused credentials open it after three", arguments: World.engines)
    func credentials(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await breakDown(world, with: TransportFailure(category: .authFailure, message: "535 no"), count: 3)
            #expect(world.first.engine.laneStatus[.email]?.trouble?.contains("refuses our credentials") == true)
            _ = try await submit(world, "next")
            try await world.turn(.email)
            #expect(world.email.begun.count == 3)
        }
    }

    @Test(
        "failures of single messages do not open it", arguments: World.engines,
        [
            TransportFailure.refused, TransportFailure(category: .invalidInput, message: "no"),
            TransportFailure(category: .rateLimit, message: "slow down"),
            TransportFailure(category: .transient, message: "greylisted", scope: .message),
        ])
    func singleMessages(engine: TestEngine, failure: TransportFailure) async throws {
        try await withWorld(engine) { world in
            try await breakDown(world, with: failure, count: 12)
            #expect(world.email.begun.count == 12)
            #expect(world.first.engine.laneStatus[.email]?.circuit == .closed)
        }
    }

    @Test("a message that waited longer than all retries would last takes its next channel", arguments: World.engines)
    func movesOn(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.always(.refuse(.busy))
            for number in 0..<5 { _ = try await submit(world, "breaking-\(number)", alone: true) }
            try await world.first.quiet()
            let id = try await submit(world, "patient")
            let single = try await submit(world, "single", alone: true)
            // These overtake it, and so are what probes.
            for number in 0..<20 { _ = try await submit(world, "urgent-\(number)", alone: true, urgency: .critical) }
            for _ in 0..<12 {
                world.advance(seconds: 104)
                try await world.turn(.email)
            }
            #expect(
                try await world.queued(id) == QueueRow(channel: .email, due: world.now.adding(seconds: -1248), attempt: 0, isLeased: false))
            #expect(world.email.begun.count > 6)
            // 1,248 seconds are over, 1,260 are the horizon.
            world.advance(seconds: 13)
            try await world.turn()
            #expect(try await world.detail(id).story == ["accepted", "channel_changed", "sent"])
            #expect(world.sms.accepted == [id])
            #expect(try await world.queued(single)?.channel == .email)
        }
    }

    @Test("Retry-After holds the whole lane, an hour at most; one person's limit holds only that message", arguments: World.engines)
    func retryAfter(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(TransportFailure(category: .rateLimit, message: "pair limit", retryAfter: 60, scope: .message)))
            _ = try await submit(world, "one")
            _ = try await submit(world, "two")
            try await world.first.quiet()
            #expect(world.email.accepted.count == 1)
            world.email.script(.refuse(TransportFailure(category: .rateLimit, message: "429", retryAfter: 40)))
            _ = try await submit(world, "three")
            try await world.first.quiet()
            let waiting = try await submit(world, "four")
            #expect(world.first.engine.laneStatus[.email]?.trouble?.contains("asked for a pause") == true)
            world.clock.advance(milliseconds: 39_999)
            try await world.turn(.email)
            #expect(world.email.begun.count == 3)
            #expect(try await world.queued(waiting)?.attempt == 0)
            world.clock.advance(milliseconds: 1)
            try await world.turn(.email)
            #expect(world.email.accepted.contains(waiting))
            // A day is too much for a lane.
            world.email.script(.refuse(TransportFailure(category: .rateLimit, message: "429", retryAfter: 86_000)))
            _ = try await submit(world, "five")
            try await world.first.quiet()
            let last = try await submit(world, "six")
            world.advance(seconds: 3599)
            try await world.turn(.email)
            #expect(!world.email.accepted.contains(last))
            world.advance(seconds: 1)
            try await world.turn(.email)
            #expect(world.email.accepted.contains(last))
        }
    }

    @Test("a probe that could not even be prepared says nothing; the next message probes", arguments: World.engines)
    func unpreparedProbe(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await breakDown(world)
            world.email.always(.accept)
            let gone = try await submit(world, "gone", alone: true, urgency: .critical)
            try await world.store.database.write { tx in
                _ = try tx.execute("UPDATE crm_clients SET email = NULL, email_hash = NULL WHERE client_id = 'gone'")
            }
            let next = try await submit(world, "next")
            world.advance(seconds: 30)
            try await world.turn(.email)
            #expect(world.first.engine.laneStatus[.email]?.circuit != .closed)
            for _ in 0..<2 { try await world.turn(.email) }
            #expect(world.email.accepted.contains(next))
            #expect(!world.email.accepted.contains(gone))
            #expect(world.first.engine.laneStatus[.email]?.circuit == .closed)
        }
    }
}
