/// Everything a strategy decision depends on; the decision reads nothing else.
public struct StrategyInput: Sendable {
    public var messageType: MessageType
    public var urgency: Urgency
    /// The channel that the request asks for.
    public var requestedChannel: Channel?
    /// The moment before which the request wants nothing sent.
    public var sendAt: Timestamp?
    public var preferences: Preferences
    /// The client's time zone.
    public var zone: ZoneRules
    /// Its name, for the sentences in the decision.
    public var zoneName: String
    /// The channels for which the client has an address; a phone number gives both `sms` and `whatsapp`.
    public var reachable: ChannelSet
    /// Channels with an address that are left out of ``reachable`` because the message has no template for them, or must not use them.
    public var unwritten: ChannelSet
    /// The channels whose address is on the suppression list.
    public var suppressed: ChannelSet
    /// The channels whose address may be sent marketing, as far as the suppression list says; looked at only for marketing.
    public var marketingAllowed: ChannelSet
    public var businessHours: BusinessHours
    /// When the client was last sent a message; messages that are due or on their way count, waiting batches do not.
    public var lastMessageAt: Timestamp?
    /// The client's batches that still wait, at most one for each channel.
    public var openBatches: [OpenBatch]
    public var batchRule: BatchRule
    public var now: Timestamp
    /// Any number that is spread evenly over communications, for example the random half of the communication's id.
    public var spreadSeed: UInt64

    public init(
        messageType: MessageType, urgency: Urgency, requestedChannel: Channel? = nil, sendAt: Timestamp? = nil, preferences: Preferences,
        zone: ZoneRules, zoneName: String, reachable: ChannelSet, unwritten: ChannelSet = [], suppressed: ChannelSet = [],
        marketingAllowed: ChannelSet = .all, businessHours: BusinessHours = .standard, lastMessageAt: Timestamp? = nil,
        openBatches: [OpenBatch] = [], batchRule: BatchRule = .standard, now: Timestamp, spreadSeed: UInt64
    ) {
        self.messageType = messageType
        self.urgency = urgency
        self.requestedChannel = requestedChannel
        self.sendAt = sendAt
        self.preferences = preferences
        self.zone = zone
        self.zoneName = zoneName
        self.reachable = reachable
        self.unwritten = unwritten
        self.suppressed = suppressed
        self.marketingAllowed = marketingAllowed
        self.businessHours = businessHours
        self.lastMessageAt = lastMessageAt
        self.openBatches = openBatches
        self.batchRule = batchRule
        self.now = now
        self.spreadSeed = spreadSeed
    }
}
