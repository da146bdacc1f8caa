import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Quiet hours at the last moment", .timeLimit(.minutes(5)))
struct QuietHoursTests {
    /// The most that messages which wait for the same morning are spread over.
    private static let spread: Int64 = 15 * 60 * 1000

    /// A message whose first attempt fails one minute before quiet hours begin, so that its retry falls into them.
    private func failsBeforeNight(_ world: World, recipient: RecipientUpdate = World.ada, urgency: Urgency = .high) async throws
        -> CommunicationID
    {
        world.email.script(.refuse(.busy))
        let id = try await world.submit(world.request(urgency: urgency, channel: .email, recipient: recipient))
        try await world.first.quiet()
        world.advance(seconds: 72)
        try await world.turn()
        return id
    }

    private func expectPostponed(_ world: World, _ id: CommunicationID, to opening: Timestamp) async throws {
        #expect(world.email.begun.count == 1)
        let row = try #require(try await world.queued(id))
        #expect(row.due >= opening && row.due < opening.adding(milliseconds: Self.spread), "due \(RFC3339.string(row.due))")
        #expect(!row.isLeased)
        let detail = try await world.detail(id)
        #expect(detail.record.status == .pending)
        #expect(detail.record.scheduledFor == row.due)
        #expect(detail.story == ["accepted", "attempt_failed", "postponed"])
    }

    @Test("a retry that comes due at night waits for the morning and is sent then", arguments: World.engines)
    func postponed(engine: TestEngine) async throws {
        try await withWorld(engine, start: Timestamp("2026-03-02T21:59:00Z")) { world in
            let id = try await failsBeforeNight(world)
            try await expectPostponed(world, id, to: Timestamp("2026-03-03T08:00:00Z"))
            let due = try #require(try await world.queued(id)?.due)
            world.clock.advance(milliseconds: due.milliseconds - world.now.milliseconds)
            try await world.turn()
            #expect(world.email.accepted == [id])
        }
    }

    @Test("a critical message is tried again at night too", arguments: World.engines)
    func critical(engine: TestEngine) async throws {
        try await withWorld(engine, start: Timestamp("2026-03-02T21:59:00Z")) { world in
            let id = try await failsBeforeNight(world, urgency: .critical)
            #expect(world.email.accepted == [id])
        }
    }

    @Test("on the night in which the clocks go forward the morning comes an hour earlier", arguments: World.engines)
    func summerTime(engine: TestEngine) async throws {
        try await withWorld(engine, start: Timestamp("2026-03-28T20:59:00Z")) { world in
            var recipient = World.ada
            recipient.timezone = "Europe/Berlin"
            let id = try await failsBeforeNight(world, recipient: recipient)
            try await expectPostponed(world, id, to: Timestamp("2026-03-29T06:00:00Z"))
        }
    }

    @Test("on the night in which the clocks go back the morning comes an hour later", arguments: World.engines)
    func winterTime(engine: TestEngine) async throws {
        try await withWorld(engine, start: Timestamp("2026-10-24T19:59:00Z")) { world in
            var recipient = World.ada
            recipient.timezone = "Europe/Berlin"
            let id = try await failsBeforeNight(world, recipient: recipient)
            try await expectPostponed(world, id, to: Timestamp("2026-10-25T07:00:00Z"))
        }
    }

    @Test("quiet hours that a client states after the acceptance hold for what waits", arguments: World.engines)
    func statedLater(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(.busy))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            try await world.change(PreferencesUpdate(quietHoursStart: LocalTime("12:00"), quietHoursEnd: LocalTime("13:00")))
            world.advance(seconds: 72)
            try await world.turn()
            try await expectPostponed(world, id, to: Timestamp("2026-03-02T13:00:00Z"))
        }
    }

    @Test("a client without a zone sleeps in the business's zone, also right after its settings changed", arguments: World.engines)
    func businessZone(engine: TestEngine) async throws {
        var business = World.standardBusiness()
        business.timezone = "Asia/Tokyo"
        try await withWorld(engine, start: Timestamp("2026-03-02T12:59:00Z"), business: business) { world in
            world.email.script(.refuse(.busy))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            world.first.orchestrator.settingsChanged(business: world.business)
            world.advance(seconds: 72)
            try await world.turn()
            try await expectPostponed(world, id, to: Timestamp("2026-03-02T23:00:00Z"))
        }
    }

    @Test("a process that has just started knows the business's zone before it claims", arguments: World.engines)
    func freshProcess(engine: TestEngine) async throws {
        var business = World.standardBusiness()
        business.timezone = "Asia/Tokyo"
        try await withWorld(engine, start: Timestamp("2026-03-02T12:59:00Z"), business: business) { world in
            world.email.script(.refuse(.busy))
            let id = try await world.submit(world.request())
            try await world.first.quiet()
            world.advance(seconds: 72)
            try await world.withAnotherProcess { other in
                try await other.directory.preload()
                try await other.turn()
                #expect(other.email.begun.isEmpty)
            }
            try await expectPostponed(world, id, to: Timestamp("2026-03-02T23:00:00Z"))
        }
    }
}
