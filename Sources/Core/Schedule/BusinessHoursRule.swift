/// Business hours read off the recipient's wall clock.
///
/// `start` is included, `end` excluded. With `start` after `end` they span midnight and belong to the day on which they begin;
/// with `start` = `end` the whole of each listed day is open.
public struct BusinessHoursRule: Sendable, Hashable {
    public var hours: BusinessHours

    public init(_ hours: BusinessHours) {
        self.hours = hours
    }

    /// Whether a clock that shows `time` on `weekday` (ISO, 1 = Monday) shows an open time.
    public func contains(weekday: Int, _ time: LocalTime) -> Bool {
        if hours.start == hours.end { return hours.days.contains(weekday) }
        if hours.start < hours.end { return time >= hours.start && time < hours.end && hours.days.contains(weekday) }
        if time >= hours.start { return hours.days.contains(weekday) }
        return time < hours.end && hours.days.contains(weekday == 1 ? 7 : weekday - 1)
    }

    public func isOpen(at moment: Timestamp, in zone: ZoneRules) -> Bool {
        let local = zone.local(at: moment)
        return contains(weekday: local.weekday, local.time)
    }
}
