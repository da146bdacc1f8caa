import Core

/// What one call changes; everything absent stays as it was.
public struct PreferencesUpdate: Sendable, Hashable {
    public var preferredChannels: [Channel]?
    public var timezone: String?
    public var quietHoursStart: LocalTime?
    public var quietHoursEnd: LocalTime?
    public var optOutEmail: Bool?
    public var optOutSMS: Bool?
    public var optOutWhatsApp: Bool?
    public var language: String?
    /// What the client says about advertising now. A grant leaves a confirmed one confirmed.
    public var marketing: [Channel: MarketingConsent.State]
    /// All topics that are refused from now on.
    public var topicsRefused: [String]?
    /// Single topics: true refuses, false accepts again. Counts after ``topicsRefused``.
    public var topics: [String: Bool]

    public init(
        preferredChannels: [Channel]? = nil, timezone: String? = nil, quietHoursStart: LocalTime? = nil, quietHoursEnd: LocalTime? = nil,
        optOutEmail: Bool? = nil, optOutSMS: Bool? = nil, optOutWhatsApp: Bool? = nil, language: String? = nil,
        marketing: [Channel: MarketingConsent.State] = [:], topicsRefused: [String]? = nil, topics: [String: Bool] = [:]
    ) {
        self.preferredChannels = preferredChannels
        self.timezone = timezone
        self.quietHoursStart = quietHoursStart
        self.quietHoursEnd = quietHoursEnd
        self.optOutEmail = optOutEmail
        self.optOutSMS = optOutSMS
        self.optOutWhatsApp = optOutWhatsApp
        self.language = language
        self.marketing = marketing
        self.topicsRefused = topicsRefused
        self.topics = topics
    }

    /// Where something is refused, whether or not it was before: the channels on which nothing of it may begin any more once this is
    /// acknowledged. A topic concerns them all.
    public var withdrawn: ChannelSet {
        guard topicsRefused?.isEmpty ?? true, !topics.values.contains(true) else { return .all }
        var channels: ChannelSet = []
        for (flag, channel) in optOuts where flag == true { channels.insert(channel) }
        for (channel, state) in marketing where state == .refused || state == .none { channels.insert(ChannelSet(channel)) }
        return channels
    }

    private var optOuts: [(Bool?, ChannelSet)] { [(optOutEmail, .email), (optOutSMS, .sms), (optOutWhatsApp, .whatsapp)] }

    func applied(to stated: StatedPreferences) -> StatedPreferences {
        var result = stated
        if let preferredChannels { result.preferredChannels = preferredChannels }
        if let timezone { result.timezone = timezone }
        if let quietHoursStart { result.quietHoursStart = quietHoursStart }
        if let quietHoursEnd { result.quietHoursEnd = quietHoursEnd }
        for (flag, channel) in optOuts {
            switch flag {
            case true?: result.optOuts.insert(channel)
            case false?: result.optOuts.remove(channel)
            case nil: break
            }
        }
        if let language { result.language = language }
        for (channel, state) in marketing where !(state == .granted && result.marketing[channel] == .confirmed) {
            result.marketing[channel] = state
        }
        if topicsRefused != nil || !topics.isEmpty {
            var refused = Set(topicsRefused ?? result.topicsRefused)
            for (topic, isRefused) in topics { if isRefused { refused.insert(topic) } else { refused.remove(topic) } }
            result.topicsRefused = refused.sorted()
        }
        return result
    }
}

/// One of many changes of preferences that are stored together.
public struct PreferencesWrite: Sendable {
    public var update: PreferencesUpdate
    public var client: ClientID
    public var business: BusinessID
    public var source: ConsentSource
    public var audit: AuditEntry?

    public init(update: PreferencesUpdate, client: ClientID, business: BusinessID, source: ConsentSource, audit: AuditEntry? = nil) {
        self.update = update
        self.client = client
        self.business = business
        self.source = source
        self.audit = audit
    }
}
