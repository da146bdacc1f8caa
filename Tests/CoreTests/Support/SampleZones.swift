import Core

/// Zones with their transitions as the IANA database has them.
enum SampleZones {
    private static func zone(_ initial: Int, _ transitions: [(Int64, Int)]) -> ZoneRules {
        ZoneRules(initialOffset: initial, transitions: transitions.map { ZoneRules.Transition(at: $0.0, offset: $0.1) })
    }

    /// 2026: 29 March 02:00 → 03:00, 25 October 03:00 → 02:00.
    static let berlin = zone(3600, [(1_774_746_000, 7200), (1_792_890_000, 3600)])
    /// 2026: 8 March 02:00 → 03:00, 1 November 02:00 → 01:00.
    static let newYork = zone(-18_000, [(1_772_953_200, -14_400), (1_793_512_800, -18_000)])
    /// 2026: 5 April 02:00 → 01:30, 4 October 02:00 → 02:30.
    static let lordHowe = zone(39_600, [(1_775_314_800, 37_800), (1_791_041_400, 39_600)])
    /// 2026: back by an hour for Ramadan on 15 February 03:00 → 02:00, forward on 22 March 02:00 → 03:00.
    static let casablanca = zone(3600, [(1_771_120_800, 0), (1_774_144_800, 3600)])
    /// 2026: 29 March 00:00 → 01:00, 25 October 00:00 → 24 October 23:00.
    static let beirut = zone(7200, [(1_774_735_200, 10_800), (1_792_875_600, 7200)])
    /// 2018–2019: 18 February 2018 00:00 → 17 February 23:00, 4 November 2018 00:00 → 01:00, 17 February 2019 back again.
    static let saoPaulo = zone(-7200, [(1_518_919_200, -10_800), (1_541_300_400, -7200), (1_550_368_800, -10_800)])
    /// 2011: the whole of 30 December is skipped.
    static let apia = zone(
        -36_000,
        [
            (1_301_752_800, -39_600), (1_316_872_800, -36_000), (1_325_239_200, 50_400), (1_333_202_400, 46_800),
            (1_348_927_200, 50_400),
        ])
    /// 2010: changes a minute after midnight, 14 March 00:01 → 01:01, 7 November 00:01 → 6 November 23:01.
    static let stJohns = zone(-12_600, [(1_268_537_460, -9000), (1_289_097_060, -12_600)])
    static let kathmandu = ZoneRules.fixed(20_700)

    /// Each with a moment of every transition it has.
    static let withTransitions: [(zone: ZoneRules, transitions: [Int64])] = [
        (berlin, [1_774_746_000, 1_792_890_000]), (newYork, [1_772_953_200, 1_793_512_800]),
        (lordHowe, [1_775_314_800, 1_791_041_400]), (casablanca, [1_771_120_800, 1_774_144_800]),
        (beirut, [1_774_735_200, 1_792_875_600]), (saoPaulo, [1_518_919_200, 1_541_300_400, 1_550_368_800]),
        (apia, [1_325_239_200, 1_333_202_400]), (stJohns, [1_268_537_460, 1_289_097_060]),
        (kathmandu, [1_774_746_000]), (.utc, [1_774_746_000]),
    ]
}

/// A moment from RFC 3339 text that the test itself spells out.
func moment(_ text: String) -> Timestamp { Timestamp(rfc3339: text)! }

/// A time of day from `HH:MM`.
func clock(_ text: String) -> LocalTime { LocalTime(text)! }

/// A day from its parts.
func day(_ year: Int, _ month: Int, _ day: Int) -> LocalDate { LocalDate(year: year, month: month, day: day)! }
