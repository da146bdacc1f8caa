/// The part of the day in which nothing but CRITICAL may begin (promise P5).
///
/// It is read off the person's wall clock: quiet is every moment at which that clock shows a time from `start`, included, to `end`,
/// excluded, across midnight when `start` is the later one. `start` = `end` means none. This makes daylight-saving changes plain: an `end`
/// that clocks jump over takes effect right after the jump, and an hour that is repeated is quiet both times.
public struct QuietHours: Sendable, Hashable {
    public var start: LocalTime
    public var end: LocalTime

    public init(start: LocalTime, end: LocalTime) {
        self.start = start
        self.end = end
    }

    public init(_ preferences: Preferences) {
        self.init(start: preferences.quietHoursStart, end: preferences.quietHoursEnd)
    }

    /// Whether a clock that shows `time` shows a quiet time.
    public func contains(_ time: LocalTime) -> Bool {
        start <= end ? time >= start && time < end : time >= start || time < end
    }

    public func isQuiet(at moment: Timestamp, in zone: ZoneRules) -> Bool {
        start != end && contains(zone.local(at: moment).time)
    }

    /// The first moment, not before `moment`, that is not quiet.
    public func nextAllowed(from moment: Timestamp, in zone: ZoneRules) -> Timestamp {
        var candidate = moment
        // One round is enough but for zones that skip a whole day or are set back within the window.
        for _ in 0..<16 {
            guard isQuiet(at: candidate, in: zone) else { return candidate }
            let later = candidate.adding(milliseconds: 1)
            let ending = zone.firstMoment(atOrAfter: later, end)
            // A clock that is set back can leave the window before its end.
            candidate = zone.nextTransition(after: candidate).map { min($0, ending) } ?? ending
        }
        return candidate
    }
}
