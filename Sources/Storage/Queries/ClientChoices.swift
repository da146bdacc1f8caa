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

/// What a client decided in the preference centre.
public struct ClientChoices: Sendable, Hashable {
    /// What they stopped, or allowed again. Only what they changed: a page that was open for long must not take back what was said
    /// elsewhere since.
    public var stops: [Channel: Bool] = [:]
    /// Where they want marketing, or not; only what they changed.
    public var marketing: [Channel: Bool] = [:]
    public var update: PreferencesUpdate

    public init(stops: [Channel: Bool] = [:], marketing: [Channel: Bool] = [:], update: PreferencesUpdate = PreferencesUpdate()) {
        self.stops = stops
        self.marketing = marketing
        self.update = update
    }
}

/// The words beside which a client decided, for the consent ledger.
public struct ChoiceWording: Sendable, Hashable {
    public var stops: [Channel: String]
    public var marketing: [Channel: String]

    public init(stops: [Channel: String] = [:], marketing: [Channel: String] = [:]) {
        self.stops = stops
        self.marketing = marketing
    }
}

/// Decisions of a client about themselves.
extension Transaction {
    public func clientState(of client: SealedClient, business: BusinessID) throws -> ClientState {
        var state = ClientState(
            preferences: try effectivePreferences(client.id, business: business), addresses: [], stopped: [], blocked: [], marketing: [])
        if client.email != nil { state.addresses.insert(.email) }
        if client.phoneNumber != nil { state.addresses.formUnion([.sms, .whatsapp]) }
        let suppressed = try suppressedChannels(emailHash: client.emailHash, phoneHash: client.phoneHash, business: business)
        state.stopped = state.preferences.optOuts
        for channel in Channel.allCases {
            if suppressed.all.contains(channel) {
                let ownNo = try client.hash(for: channel).map { try isOptedOut($0, channel: channel, business: business) } ?? false
                if ownNo { state.stopped.insert(ChannelSet(channel)) } else { state.blocked.insert(ChannelSet(channel)) }
            }
            if !suppressed.marketing.contains(channel) { state.marketing.insert(ChannelSet(channel)) }
        }
        return state
    }

    /// Carries out what a client decided, and writes each decision into the consent ledger.
    ///
    /// - Returns: what held before and what holds now; to be settled once it is durable (promise P4).
    public func save(
        _ choices: ClientChoices, of client: SealedClient, business: BusinessID, source: ConsentSource, wording: ChoiceWording
    ) throws -> (before: ClientState, after: ClientState) {
        try lockAllConsent()
        let before = try clientState(of: client, business: business)
        for channel in Channel.allCases {
            var source = source
            if let stop = choices.stops[channel] {
                source.wording = wording.stops[channel]
                try setStopped(stop, on: channel, client, business, source)
            }
            if let wanted = choices.marketing[channel] {
                source.wording = wording.marketing[channel]
                try setMarketing(wanted, on: channel, client, business, source)
            }
        }
        let update = choices.update.changes(from: before.preferences)
        if update != PreferencesUpdate() {
            try updatePreferences(update, of: client.id, business: business)
            try record(
                ConsentEntry(
                    client: client.id, purpose: .preferences, decision: .changed, source: source,
                    details: update.details(from: before.preferences)), business: business)
        }
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
        try lockAllConsent()
        return try setStopped(true, on: channel, client, business, source)
    }

    @discardableResult
    private func setStopped(
        _ stop: Bool, on channel: Channel, _ client: SealedClient, _ business: BusinessID, _ source: ConsentSource
    ) throws -> Bool {
        let changed =
            stop
            ? try optOut(client: client.id, business: business, channel: channel, reason: .unsubscribed)
            : try optIn(client: client.id, business: business, channel: channel)
        guard changed else { return false }
        try record(
            ConsentEntry(client: client.id, purpose: .all, channel: channel, decision: stop ? .withdrawn : .granted, source: source),
            business: business)
        return true
    }

    @discardableResult
    private func setMarketing(
        _ wanted: Bool, on channel: Channel, _ client: SealedClient, _ business: BusinessID, _ source: ConsentSource
    ) throws -> Bool {
        guard let hash = client.hash(for: channel) else { return false }
        let changed =
            wanted
            ? try unsuppressMarketing(hash, channel: channel, business: business)
            : try suppressMarketing(hash, channel: channel, reason: SuppressionReason.marketingOptOut.rawValue, business: business)
        guard changed else { return false }
        try record(
            ConsentEntry(
                client: client.id, purpose: .marketing, channel: channel, decision: wanted ? .granted : .withdrawn, source: source),
            business: business)
        return true
    }
}

extension SealedClient {
    /// The keyed hash of the address that a channel uses.
    public func hash(for channel: Channel) -> [UInt8]? {
        channel == .email ? emailHash : phoneHash
    }
}

extension PreferencesUpdate {
    /// Without what is so already; nothing about opt-outs.
    fileprivate func changes(from preferences: Preferences) -> PreferencesUpdate {
        var update = PreferencesUpdate()
        if preferredChannels != preferences.preferredChannels { update.preferredChannels = preferredChannels }
        if timezone != preferences.timezone { update.timezone = timezone }
        if quietHoursStart != preferences.quietHoursStart { update.quietHoursStart = quietHoursStart }
        if quietHoursEnd != preferences.quietHoursEnd { update.quietHoursEnd = quietHoursEnd }
        if language != preferences.language { update.language = language }
        return update
    }

    /// `{"timezone": ["UTC", "Europe/Berlin"]}`: what was, what is.
    fileprivate func details(from old: Preferences) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object { json in
            if let preferredChannels {
                json.member(
                    "preferred_channels", [old.preferredChannels, preferredChannels].map { $0.map(\.rawValue).joined(separator: ",") })
            }
            if let timezone { json.member("timezone", [old.timezone, timezone]) }
            if let quietHoursStart { json.member("quiet_hours_start", [old.quietHoursStart.text, quietHoursStart.text]) }
            if let quietHoursEnd { json.member("quiet_hours_end", [old.quietHoursEnd.text, quietHoursEnd.text]) }
            if let language { json.member("language_preference", [old.language, language]) }
        }
        return json.bytes
    }
}
