import Core

/// What holds for a client, as they see it: preferences, and what may reach them.
public struct ClientState: Sendable, Hashable {
    public var preferences: Preferences
    /// Channels for which there is an address.
    public var addresses: ChannelSet
    /// Channels that the client stopped.
    public var stopped: ChannelSet
    /// Channels that nothing goes to for another reason, such as a dead address.
    public var blocked: ChannelSet
    /// Channels on which marketing may come.
    public var marketing: ChannelSet

    /// Channels on which something may reach them.
    public var reachable: ChannelSet { addresses.subtracting(blocked).subtracting(stopped) }
}

/// What a client decided in the preference centre. Only what they changed on the page: one that was open for long must not take back
/// what was said elsewhere since.
public struct ClientChoices: Sendable, Hashable {
    /// What they stopped, or allowed again.
    public var stops: [Channel: Bool]
    /// Where they want marketing, or not.
    public var marketing: [Channel: Bool]
    /// Where they want marketing and are asked to confirm it: their no on the list is lifted, and only the confirmation allows anything.
    public var asked: Set<Channel> = []
    /// Topics that they refuse, or want again.
    public var refusedTopics: [String: Bool]
    /// Everything that is no consent.
    public var update: PreferencesUpdate

    public init(
        stops: [Channel: Bool] = [:], marketing: [Channel: Bool] = [:], refusedTopics: [String: Bool] = [:],
        update: PreferencesUpdate = PreferencesUpdate()
    ) {
        self.stops = stops
        self.marketing = marketing
        self.refusedTopics = refusedTopics
        self.update = update
    }
}

/// The words beside which a client decided, for the consent ledger.
public struct ChoiceWording: Sendable, Hashable {
    public var stops: [Channel: String]
    public var marketing: [Channel: String]
    public var topics: [String: String]

    public init(stops: [Channel: String] = [:], marketing: [Channel: String] = [:], topics: [String: String] = [:]) {
        self.stops = stops
        self.marketing = marketing
        self.topics = topics
    }
}

/// Decisions of a client about themselves.
extension Transaction {
    /// What holds for the client and what they have said of it, as the preference centre shows it.
    public func clientState(of client: SealedClient, business: BusinessID) throws -> ClientState {
        let preferences = try effectivePreferences(client.id, business: business)
        var state = ClientState(
            preferences: preferences, addresses: [], stopped: preferences.optOuts, blocked: [], marketing: preferences.marketingAllowed)
        if client.email != nil { state.addresses.insert(.email) }
        if client.phoneNumber != nil { state.addresses.formUnion([.sms, .whatsapp]) }
        let suppressed = try suppressedChannels(emailHash: client.emailHash, phoneHash: client.phoneHash, business: business)
        state.marketing.subtract(suppressed.marketing)
        for channel in Channel.allCases where suppressed.all.contains(channel) {
            let ownNo = try client.hash(for: channel).map { try isOptedOut($0, channel: channel, business: business) } ?? false
            if ownNo { state.stopped.insert(ChannelSet(channel)) } else { state.blocked.insert(ChannelSet(channel)) }
        }
        return state
    }

    /// Carries out what a client decided; each decision stands in the consent ledger with the words that they read.
    ///
    /// - Returns: what held before and what holds now; to be settled once it is durable (promise P4).
    public func save(
        _ choices: ClientChoices, of client: SealedClient, business: BusinessID, source: ConsentSource, wording: ChoiceWording
    ) throws -> (before: ClientState, after: ClientState) {
        try lockAllConsent()
        let before = try clientState(of: client, business: business)
        for channel in Channel.allCases {
            if let stop = choices.stops[channel] {
                let source = source.saying(wording.stops[channel])
                if stop {
                    try optOut(client: client.id, business: business, channel: channel, reason: .unsubscribed, source: source)
                } else {
                    try optIn(client: client.id, business: business, channel: channel, source: source)
                }
            }
            if let wanted = choices.marketing[channel] {
                try setMarketing(wanted, on: channel, client, business, source.saying(wording.marketing[channel]))
            }
            if choices.asked.contains(channel), let hash = client.hash(for: channel) {
                try unsuppressMarketing(hash, channel: channel, business: business)
            }
        }
        for (topic, isRefused) in choices.refusedTopics.sorted(by: { $0.key < $1.key }) {
            try updatePreferences(
                PreferencesUpdate(topics: [topic: isRefused]), of: client.id, business: business,
                source: source.saying(wording.topics[topic]))
        }
        let update = choices.update.changes(from: before.preferences)
        if update != PreferencesUpdate() { try updatePreferences(update, of: client.id, business: business, source: source) }
        return (before, try clientState(of: client, business: business))
    }

    /// Stops marketing to a client on a channel; what they asked for still reaches them.
    ///
    /// - Returns: false when that was so already.
    @discardableResult
    public func unsubscribe(_ client: SealedClient, from channel: Channel, business: BusinessID, source: ConsentSource) throws -> Bool {
        try lockAllConsent()
        return try setMarketing(false, on: channel, client, business, source)
    }

    /// Stops everything to a client on a channel.
    ///
    /// - Returns: false when that was so already.
    @discardableResult
    public func stopEverything(_ client: SealedClient, on channel: Channel, business: BusinessID, source: ConsentSource) throws -> Bool {
        try optOut(client: client.id, business: business, channel: channel, reason: .unsubscribed, source: source)
    }

    /// The client's word, and the address on the list: the first holds when they get another address, the second when the address
    /// gets another client.
    @discardableResult
    private func setMarketing(
        _ wanted: Bool, on channel: Channel, _ client: SealedClient, _ business: BusinessID, _ source: ConsentSource
    ) throws -> Bool {
        let before = try statedPreferences(client.id, business: business)?.marketing[channel] ?? .none
        var changed = before != (wanted ? .granted : .refused) && !(wanted && before == .confirmed)
        if changed {
            try updatePreferences(
                PreferencesUpdate(marketing: [channel: wanted ? .granted : .refused]), of: client.id, business: business, source: source)
        }
        if let hash = client.hash(for: channel) {
            let listed =
                wanted
                ? try unsuppressMarketing(hash, channel: channel, business: business)
                : try suppressMarketing(hash, channel: channel, reason: SuppressionReason.marketingOptOut.rawValue, business: business)
            if listed { changed = true }
        }
        return changed
    }
}

extension SealedClient {
    /// The keyed hash of the address that a channel uses.
    public func hash(for channel: Channel) -> [UInt8]? {
        channel == .email ? emailHash : phoneHash
    }
}

extension ConsentSource {
    fileprivate func saying(_ wording: String?) -> ConsentSource {
        var source = self
        source.wording = wording
        return source
    }
}

extension PreferencesUpdate {
    /// Without what holds already; nothing about consent.
    fileprivate func changes(from preferences: Preferences) -> PreferencesUpdate {
        var update = PreferencesUpdate()
        if preferredChannels != preferences.preferredChannels { update.preferredChannels = preferredChannels }
        if timezone != preferences.timezone { update.timezone = timezone }
        if quietHoursStart != preferences.quietHoursStart { update.quietHoursStart = quietHoursStart }
        if quietHoursEnd != preferences.quietHoursEnd { update.quietHoursEnd = quietHoursEnd }
        if language != preferences.language { update.language = language }
        return update
    }
}
