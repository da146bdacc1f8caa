import Core

/// Why the product itself stopped messages; people and callers may name reasons of their own.
public enum SuppressionReason: String, Sendable, Hashable, CaseIterable {
    /// The person sent a stop word.
    case stopWord = "stop_word"
    /// The provider says that the person opted out there.
    case providerOptOut = "provider_opt_out"
    /// Nobody can be reached at the address.
    case addressDead = "address_dead"
    /// The person wants no marketing.
    case marketingOptOut = "marketing_opt_out"
    /// Mail to the address came back for good.
    case hardBounce = "hard_bounce"
    /// Mail to the address came back again and again.
    case softBounces = "soft_bounces"
    /// The person called a mail unwanted.
    case complaint
    /// Somebody at the business decided it.
    case manual
    /// The person stopped everything, by a link of ours or in the preference centre.
    case unsubscribed
    /// The person had opted out when they were erased.
    case optedOut = "opted_out"

    /// Those that the person's own yes takes back.
    static let liftedByStart = [SuppressionReason.stopWord, .providerOptOut, .unsubscribed, .optedOut]
}

/// What shows that somebody opted out or in.
public struct ConsentEvidence: Sendable, Hashable {
    /// The reply that said so.
    public var reply: UUIDv7?
    /// The communication that it answers, or whose failure says so; gets an entry in its log.
    public var communication: CommunicationID?
    public var provider: String?

    /// `reply <id>` or `communication <id>`.
    var text: String? {
        if let reply { return "reply \(reply)" }
        return communication.map { "communication \($0)" }
    }

    public init(reply: UUIDv7? = nil, communication: CommunicationID? = nil, provider: String? = nil) {
        self.reply = reply
        self.communication = communication
        self.provider = provider
    }
}

/// A client whose consent a transaction has changed: to be settled once it is durable and before it is acknowledged (promise P4).
public struct ConsentChange: Sendable, Hashable {
    public var business: BusinessID
    public var client: ClientID
    /// Where nothing may begin any more; empty after an opt-in.
    public var channels: ChannelSet

    public init(business: BusinessID, client: ClientID, channels: ChannelSet) {
        self.business = business
        self.client = client
        self.channels = channels
    }
}

/// A person's own no and yes.
extension Transaction {
    /// Stops everything to a client on a channel: the preference, the addresses on the suppression list, one `client.opted_out`.
    ///
    /// Call ``lockAllConsent()`` first thing in the transaction: taken later, it may wait for somebody who waits for this transaction.
    ///
    /// - Parameter addressHashes: spellings of the address beside the one in the client's record.
    /// - Returns: false when the client had opted out of the channel already; the addresses are suppressed all the same.
    @discardableResult
    public func optOut(
        client: ClientID, business: BusinessID, channel: Channel, addressHashes: [[UInt8]] = [], reason: SuppressionReason,
        evidence: ConsentEvidence = ConsentEvidence(), source: ConsentSource
    ) throws -> Bool {
        try lockAllConsent()
        for hash in try Set(addressHashes + addressHash(of: client, on: channel, business: business)) {
            try suppress(hash, channel: channel, reason: reason.rawValue, business: business)
        }
        guard try statedPreferences(client, business: business)?.optOuts.contains(channel) != true else { return false }
        try updatePreferences(.optOut(of: channel, true), of: client, business: business, source: source.with(evidence))
        try note("opted_out", evidence, channel, reason.rawValue, business)
        var json = JSONWriter(capacity: 128)
        json.object { json in
            json.member("channel", channel.rawValue)
            json.member("reason", reason.rawValue)
            json.member("reply_id", evidence.reply?.description)
        }
        try emit(
            OutgoingEvent(
                type: .clientOptedOut, clientID: client, communication: evidence.communication, at: now, data: json.bytes),
            business: business)
        return true
    }

    /// Takes back what ``optOut(client:business:channel:addressHashes:reason:evidence:source:)`` did. Suppressions for other reasons (a dead
    /// address, a person's decision) stay.
    ///
    /// - Returns: false when there was nothing to take back.
    @discardableResult
    public func optIn(
        client: ClientID, business: BusinessID, channel: Channel, addressHashes: [[UInt8]] = [],
        evidence: ConsentEvidence = ConsentEvidence(), source: ConsentSource
    ) throws -> Bool {
        try lockAllConsent()
        var changed = false
        for hash in try Set(addressHashes + addressHash(of: client, on: channel, business: business)) {
            if try liftOptOut(hash, channel: channel, business: business) { changed = true }
        }
        if try statedPreferences(client, business: business)?.optOuts.contains(channel) == true {
            try updatePreferences(.optOut(of: channel, false), of: client, business: business, source: source.with(evidence))
            changed = true
        }
        if changed { try note("opted_in", evidence, channel, "start_word", business) }
        return changed
    }

    /// Takes an address off the list where its owner's own no put it there.
    public func liftOptOut(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        var changed = false
        for reason in SuppressionReason.liftedByStart {
            if try unsuppress(addressHash, channel: channel, onlyFor: reason.rawValue, business: business) { changed = true }
        }
        return changed
    }

    /// Whether nothing may go to the client on the channel because they opted out.
    public func hasOptedOut(_ client: ClientID, business: BusinessID, channel: Channel) throws -> Bool {
        try statedPreferences(client, business: business)?.optOuts.contains(channel) == true
    }

    /// Whether an address is on the list because its owner opted out.
    public func isOptedOut(_ addressHash: [UInt8], channel: Channel, business: BusinessID) throws -> Bool {
        try suppressions(addressHash, business: business).contains { suppression in
            suppression.channel == channel && suppression.scope == .all
                && SuppressionReason.liftedByStart.contains { $0.rawValue == suppression.reason }
        }
    }

    /// Whose a communication is, whatever the business: for what providers tell about it.
    public func owner(of id: CommunicationID) throws -> (business: BusinessID, client: ClientID, createdAt: Timestamp, sentAt: Timestamp)? {
        try run("SELECT business_id, client_id, created_at, sent_at FROM crm_communications WHERE communication_id = \(id)").first.map {
            (try $0.uuid(0), try $0.clientID(1), try $0.time(2), try $0.timeOrNil(3) ?? $0.time(2))
        }
    }

    private func addressHash(of client: ClientID, on channel: Channel, business: BusinessID) throws -> [[UInt8]] {
        try run("SELECT email_hash, phone_hash FROM crm_clients WHERE business_id = \(business) AND client_id = \(client)").compactMap {
            try $0.bytesOrNil(channel == .email ? 0 : 1)
        }
    }

    /// An entry in the log of the communication that the evidence names, if the business still has it.
    private func note(_ type: String, _ evidence: ConsentEvidence, _ channel: Channel, _ details: String, _ business: BusinessID) throws {
        guard let id = evidence.communication, try communication(id, business: business) != nil else { return }
        try DeliveryLog.append(type, id, channel: channel, provider: evidence.provider, details: details, self)
    }
}

extension ConsentSource {
    /// What the evidence shows, where the source does not say it already.
    fileprivate func with(_ evidence: ConsentEvidence) -> ConsentSource {
        var source = self
        source.evidence = source.evidence ?? evidence.text
        return source
    }
}

extension PreferencesUpdate {
    /// Opts out of one channel, or in again.
    public static func optOut(of channel: Channel, _ optedOut: Bool) -> PreferencesUpdate {
        switch channel {
        case .email: PreferencesUpdate(optOutEmail: optedOut)
        case .sms: PreferencesUpdate(optOutSMS: optedOut)
        case .whatsapp: PreferencesUpdate(optOutWhatsApp: optedOut)
        }
    }
}
