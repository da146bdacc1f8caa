import Core
import Foundation
import Synchronization

/// The world's time zones as ``ZoneRules``, read once per zone from the system library's IANA data and then kept.
///
/// The library answers one question at a time behind locks; the rules are plain tables, so that a decision about
/// thousands of messages a second asks nothing but memory.
public final class ZoneCatalog: Sendable {
    private let known = Mutex<[String: ZoneRules]>([:])
    /// Names that turned out not to exist; bounded, since they come from outside.
    private let unknown = Mutex<Set<String>>([])

    public init() {}

    /// The zones that people choose from, in alphabetical order: places, without abbreviations and old names.
    public static let places: [String] = {
        let regions = ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
        let known = TimeZone.knownTimeZoneIdentifiers.filter { name in regions.contains { name.hasPrefix("\($0)/") } }
        return Set(known).subtracting(formerNames).union(["Asia/Kolkata"]).sorted()
    }()

    /// Names that the library lists beside, or in place of, the ones that people know; all of them still work.
    private static let formerNames = [
        "America/Godthab", "America/Montreal", "America/Nipigon", "America/Pangnirtung", "America/Rainy_River", "America/Santa_Isabel",
        "America/Shiprock", "America/Thunder_Bay", "America/Yellowknife", "Antarctica/South_Pole", "Asia/Calcutta", "Asia/Choibalsan",
        "Asia/Chongqing", "Asia/Harbin", "Asia/Kashgar", "Asia/Katmandu", "Asia/Rangoon", "Australia/Currie", "Europe/Kiev",
        "Europe/Uzhgorod", "Europe/Zaporozhye", "Pacific/Enderbury", "Pacific/Johnston", "Pacific/Ponape", "Pacific/Truk",
    ]

    /// The rules of an IANA zone, for example `Europe/Berlin`; nil when there is no such zone.
    public func zone(named name: String) -> ZoneRules? {
        if let rules = known.withLock({ $0[name] }) { return rules }
        if unknown.withLock({ $0.contains(name) }) { return nil }
        guard Self.isPlausible(name), let zone = TimeZone(identifier: name) else {
            unknown.withLock { if $0.count < 1000 { $0.insert(name) } }
            return nil
        }
        let rules = Self.rules(of: zone)
        known.withLock { $0[name] = rules }
        return rules
    }

    /// Abbreviations (`EST`) and offsets (`GMT+2`) are not IANA names, though the library would take them.
    private static func isPlausible(_ name: String) -> Bool {
        if name == "UTC" || name == "GMT" { return true }
        guard name.utf8.count <= 64, name.contains("/") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"): true
            default: false
            }
        }
    }

    /// From a few years back (nothing is ever scheduled before the last deploy) to 2100.
    private static func rules(of zone: TimeZone) -> ZoneRules {
        let start = Date(timeIntervalSince1970: 1_577_836_800)  // 2020-01-01
        let end = Date(timeIntervalSince1970: 4_102_444_800)  // 2100-01-01
        var transitions: [ZoneRules.Transition] = []
        var cursor = start
        while let next = zone.nextDaylightSavingTimeTransition(after: cursor), next > cursor, next < end {
            transitions.append(ZoneRules.Transition(at: Int64(next.timeIntervalSince1970), offset: zone.secondsFromGMT(for: next)))
            cursor = next
        }
        return ZoneRules(initialOffset: zone.secondsFromGMT(for: start), transitions: transitions)
    }
}
