/// A time of day on a person's wall clock.
public struct LocalTime: Sendable, Hashable, Comparable {
    /// Minutes since local midnight, 0…1439.
    public let minutes: Int

    /// Nil when `minutes` is outside a day.
    public init?(minutes: Int) {
        guard (0..<1440).contains(minutes) else { return nil }
        self.minutes = minutes
    }

    /// Reads `HH:MM`, 00:00 to 23:59.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
        func digit(_ index: Int) -> Int? {
            (0x30...0x39).contains(bytes[index]) ? Int(bytes[index] - 0x30) : nil
        }
        guard let a = digit(0), let b = digit(1), let c = digit(3), let d = digit(4) else { return nil }
        let (hour, minute) = (a * 10 + b, c * 10 + d)
        guard hour < 24, minute < 60 else { return nil }
        minutes = hour * 60 + minute
    }

    /// `HH:MM`.
    public var text: String {
        let (hour, minute) = (minutes / 60, minutes % 60)
        return "\(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute)"
    }

    public static func < (a: LocalTime, b: LocalTime) -> Bool { a.minutes < b.minutes }
}

/// How and when a client wants to be reached (specification 000).
public struct Preferences: Sendable, Hashable {
    public var preferredChannels: [Channel]
    public var timezone: String
    public var quietHoursStart: LocalTime
    public var quietHoursEnd: LocalTime
    public var optOuts: ChannelSet
    public var language: String
    /// What the client said about advertising, and where that allows it.
    public var marketing: MarketingConsent
    public var marketingAllowed: ChannelSet
    /// Names of topics, in alphabetical order.
    public var topicsRefused: [String]
    /// The person is to be erased: ``optOuts`` has every channel then, whatever they said.
    public var isToBeErased = false

    public init(
        preferredChannels: [Channel], timezone: String, quietHoursStart: LocalTime, quietHoursEnd: LocalTime, optOuts: ChannelSet,
        language: String, marketing: MarketingConsent = MarketingConsent(), marketingAllowed: ChannelSet = .all,
        topicsRefused: [String] = []
    ) {
        self.preferredChannels = preferredChannels
        self.timezone = timezone
        self.quietHoursStart = quietHoursStart
        self.quietHoursEnd = quietHoursEnd
        self.optOuts = optOuts
        self.language = language
        self.marketing = marketing
        self.marketingAllowed = marketingAllowed
        self.topicsRefused = topicsRefused
    }

    /// What holds for a client who never said anything.
    public static let standard = Preferences(
        preferredChannels: [.email], timezone: "UTC", quietHoursStart: LocalTime(clampedMinutes: 22 * 60),
        quietHoursEnd: LocalTime(clampedMinutes: 8 * 60), optOuts: [], language: "en")

    /// The preferred channels that are not opted out.
    public var availableChannels: [Channel] {
        preferredChannels.filter { !optOuts.contains($0) }
    }

    /// The channels on which marketing may be sent, as far as the client has a say.
    public var marketingChannels: [Channel] {
        Channel.allCases.filter { marketingAllowed.contains($0) && !optOuts.contains($0) }
    }
}

extension LocalTime {
    /// The nearest time inside a day.
    public init(clampedMinutes minutes: Int) {
        self.minutes = min(max(minutes, 0), 1439)
    }
}

/// What a client has said so far; everything else comes from their record, the business or ``Preferences/standard``.
public struct StatedPreferences: Sendable, Hashable {
    public var preferredChannels: [Channel]?
    public var timezone: String?
    public var quietHoursStart: LocalTime?
    public var quietHoursEnd: LocalTime?
    public var optOuts: ChannelSet
    public var language: String?
    public var marketing: MarketingConsent
    /// Names of topics, in alphabetical order.
    public var topicsRefused: [String]
    /// The person is to be erased: ``optOuts`` has every channel then, whatever they said. Read where messages are decided about only.
    public var isToBeErased = false

    public init(
        preferredChannels: [Channel]? = nil, timezone: String? = nil, quietHoursStart: LocalTime? = nil, quietHoursEnd: LocalTime? = nil,
        optOuts: ChannelSet = [], language: String? = nil, marketing: MarketingConsent = MarketingConsent(), topicsRefused: [String] = []
    ) {
        self.preferredChannels = preferredChannels
        self.timezone = timezone
        self.quietHoursStart = quietHoursStart
        self.quietHoursEnd = quietHoursEnd
        self.optOuts = optOuts
        self.language = language
        self.marketing = marketing
        self.topicsRefused = topicsRefused
    }

    /// What holds for a client with this record: stated first, then the record, then the standard.
    public func effective(
        recordTimezone: String?, recordLanguage: String?, businessTimezone: String? = nil, businessLanguage: String? = nil,
        marketingRule: MarketingRule = .optOut
    ) -> Preferences {
        var preferences = Preferences(
            preferredChannels: preferredChannels ?? Preferences.standard.preferredChannels,
            timezone: timezone ?? recordTimezone ?? businessTimezone ?? Preferences.standard.timezone,
            quietHoursStart: quietHoursStart ?? Preferences.standard.quietHoursStart,
            quietHoursEnd: quietHoursEnd ?? Preferences.standard.quietHoursEnd,
            optOuts: optOuts,
            language: language ?? recordLanguage ?? businessLanguage ?? Preferences.standard.language,
            marketing: marketing, marketingAllowed: marketingRule.channels(marketing), topicsRefused: topicsRefused)
        preferences.isToBeErased = isToBeErased
        return preferences
    }
}
