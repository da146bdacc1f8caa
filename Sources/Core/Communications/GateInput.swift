/// What has to be looked at again, in the transaction that begins an attempt.
public struct GateInput: Sendable {
    public var category: MessageCategory
    public var urgency: Urgency
    /// The channel of the attempt that is about to begin.
    public var channel: Channel
    /// The channels after it, in order.
    public var fallbacks: [Channel]
    public var preferences: Preferences
    public var zone: ZoneRules
    /// The channels for which the client has an address.
    public var reachable: ChannelSet
    /// The channels whose address is on the suppression list.
    public var suppressed: ChannelSet
    /// The channels whose address may be sent marketing, as far as the suppression list says; looked at only for marketing.
    public var marketingAllowed: ChannelSet
    /// The topic of the message's type, which the client may have refused.
    public var topic: String?
    /// The business has no postal address, without which no marketing goes out by e-mail.
    public var lacksPostalAddress: Bool
    public var now: Timestamp
    /// As in `StrategyInput`.
    public var spreadSeed: UInt64

    public init(
        category: MessageCategory, urgency: Urgency, channel: Channel, fallbacks: [Channel], preferences: Preferences, zone: ZoneRules,
        reachable: ChannelSet, suppressed: ChannelSet, marketingAllowed: ChannelSet = .all, topic: String? = nil,
        lacksPostalAddress: Bool = false, now: Timestamp, spreadSeed: UInt64
    ) {
        self.category = category
        self.urgency = urgency
        self.channel = channel
        self.fallbacks = fallbacks
        self.preferences = preferences
        self.zone = zone
        self.reachable = reachable
        self.suppressed = suppressed
        self.marketingAllowed = marketingAllowed
        self.topic = topic
        self.lacksPostalAddress = lacksPostalAddress
        self.now = now
        self.spreadSeed = spreadSeed
    }
}
