/// One client of an import. What is absent leaves the client's record as it is.
public struct ImportedClient: Sendable, Hashable {
    public var id: ClientID
    public var name: String?
    public var email: String?
    public var phoneNumber: String?
    public var language: String?
    public var timezone: String?
    public var tags: [String]?
    /// A JSON object.
    public var attributes: [UInt8]?
    /// What the file says of the client's preferences, as if they had never said anything else.
    public var stated: StatedPreferences
    /// What the client read when they agreed to marketing, and what shows it.
    public var wording: String?
    public var wordingVersion: String?
    public var evidence: String?

    public init(
        id: ClientID, name: String? = nil, email: String? = nil, phoneNumber: String? = nil, language: String? = nil,
        timezone: String? = nil, tags: [String]? = nil, attributes: [UInt8]? = nil, stated: StatedPreferences = StatedPreferences(),
        wording: String? = nil, wordingVersion: String? = nil, evidence: String? = nil
    ) {
        self.id = id
        self.name = name
        self.email = email
        self.phoneNumber = phoneNumber
        self.language = language
        self.timezone = timezone
        self.tags = tags
        self.attributes = attributes
        self.stated = stated
        self.wording = wording
        self.wordingVersion = wordingVersion
        self.evidence = evidence
    }

    /// What the client's preferences become. A list that somebody kept elsewhere can add a no, never take one back: opt-outs, refused
    /// topics and refused marketing stay, and nobody whose address is suppressed is granted marketing.
    ///
    /// - Parameters:
    ///   - known: what the client has said here.
    ///   - suppressed: the channels whose address is on the suppression list, for whatever.
    /// - Returns: also whether a no of theirs stands against what the file says.
    public func merged(into known: StatedPreferences, suppressed: ChannelSet) -> (stated: StatedPreferences, keptRefusal: Bool) {
        var result = known
        var keptRefusal = false
        result.preferredChannels = stated.preferredChannels ?? known.preferredChannels
        result.timezone = stated.timezone ?? known.timezone
        result.quietHoursStart = stated.quietHoursStart ?? known.quietHoursStart
        result.quietHoursEnd = stated.quietHoursEnd ?? known.quietHoursEnd
        result.language = stated.language ?? known.language
        result.optOuts.formUnion(stated.optOuts)
        result.topicsRefused = Set(known.topicsRefused).union(stated.topicsRefused).sorted()
        for channel in Channel.allCases {
            switch (stated.marketing[channel], known.marketing[channel]) {
            case (.none, _): break
            case (.refused, _): result.marketing[channel] = .refused
            case (_, .refused): keptRefusal = true
            case (.granted, .confirmed): break
            case (let state, _):
                if suppressed.contains(channel) || known.optOuts.contains(channel) {
                    keptRefusal = true
                } else {
                    result.marketing[channel] = state
                }
            }
        }
        return (result, keptRefusal)
    }
}
