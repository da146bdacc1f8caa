import Core
import TestSupport
import Testing

@Suite("Business hours and quiet hours together")
struct SendWindowTests {
    private static func window(
        _ hours: (String, String), days: Set<Int> = Set(1...7), quiet: (String, String) = ("22:00", "08:00"),
        zone: ZoneRules = SampleZones.berlin
    ) -> SendWindow {
        SendWindow(
            quiet: QuietHours(start: clock(quiet.0), end: clock(quiet.1)),
            business: BusinessHoursRule(BusinessHours(start: clock(hours.0), end: clock(hours.1), days: days)), zone: zone)
    }

    private static func next(_ window: SendWindow, _ from: String) -> String { window.next(from: moment(from)).moment.rfc3339 }

    // 2026-01-15 is a Thursday; Berlin is at UTC+1.

    @Test("hours begin at their start and end before their end")
    func edges() {
        let window = Self.window(("09:00", "18:00"))
        #expect(Self.next(window, "2026-01-15T07:59:59Z") == "2026-01-15T08:00:00Z")
        #expect(Self.next(window, "2026-01-15T08:00:00Z") == "2026-01-15T08:00:00Z")
        #expect(Self.next(window, "2026-01-15T16:59:59.999Z") == "2026-01-15T16:59:59.999Z")
        #expect(Self.next(window, "2026-01-15T17:00:00Z") == "2026-01-16T08:00:00Z")
    }

    @Test("closed days are skipped")
    func days() {
        let weekdays = Self.window(("09:00", "18:00"), days: [1, 2, 3, 4, 5])
        #expect(Self.next(weekdays, "2026-01-16T17:00:00Z") == "2026-01-19T08:00:00Z")
        let sundays = Self.window(("09:00", "18:00"), days: [7])
        #expect(Self.next(sundays, "2026-01-18T17:00:00Z") == "2026-01-25T08:00:00Z")
        // The Sunday on which the clocks go forward.
        #expect(Self.next(sundays, "2026-03-28T12:00:00Z") == "2026-03-29T07:00:00Z")
    }

    @Test("hours across midnight belong to the day on which they begin")
    func overnight() {
        let fridays = Self.window(("20:00", "04:00"), days: [5], quiet: ("00:00", "00:00"))
        #expect(Self.next(fridays, "2026-01-15T20:00:00Z") == "2026-01-16T19:00:00Z")
        #expect(Self.next(fridays, "2026-01-17T02:59:00Z") == "2026-01-17T02:59:00Z")
        #expect(Self.next(fridays, "2026-01-17T03:00:00Z") == "2026-01-23T19:00:00Z")
    }

    @Test("a clock that is set back can open them again")
    func setBack() {
        let window = Self.window(("01:30", "02:30"), quiet: ("00:00", "00:00"))
        #expect(Self.next(window, "2026-10-25T00:45:00Z") == "2026-10-25T01:00:00Z")
    }

    @Test("with start = end the listed days are open all day")
    func wholeDays() {
        let saturdays = Self.window(("09:00", "09:00"), days: [6], quiet: ("00:00", "00:00"))
        #expect(Self.next(saturdays, "2026-01-15T12:00:00Z") == "2026-01-16T23:00:00Z")
        #expect(Self.next(saturdays, "2026-01-17T22:59:00Z") == "2026-01-17T22:59:00Z")
        #expect(Self.next(saturdays, "2026-01-17T23:00:00Z") == "2026-01-23T23:00:00Z")
    }

    @Test("quiet hours cut into business hours from either side and from within")
    func quietHours() {
        let late = Self.window(("09:00", "18:00"), quiet: ("17:00", "11:00"))
        #expect(Self.next(late, "2026-01-15T08:30:00Z") == "2026-01-15T10:00:00Z")
        #expect(Self.next(late, "2026-01-15T16:00:00Z") == "2026-01-16T10:00:00Z")
        let siesta = Self.window(("09:00", "18:00"), quiet: ("13:00", "15:00"))
        #expect(Self.next(siesta, "2026-01-15T12:30:00Z") == "2026-01-15T14:00:00Z")
        let overClosing = Self.window(("09:00", "18:00"), quiet: ("17:00", "19:00"))
        #expect(Self.next(overClosing, "2026-01-15T16:30:00Z") == "2026-01-16T08:00:00Z")
    }

