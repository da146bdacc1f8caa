/// The difference between what a client had said and says now, as the consent ledger tells it.
public struct PreferencesChange: Sendable {
    public var client: ClientID
    public var before: StatedPreferences
    public var after: StatedPreferences
    public var source: ConsentSource

    public init(of client: ClientID, from before: StatedPreferences, to after: StatedPreferences, source: ConsentSource) {
        self.client = client
        self.before = before
        self.after = after
        self.source = source
    }

    /// One entry for each consent that changed, one for all other preferences together; nothing for what stayed the same.
    public var entries: [ConsentEntry] {
        guard before != after else { return [] }
        return channelEntries + marketingEntries + topicEntries + otherEntries
    }

    /// Where nothing of some kind may begin any more that was allowed before.
    public var withdrawn: ChannelSet {
        var channels = after.optOuts.subtracting(before.optOuts)
        for channel in Channel.allCases {
            let (old, new) = (before.marketing[channel], after.marketing[channel])
            if old != new, new == .refused || new == .none || old == .confirmed { channels.formUnion(ChannelSet(channel)) }
        }
        return Set(after.topicsRefused).isSubset(of: before.topicsRefused) ? channels : .all
    }

    private var channelEntries: [ConsentEntry] {
        Channel.allCases.compactMap { channel in
            let isOut = after.optOuts.contains(channel)
            guard isOut != before.optOuts.contains(channel) else { return nil }
            return entry(.all, channel, isOut ? .withdrawn : .granted)
        }
    }

    private var marketingEntries: [ConsentEntry] {
        Channel.allCases.compactMap { channel in
            let (old, new) = (before.marketing[channel], after.marketing[channel])
            guard old != new else { return nil }
            var json = JSONWriter(capacity: 48)
            json.object { json in json.member("state", [old.rawValue, new.rawValue]) }
            switch new {
            case .granted, .confirmed: return entry(.marketing, channel, .granted, json.bytes)
            case .refused: return entry(.marketing, channel, .withdrawn, json.bytes)
            // Forgetting a refusal grants nothing, and forgetting a grant ends it.
            case .none: return entry(.marketing, channel, old == .refused ? .changed : .withdrawn, json.bytes)
            }
        }
    }

    private var topicEntries: [ConsentEntry] {
        let (old, new) = (Set(before.topicsRefused), Set(after.topicsRefused))
        return old.symmetricDifference(new).sorted().map { entry(.topic($0), nil, new.contains($0) ? .withdrawn : .granted) }
    }

    /// What changed, as `{"timezone": ["UTC", "Europe/Berlin"]}`; null for what was never said.
    private var otherEntries: [ConsentEntry] {
        var json = JSONWriter(capacity: 128)
        var any = false
        json.object { json in
            func note(_ name: StaticString, _ old: String?, _ new: String?) {
                guard old != new else { return }
                any = true
                json.array(name) { json in for text in [old, new] { json.value(text) } }
            }
            note("preferred_channels", before.preferredChannels?.names, after.preferredChannels?.names)
            note("timezone", before.timezone, after.timezone)
            note("quiet_hours_start", before.quietHoursStart?.text, after.quietHoursStart?.text)
            note("quiet_hours_end", before.quietHoursEnd?.text, after.quietHoursEnd?.text)
            note("language_preference", before.language, after.language)
        }
        return any ? [entry(.preferences, nil, .changed, json.bytes)] : []
    }

    private func entry(
        _ purpose: ConsentPurpose, _ channel: Channel?, _ decision: ConsentEntry.Decision, _ details: [UInt8] = []
    ) -> ConsentEntry {
        ConsentEntry(client: client, purpose: purpose, channel: channel, decision: decision, source: source, details: details)
    }
}

extension [Channel] {
    fileprivate var names: String { map(\.rawValue).joined(separator: ",") }
}
