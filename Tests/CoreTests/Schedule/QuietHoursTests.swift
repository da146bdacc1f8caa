import Core
import TestSupport
import Testing

@Suite("Quiet hours")
struct QuietHoursTests {
    private static func quiet(_ start: String, _ end: String) -> QuietHours { QuietHours(start: clock(start), end: clock(end)) }

    @Test(
        "the next allowed moment",
        arguments: [
            // Across midnight, winter time in Berlin (UTC+1).
            (SampleZones.berlin, "22:00", "08:00", "2026-01-15T20:59:59Z", "2026-01-15T20:59:59Z"),
            (SampleZones.berlin, "22:00", "08:00", "2026-01-15T21:00:00Z", "2026-01-16T07:00:00Z"),
            (SampleZones.berlin, "22:00", "08:00", "2026-01-15T23:30:00Z", "2026-01-16T07:00:00Z"),
            (SampleZones.berlin, "22:00", "08:00", "2026-01-16T06:59:59.999Z", "2026-01-16T07:00:00Z"),
            (SampleZones.berlin, "22:00", "08:00", "2026-01-16T07:00:00Z", "2026-01-16T07:00:00Z"),
            // Inside a day.
            (SampleZones.berlin, "13:00", "15:00", "2026-01-15T11:59:00Z", "2026-01-15T11:59:00Z"),
            (SampleZones.berlin, "13:00", "15:00", "2026-01-15T12:00:00Z", "2026-01-15T14:00:00Z"),
            (SampleZones.berlin, "13:00", "15:00", "2026-01-15T14:00:00Z", "2026-01-15T14:00:00Z"),
            (SampleZones.berlin, "13:00", "15:00", "2026-01-15T22:00:00Z", "2026-01-15T22:00:00Z"),
            // Touching midnight.
            (SampleZones.berlin, "22:00", "00:00", "2026-01-15T22:30:00Z", "2026-01-15T23:00:00Z"),
            (SampleZones.berlin, "00:00", "06:00", "2026-01-15T23:00:00Z", "2026-01-16T05:00:00Z"),
            // None.
            (SampleZones.berlin, "09:00", "09:00", "2026-01-15T08:00:00Z", "2026-01-15T08:00:00Z"),
            // Nights in which the clocks change: an hour shorter, an hour longer.
            (SampleZones.berlin, "22:00", "08:00", "2026-03-28T21:30:00Z", "2026-03-29T06:00:00Z"),
            (SampleZones.berlin, "22:00", "08:00", "2026-10-24T20:30:00Z", "2026-10-25T07:00:00Z"),
            (SampleZones.newYork, "22:00", "08:00", "2026-03-08T04:00:00Z", "2026-03-08T12:00:00Z"),
            (SampleZones.newYork, "22:00", "08:00", "2026-11-01T03:00:00Z", "2026-11-01T13:00:00Z"),
            (SampleZones.lordHowe, "22:00", "08:00", "2026-10-03T13:00:00Z", "2026-10-03T21:00:00Z"),
            (SampleZones.lordHowe, "22:00", "08:00", "2026-04-04T12:00:00Z", "2026-04-04T21:30:00Z"),
            // The end is skipped: right after the jump.
            (SampleZones.berlin, "22:00", "02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
            (SampleZones.beirut, "20:00", "00:30", "2026-03-28T20:00:00Z", "2026-03-28T22:00:00Z"),
            // The end is shown twice: allowed at the first, quiet again when the clock is set back into the window.
            (SampleZones.berlin, "22:00", "02:30", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
            (SampleZones.berlin, "22:00", "02:30", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z"),
            // The clock is set back out of the window.
            (SampleZones.berlin, "02:30", "05:00", "2026-10-25T00:40:00Z", "2026-10-25T01:00:00Z"),
            // The window lies in the repeated hour: quiet both times.
            (SampleZones.newYork, "01:15", "01:45", "2026-11-01T05:20:00Z", "2026-11-01T05:45:00Z"),
            (SampleZones.newYork, "01:15", "01:45", "2026-11-01T06:20:00Z", "2026-11-01T06:45:00Z"),
            // The window lies in the skipped hour: no quiet time that day.
            (SampleZones.berlin, "02:10", "02:50", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"),
            // A whole day is skipped.
            (SampleZones.apia, "22:00", "08:00", "2011-12-30T09:00:00Z", "2011-12-30T18:00:00Z"),
            // Set back over midnight.
            (SampleZones.saoPaulo, "23:00", "00:00", "2018-02-18T01:30:00Z", "2018-02-18T03:00:00Z"),
        ] as [(ZoneRules, String, String, String, String)])
    func nextAllowed(zone: ZoneRules, start: String, end: String, from: String, expected: String) {
        let quiet = Self.quiet(start, end)
        #expect(quiet.nextAllowed(from: moment(from), in: zone).rfc3339 == expected)
        #expect(quiet.isQuiet(at: moment(from), in: zone) == (from != expected))
    }

    @Test("for random windows the next allowed moment is the first one that a walk over every minute finds, and stays where it is")
    func agreesWithWalk() {
        var random = SeededGenerator(seed: 3)
        for (zone, transitions) in SampleZones.withTransitions {
            for _ in 0..<60 {
                let quiet = QuietHours(
                    start: LocalTime(clampedMinutes: Int.random(in: 0..<96, using: &random) * 15),
                    end: LocalTime(clampedMinutes: Int.random(in: 0..<96, using: &random) * 15))
                let from = Timestamp(
                    milliseconds: transitions.randomElement(using: &random)! * 1000
                        + Int64.random(in: -100_000_000...20_000_000, using: &random))
                var expected = from
                while quiet.isQuiet(at: expected, in: zone) { expected = Timestamp(seconds: expected.seconds / 60 * 60 + 60) }
                let next = quiet.nextAllowed(from: from, in: zone)
                #expect(next == expected, "\(from.rfc3339) \(quiet)")
                #expect(next >= from && !quiet.isQuiet(at: next, in: zone))
                #expect(quiet.nextAllowed(from: next, in: zone) == next)
            }
        }
    }
}