    @Test(
        "without a common moment quiet hours alone count, and that is said",
        arguments: [(("09:00", "18:00"), Set(1...7), ("08:00", "18:00")), (("09:00", "18:00"), Set<Int>(), ("22:00", "08:00"))]
            as [((String, String), Set<Int>, (String, String))])
    func noCommonMoment(hours: (String, String), days: Set<Int>, quiet: (String, String)) {
        let window = Self.window(hours, days: days, quiet: quiet)
        let opening = window.next(from: moment("2026-01-15T09:00:00Z"))
        #expect(opening.businessHoursIgnored)
        #expect(opening.moment == window.quiet.nextAllowed(from: moment("2026-01-15T09:00:00Z"), in: SampleZones.berlin))
        // A single common minute is enough.
        let narrow = Self.window(("09:00", "18:00"), days: [3], quiet: ("09:01", "18:00"))
        let narrowOpening = narrow.next(from: moment("2026-01-15T09:00:00Z"))
        #expect(narrowOpening.moment == moment("2026-01-21T08:00:00Z") && !narrowOpening.businessHoursIgnored)
    }

    @Test("for random rules the next moment is the first one that a walk over every quarter of an hour finds")
    func agreesWithWalk() {
        var random = SeededGenerator(seed: 4)
        for (zone, transitions) in SampleZones.withTransitions where transitions.allSatisfy({ $0 % 900 == 0 }) {
            for _ in 0..<40 {
                func quarter() -> LocalTime { LocalTime(clampedMinutes: Int.random(in: 0..<96, using: &random) * 15) }
                let days = Set((1...7).filter { _ in Bool.random(using: &random) })
                let window = SendWindow(
                    quiet: QuietHours(start: quarter(), end: quarter()),
                    business: BusinessHoursRule(BusinessHours(start: quarter(), end: quarter(), days: days)), zone: zone)
                let from = Timestamp(
                    seconds: transitions.randomElement(using: &random)! + Int64.random(in: -500...20, using: &random) * 900)
                let walk = (0..<2000).lazy.map { from.adding(seconds: $0 * 900) }.first(where: window.allows)
                let opening = window.next(from: from)
                #expect(opening.businessHoursIgnored == (walk == nil))
                if let walk { #expect(opening.moment == walk, "\(from.rfc3339) \(window.quiet) \(String(describing: window.business))") }
                #expect(!window.quiet.isQuiet(at: opening.moment, in: zone) && opening.moment >= from)
            }
        }
    }

    @Test("messages that wait are spread over up to 15 minutes and never past the end of the window")
    func spread() {
        var random = SeededGenerator(seed: 5)
        let wide = Self.window(("09:00", "18:00"))
        let opening = moment("2026-01-15T08:00:00Z")
        let delays = (0..<2000).map { _ in wide.spread(opening, seed: random.next()).milliseconds - opening.milliseconds }
        #expect(delays.allSatisfy { (0..<900_000).contains($0) })
        // Evenly enough that every minute gets its share.
        let perMinute = Dictionary(grouping: delays) { $0 / 60_000 }.mapValues(\.count)
        #expect(perMinute.count == 15 && perMinute.values.allSatisfy { (80...200).contains($0) })
        // Five minutes are left before closing, or before it gets quiet.
        for narrow in [Self.window(("09:00", "09:05")), Self.window(("09:00", "18:00"), quiet: ("09:05", "08:00"))] {
            for _ in 0..<200 {
                let moment = narrow.spread(opening, seed: random.next())
                #expect(narrow.allows(moment) && moment >= opening)
            }
        }
        // The clock is about to jump into the quiet hours.
        let jump = SendWindow(quiet: QuietHours(start: clock("02:30"), end: clock("01:55")), zone: SampleZones.berlin)
        for _ in 0..<200 { #expect(jump.allows(jump.spread(moment("2026-03-29T00:55:00Z"), seed: random.next()))) }
    }
}
