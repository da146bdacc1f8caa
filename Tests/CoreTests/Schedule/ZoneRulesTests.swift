import Core
import TestSupport
import Testing

@Suite("Zone rules")
struct ZoneRulesTests {
    @Test(
        "the wall clock follows the transitions to the millisecond",
        arguments: [
            (SampleZones.berlin, "2026-03-29T00:59:59.999Z", "2026-03-29", "01:59", 7),
            (SampleZones.berlin, "2026-03-29T01:00:00Z", "2026-03-29", "03:00", 7),
            (SampleZones.berlin, "2026-10-25T00:59:59Z", "2026-10-25", "02:59", 7),
            (SampleZones.berlin, "2026-10-25T01:00:00Z", "2026-10-25", "02:00", 7),
            (SampleZones.newYork, "2026-11-01T05:59:00Z", "2026-11-01", "01:59", 7),
            (SampleZones.newYork, "2026-11-01T06:00:00Z", "2026-11-01", "01:00", 7),
            (SampleZones.lordHowe, "2026-10-03T15:29:00Z", "2026-10-04", "01:59", 7),
            (SampleZones.lordHowe, "2026-10-03T15:30:00Z", "2026-10-04", "02:30", 7),
            (SampleZones.casablanca, "2026-02-15T02:00:00Z", "2026-02-15", "02:00", 7),
            (SampleZones.kathmandu, "2026-01-01T18:15:00Z", "2026-01-02", "00:00", 5),
            (SampleZones.apia, "2011-12-30T09:59:00Z", "2011-12-29", "23:59", 4),
            (SampleZones.apia, "2011-12-30T10:00:00Z", "2011-12-31", "00:00", 6),
            (.utc, "1969-12-31T23:59:59Z", "1969-12-31", "23:59", 3),
        ] as [(ZoneRules, String, String, String, Int)])
    func local(zone: ZoneRules, at text: String, date: String, time: String, weekday: Int) {
        // The last case lies before what the text form can express.
        let instant = text.hasPrefix("1969") ? Timestamp(seconds: -1) : moment(text)
        let local = zone.local(at: instant)
        let (year, month, day) = local.date.components
        #expect("\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)" == date)
        #expect(local.time.text == time)
        #expect(local.weekday == weekday)
    }

