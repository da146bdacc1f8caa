/// When a business writes: on which days, between which hours of the recipient's local time.
public struct BusinessHours: Sendable, Hashable {
    public var start: LocalTime
    public var end: LocalTime
    /// ISO weekdays, 1 = Monday … 7 = Sunday.
    public var days: Set<Int>

    public init(start: LocalTime, end: LocalTime, days: Set<Int>) {
        self.start = start
        self.end = end
        self.days = days
    }

    /// 9–18 on every day of the week.
    public static let standard = BusinessHours(
        start: LocalTime(clampedMinutes: 9 * 60), end: LocalTime(clampedMinutes: 18 * 60), days: Set(1...7))
}

/// A tenant: who writes to the clients.
public struct Business: Sendable, Hashable {
    public var id: BusinessID
    public var name: String
    /// Stands in every footer; marketing mail is refused while it is empty.
    public var postalAddress: String
    public var supportEmail: String
    /// An IANA name; also the zone of clients who gave none.
    public var timezone: String
    public var hours: BusinessHours
    public var defaultLanguage: String
    /// `#rrggbb`.
    public var brandColor: String
    public var logoURL: String?
    /// When marketing may be sent.
    public var marketingRule: MarketingRule

    public init(
        id: BusinessID, name: String, postalAddress: String, supportEmail: String, timezone: String, hours: BusinessHours,
        defaultLanguage: String, brandColor: String, logoURL: String?,
        marketingRule: MarketingRule = .optOut
    ) {
        self.id = id
        self.name = name
        self.postalAddress = postalAddress
        self.supportEmail = supportEmail
        self.timezone = timezone
        self.hours = hours
        self.defaultLanguage = defaultLanguage
        self.brandColor = brandColor
        self.logoURL = logoURL
        self.marketingRule = marketingRule
    }
}
