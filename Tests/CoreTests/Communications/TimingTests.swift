import Core
import TestSupport
import Testing

@Suite("Timing")
struct TimingTests {
    // Berlin at UTC+1; 2026-01-15 is a Thursday.
    @Test(
        "when a message leaves",
        arguments: [
            // Critical: at once, at any hour.
            (.critical, "2026-01-15T11:00:00Z", nil, "2026-01-15T11:00:00Z"),
            (.critical, "2026-01-15T23:00:00Z", nil, "2026-01-15T23:00:00Z"),
            (.critical, "2026-01-15T11:00:00Z", "2026-01-15T23:30:00Z", "2026-01-15T23:30:00Z"),
            (.critical, "2026-01-15T11:00:00Z", "2026-01-15T10:00:00Z", "2026-01-15T11:00:00Z"),
            // High: at once outside quiet hours, business hours or not.
            (.high, "2026-01-15T19:00:00Z", nil, "2026-01-15T19:00:00Z"), (.high, "2026-01-15T21:00:00Z", nil, "2026-01-16T07:00:00Z"),
            (.high, "2026-01-15T11:00:00Z", "2026-01-15T19:30:00Z", "2026-01-15T19:30:00Z"),
            (.high, "2026-01-15T11:00:00Z", "2026-01-16T02:00:00Z", "2026-01-16T07:00:00Z"),
            // Normal: business hours.
            (.normal, "2026-01-15T11:00:00Z", nil, "2026-01-15T11:00:00Z"), (.normal, "2026-01-15T07:30:00Z", nil, "2026-01-15T08:00:00Z"),
            (.normal, "2026-01-15T17:00:00Z", nil, "2026-01-16T08:00:00Z"), (.normal, "2026-01-15T23:00:00Z", nil, "2026-01-16T08:00:00Z"),
            (.normal, "2026-01-15T11:00:00Z", "2026-02-01T12:34:56Z", "2026-02-01T12:34:56Z"),
            (.normal, "2026-01-15T11:00:00Z", "2026-02-01T20:00:00Z", "2026-02-02T08:00:00Z"),
            // Low, after a day of silence: like high.
            (.low, "2026-01-15T19:00:00Z", nil, "2026-01-15T19:00:00Z"), (.low, "2026-01-15T21:00:00Z", nil, "2026-01-16T07:00:00Z"),
        ] as [(Urgency, String, String?, String)])
    func sendAt(urgency: Urgency, now: String, requested: String?, expected: String) throws {
        let strategy = try #require(planned(strategyInput(urgency: urgency, sendAt: requested, now: now)))
        // With the seed 0 nothing is added to the opening of a window.
        #expect(strategy.sendAt.rfc3339 == expected)
        #expect(strategy.dueNow == (expected == now))
        #expect(strategy.priority == urgency.priority)
        #expect(strategy.steps.contains { $0.rule == "send_at" } == (moment(requested ?? now) > moment(now)))
    }

    @Test("what waits for the opening of a window is spread behind it, what is due is not")
    func spread() throws {
        for seed in [1, 0xDEAD_BEEF, UInt64.max] as [UInt64] {
            let waiting = try #require(planned(strategyInput(urgency: .normal, now: "2026-01-15T23:00:00Z", seed: seed)))
            let late = waiting.sendAt.milliseconds - moment("2026-01-16T08:00:00Z").milliseconds
            #expect((1..<900_000).contains(late))
            #expect(planned(strategyInput(urgency: .normal, seed: seed))?.sendAt == moment("2026-01-15T11:00:00Z"))
            let wanted = strategyInput(urgency: .high, sendAt: "2026-01-15T12:00:00Z", seed: seed)
            #expect(planned(wanted)?.sendAt == moment("2026-01-15T12:00:00Z"))
        }
    }

    @Test("the decision says why a message waits")
    func reasons() throws {
        let night = try #require(planned(strategyInput(urgency: .high, now: "2026-01-15T23:00:00Z")))
        #expect(night.steps.last?.rule == "quiet_hours")
        #expect(night.steps.last?.because == "it is quiet time for the client until 08:00 (Europe/Berlin)")
        let evening = try #require(planned(strategyInput(urgency: .normal, now: "2026-01-15T18:00:00Z")))
        #expect(evening.steps.last?.rule == "business_hours" && evening.steps.last?.outcome == "deferred")
        let never = try #require(planned(strategyInput(urgency: .normal, quiet: ("08:00", "20:00"))))
        #expect(never.steps.contains { $0.rule == "business_hours" && $0.outcome == "ignored" })
        #expect(never.sendAt == moment("2026-01-15T19:00:00Z"))
    }

    @Test("nothing but critical is ever planned into quiet hours or into the past")
    func neverQuiet() throws {
        var random = SeededGenerator(seed: 7)
        for (zone, transitions) in SampleZones.withTransitions {
            for _ in 0..<400 {
                let near = transitions.randomElement(using: &random)!
                func somewhen() -> Timestamp {
                    Timestamp(milliseconds: near * 1000 + Int64.random(in: -200_000_000...200_000_000, using: &random))
                }
                var input = strategyInput(urgency: .allCases.randomElement(using: &random), zone: zone, seed: random.next())
                input.preferences.quietHoursStart = LocalTime(clampedMinutes: Int.random(in: 0..<1440, using: &random))
                input.preferences.quietHoursEnd = LocalTime(clampedMinutes: Int.random(in: 0..<1440, using: &random))
                input.now = somewhen()
                if Bool.random(using: &random) { input.sendAt = somewhen() }
                if Bool.random(using: &random) { input.lastMessageAt = somewhen() }
                let strategy = try #require(planned(input))
                #expect(strategy.sendAt >= max(input.now, input.sendAt ?? input.now))
                let quiet = QuietHours(input.preferences).isQuiet(at: strategy.sendAt, in: zone)
                #expect(input.urgency == .critical || !quiet)
                #expect(strategy.dueNow == (strategy.sendAt == input.now))
            }
        }
    }
}