    @Test("a skipped time is a gap that ends at the jump, a repeated one has two instants")
    func gapsAndOverlaps() {
        #expect(SampleZones.berlin.instants(of: day(2026, 3, 29), clock("02:30")) == .gap(moment("2026-03-29T01:00:00Z")))
        #expect(SampleZones.berlin.instants(of: day(2026, 3, 29), clock("03:00")) == .one(moment("2026-03-29T01:00:00Z")))
        #expect(
            SampleZones.berlin.instants(of: day(2026, 10, 25), clock("02:00"))
                == .two(moment("2026-10-25T00:00:00Z"), moment("2026-10-25T01:00:00Z")))
        #expect(SampleZones.berlin.instants(of: day(2026, 10, 25), clock("03:00")) == .one(moment("2026-10-25T02:00:00Z")))
        #expect(
            SampleZones.lordHowe.instants(of: day(2026, 4, 5), clock("01:45"))
                == .two(moment("2026-04-04T14:45:00Z"), moment("2026-04-04T15:15:00Z")))
        #expect(SampleZones.lordHowe.instants(of: day(2026, 10, 4), clock("02:15")) == .gap(moment("2026-10-03T15:30:00Z")))
        #expect(SampleZones.apia.instants(of: day(2011, 12, 30), clock("12:00")) == .gap(moment("2011-12-30T10:00:00Z")))
        #expect(
            SampleZones.saoPaulo.instants(of: day(2018, 2, 17), clock("23:30"))
                == .two(moment("2018-02-18T01:30:00Z"), moment("2018-02-18T02:30:00Z")))
    }

    @Test("transitions may come in any order and those that change nothing do not count")
    func normalises() {
        let zone = ZoneRules(
            initialOffset: 3600,
            transitions: [
                .init(at: 1_792_890_000, offset: 3600), .init(at: 1_780_000_000, offset: 7200), .init(at: 1_774_746_000, offset: 7200),
                .init(at: 1_700_000_000, offset: 3600),
            ])
        #expect(zone == SampleZones.berlin)
        #expect(zone.nextTransition(after: moment("2026-01-01T00:00:00Z")) == Timestamp(seconds: 1_774_746_000))
        #expect(zone.nextTransition(after: Timestamp(seconds: 1_774_746_000)) == Timestamp(seconds: 1_792_890_000))
        #expect(zone.nextTransition(after: Timestamp(seconds: 1_792_890_000)) == nil)
    }

    @Test("instants of random wall times agree with a walk over every minute")
    func instantsAgreeWithWalk() {
        var random = SeededGenerator(seed: 1)
        for (zone, transitions) in SampleZones.withTransitions {
            for _ in 0..<40 {
                let near = Timestamp(seconds: transitions.randomElement(using: &random)! + Int64.random(in: -6...6, using: &random) * 1800)
                let local = zone.local(at: near)
                let time = LocalTime(clampedMinutes: local.time.minutes + Int.random(in: -90...90, using: &random))
                let start = near.adding(seconds: -30 * 3600)
                let shown = (0..<3600).map { Timestamp(seconds: start.seconds / 60 * 60).adding(seconds: Int64($0) * 60) }
                    .filter {
                        let l = zone.local(at: $0)
                        return l.date == local.date && l.time == time
                    }
                switch zone.instants(of: local.date, time) {
                case .gap(let end):
                    #expect(shown.isEmpty)
                    #expect(Self.wall(zone, end.adding(milliseconds: -1)) < Self.wall(local.date, time))
                    #expect(Self.wall(zone, end) > Self.wall(local.date, time))
                case .one(let only): #expect(shown == [only])
                case .two(let first, let second): #expect(shown == [first, second])
                }
            }
        }
    }

    @Test("a clock that is set back over midnight shows the evening before once more")
    func setBackOverMidnight() {
        let start = moment("2010-11-07T02:30:00Z")
        #expect(SampleZones.stJohns.local(at: start).date == day(2010, 11, 7))
        #expect(SampleZones.stJohns.firstMoment(atOrAfter: start, clock("23:30")) == moment("2010-11-07T03:00:00Z"))
    }

    @Test("the first moment of a clock time agrees with a walk over every minute")
    func firstMomentAgreesWithWalk() {
        var random = SeededGenerator(seed: 2)
        for (zone, transitions) in SampleZones.withTransitions {
            for _ in 0..<60 {
                let transition = transitions.randomElement(using: &random)!
                let start = Timestamp(seconds: transition + Int64.random(in: -1600...200, using: &random) * 60)
                let minutes = Int.random(in: 0..<1440, using: &random)
                #expect(
                    zone.firstMoment(atOrAfter: start, LocalTime(clampedMinutes: minutes)) == Self.walk(zone, from: start, to: minutes),
                    "\(start.rfc3339) \(minutes)")
            }
        }
    }

    @Test("moments at both ends of time do not overflow")
    func extremes() {
        for zone in [ZoneRules.utc, SampleZones.berlin, ZoneRules.fixed(.max), ZoneRules.fixed(.min)] {
            for time in [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
                #expect((1...7).contains(zone.local(at: time).weekday))
                #expect(zone.firstMoment(atOrAfter: time, clock("08:00")) >= time)
                #expect(QuietHours(start: clock("22:00"), end: clock("08:00")).nextAllowed(from: time, in: zone) >= time)
            }
        }
        #expect(
            ZoneRules(initialOffset: 0, transitions: [.init(at: .max, offset: .max), .init(at: .min, offset: .min)]).offset(
                at: moment("2026-01-01T00:00:00Z")) == -93_600)
    }

    private static func wall(_ date: LocalDate, _ time: LocalTime) -> Int { date.dayNumber * 1440 + time.minutes }

    private static func wall(_ zone: ZoneRules, _ instant: Timestamp) -> Int {
        let local = zone.local(at: instant)
        return wall(local.date, local.time)
    }

    /// The first whole minute at which the clock shows `minutes` or has just jumped over it.
    private static func walk(_ zone: ZoneRules, from start: Timestamp, to minutes: Int) -> Timestamp? {
        var before = wall(zone, start.adding(seconds: -60))
        for step in 0..<4000 {
            let instant = start.adding(seconds: Int64(step) * 60)
            let now = wall(zone, instant)
            if now % 1440 == minutes { return instant }
            if now > before + 1, ((before + 1)..<now).contains(where: { $0 % 1440 == minutes }) { return instant }
            before = now
        }
        return nil
    }
}
