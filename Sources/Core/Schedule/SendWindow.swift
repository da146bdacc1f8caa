/// The moments at which a message may begin: outside quiet hours and, where they apply, inside business hours.
public struct SendWindow: Sendable, Hashable {
    public var quiet: QuietHours
    /// Nil when business hours do not apply.
    public var business: BusinessHoursRule?
    public var zone: ZoneRules

    /// What messages that wait for the same moment are spread over, in milliseconds.
    public static let longestSpread: Int64 = 15 * 60 * 1000

    public init(quiet: QuietHours, business: BusinessHoursRule? = nil, zone: ZoneRules) {
        self.quiet = quiet
        self.business = business
        self.zone = zone
    }

    /// The next moment to send at.
    public struct Opening: Sendable, Hashable {
        public var moment: Timestamp
        /// True when business hours and quiet hours leave no common moment; `moment` then obeys quiet hours alone.
        public var businessHoursIgnored: Bool
    }

    public func allows(_ moment: Timestamp) -> Bool {
        let local = zone.local(at: moment)
        return allows(local)
    }

    /// The first moment, not before `moment`, that satisfies both rules.
    public func next(from moment: Timestamp) -> Opening {
        let first = quiet.nextAllowed(from: moment, in: zone)
        guard let business else { return Opening(moment: first, businessHoursIgnored: false) }
        var candidate = first
        for round in 0..<Self.mostRounds {
            if allows(candidate) { return Opening(moment: candidate, businessHoursIgnored: false) }
            // A week without success is rare enough to ask whether there can be any.
            if round == 8, !hasCommonMoment(business) { break }
            candidate = nextChange(after: candidate, business: business)
        }
        return Opening(moment: first, businessHoursIgnored: true)
    }

    /// A moment up to 15 minutes after `opening`, chosen by `seed`, with no forbidden moment in between.
    public func spread(_ opening: Timestamp, seed: UInt64) -> Timestamp {
        var room = Self.longestSpread
        func limit(_ end: Timestamp?) {
            guard let end else { return }
            let (distance, overflow) = end.milliseconds.subtractingReportingOverflow(opening.milliseconds)
            if !overflow, distance > 0 { room = min(room, distance) }
        }
        let later = opening.adding(milliseconds: 1)
        if quiet.start != quiet.end { limit(zone.firstMoment(atOrAfter: later, quiet.start)) }
        if let business, allows(opening) {
            limit(zone.firstMoment(atOrAfter: later, business.hours.start == business.hours.end ? Self.midnight : business.hours.end))
        }
        limit(zone.nextTransition(after: opening))
        // Fibonacci hashing, as the bits of an id need not be even; whole seconds would make bursts.
        let mixed = (seed ^ seed >> 32) &* 0x9E37_79B9_7F4A_7C15
        return opening.adding(milliseconds: Int64(mixed >> 33) % max(room, 1))
    }

    private static let midnight = LocalTime(clampedMinutes: 0)
    /// Twice a day for 400 days.
    private static let mostRounds = 2 * 400

    private func allows(_ local: ZoneRules.Local) -> Bool {
        (quiet.start == quiet.end || !quiet.contains(local.time)) && (business?.contains(weekday: local.weekday, local.time) ?? true)
    }

    /// The next moment at which the answer can turn to yes.
    private func nextChange(after moment: Timestamp, business: BusinessHoursRule) -> Timestamp {
        let later = moment.adding(milliseconds: 1)
        let opens = business.hours.start == business.hours.end ? Self.midnight : business.hours.start
        var next = zone.firstMoment(atOrAfter: later, opens)
        if quiet.start != quiet.end { next = min(next, zone.firstMoment(atOrAfter: later, quiet.end)) }
        // A clock that is set back, or jumps over midnight, can show an open time too.
        if let transition = zone.nextTransition(after: moment) { next = min(next, transition) }
        return next
    }

    /// Whether any clock time of the week is both open and not quiet; it is enough to look at the times where one of them begins.
    private func hasCommonMoment(_ business: BusinessHoursRule) -> Bool {
        let begins = [Self.midnight, business.hours.start, quiet.start, quiet.end]
        return (1...7).contains { weekday in
            begins.contains { time in
                (quiet.start == quiet.end || !quiet.contains(time)) && business.contains(weekday: weekday, time)
            }
        }
    }
}
