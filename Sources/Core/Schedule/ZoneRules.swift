/// A time zone as data: its offsets from UTC and the moments at which they change.
///
/// Whoever builds one supplies the transitions as far ahead as matters; the last offset holds for ever after.
public struct ZoneRules: Sendable, Hashable {
    /// A change of the offset.
    public struct Transition: Sendable, Hashable {
        /// Seconds since the epoch in UTC; the new offset holds from this moment on.
        public var at: Int64
        /// Seconds east of UTC.
        public var offset: Int

        public init(at: Int64, offset: Int) {
            self.at = at
            self.offset = offset
        }
    }

    /// What a wall clock in the zone shows.
    public struct Local: Sendable, Hashable {
        public var date: LocalDate
        /// Whole minutes; seconds are dropped.
        public var time: LocalTime
        /// ISO weekday, 1 = Monday … 7 = Sunday.
        public var weekday: Int
    }

    /// The moments at which a wall clock shows a given date and time.
    public enum Instants: Sendable, Hashable {
        /// Never: clocks jump over it at this moment.
        case gap(Timestamp)
        case one(Timestamp)
        /// Twice, as clocks are set back.
        case two(Timestamp, Timestamp)
    }

    private static let dayInSeconds: Int64 = 86_400
    /// No zone was ever further from UTC than a day and a bit; larger offsets are clamped to this.
    private static let largestOffset = 26 * 3600

    private let initialOffset: Int64
    /// Milliseconds since the epoch, ascending; `offsets` holds the offset from each of them on.
    private let starts: [Int64]
    private let offsets: [Int64]

    /// - Parameters:
    ///   - initialOffset: seconds east of UTC before the first transition.
    ///   - transitions: in any order; those that change nothing are dropped.
    public init(initialOffset: Int, transitions: [Transition]) {
        func clamp(_ offset: Int) -> Int64 { Int64(min(max(offset, -Self.largestOffset), Self.largestOffset)) }
        var starts: [Int64] = []
        var offsets: [Int64] = []
        var current = clamp(initialOffset)
        for transition in transitions.sorted(by: { $0.at < $1.at }) where clamp(transition.offset) != current {
            current = clamp(transition.offset)
            starts.append(Timestamp(milliseconds: 0).adding(seconds: transition.at).milliseconds)
            offsets.append(current)
        }
        self.initialOffset = clamp(initialOffset)
        self.starts = starts
        self.offsets = offsets
    }

    /// Always UTC.
    public static let utc = ZoneRules.fixed(0)

    /// Always `seconds` east of UTC.
    public static func fixed(_ seconds: Int) -> ZoneRules {
        ZoneRules(initialOffset: seconds, transitions: [])
    }

    /// Seconds east of UTC at `time`.
    public func offset(at time: Timestamp) -> Int {
        Int(offset(segment: segment(at: time.milliseconds)))
    }

    /// The first change of the offset after `time`, if there is one.
    public func nextTransition(after time: Timestamp) -> Timestamp? {
        let segment = segment(at: time.milliseconds)
        return segment < starts.count ? Timestamp(milliseconds: starts[segment]) : nil
    }

    /// What a wall clock in the zone shows at `time`.
    public func local(at time: Timestamp) -> Local {
        let seconds = time.seconds &+ offset(segment: segment(at: time.milliseconds))
        let (days, second) = Self.floorDivide(seconds, by: Self.dayInSeconds)
        let date = LocalDate(dayNumber: Int(days))
        return Local(date: date, time: LocalTime(clampedMinutes: Int(second / 60)), weekday: date.weekday)
    }

    /// When a wall clock in the zone shows this date and time.
    public func instants(of date: LocalDate, _ time: LocalTime) -> Instants {
        let wall = Int64(date.dayNumber) * Self.dayInSeconds + Int64(time.minutes) * 60
        // Offsets differ by at most two days and a bit, so only the segments around the wall time read as UTC can hold it.
        let earliest = Self.milliseconds(wall - Int64(Self.largestOffset))
        let latest = Self.milliseconds(wall + Int64(Self.largestOffset))
        var segment = segment(at: earliest)
        var first: Timestamp?
        var last: Timestamp?
        var gap: Timestamp?
        while segment <= starts.count, segment == 0 || starts[segment - 1] <= latest {
            let moment = Self.milliseconds(wall - offset(segment: segment))
            let begins = segment == 0 ? Int64.min : starts[segment - 1]
            let ends = segment < starts.count ? starts[segment] : Int64.max
            if moment < begins {
                // Past the end of the segment before, before the beginning of this one: the jump passed over it.
                if first == nil, gap == nil { gap = Timestamp(milliseconds: begins) }
            } else if moment < ends {
                if first == nil { first = Timestamp(milliseconds: moment) } else { last = Timestamp(milliseconds: moment) }
            }
            segment += 1
        }
        if let first, let last { return .two(first, last) }
        if let first { return .one(first) }
        return .gap(gap ?? Timestamp(milliseconds: Self.milliseconds(wall - offset(segment: starts.count))))
    }

    /// The first moment, not before `start`, at which a wall clock in the zone begins to show `time`.
    /// A time that clocks jump over counts as shown at the first moment after the jump.
    public func firstMoment(atOrAfter start: Timestamp, _ time: LocalTime) -> Timestamp {
        let today = local(at: start).date
        var best: Timestamp?
        // The day before matters where clocks are set back over midnight; tomorrow always has such a moment.
        for days in -1...2 {
            let candidate: Timestamp?
            switch instants(of: today.adding(days: days), time) {
            case .gap(let moment), .one(let moment): candidate = moment >= start ? moment : nil
            case .two(let first, let second): candidate = first >= start ? first : second >= start ? second : nil
            }
            if let candidate, best.map({ candidate < $0 }) ?? true { best = candidate }
            // Later days can only be later once a day at or after today has one.
            if days >= 0, best != nil { break }
        }
        return best ?? start
    }

    /// The index of the segment in force: 0 before the first transition, `n` from the nth on.
    private func segment(at milliseconds: Int64) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= milliseconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func offset(segment: Int) -> Int64 {
        segment == 0 ? initialOffset : offsets[segment - 1]
    }

    private static func milliseconds(_ seconds: Int64) -> Int64 {
        Timestamp(milliseconds: 0).adding(seconds: seconds).milliseconds
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
