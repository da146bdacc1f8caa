/// Which channels may be used for a client at all, and why not the others.
struct ChannelConsent {
    var category: MessageCategory
    var reachable: ChannelSet
    /// Left out of ``reachable`` by the message, not for want of an address.
    var unwritten: ChannelSet = []
    var optOuts: ChannelSet
    var suppressed: ChannelSet
    /// The channels whose address is not on the list of those that want no marketing.
    var marketingAllowed: ChannelSet
    /// What the client said about advertising, and where the business's rule allows it then.
    var marketing = MarketingConsent()
    var marketingByRule = ChannelSet.all
    /// The message's topic, where the client refused it.
    var refusedTopic: String?
    /// Marketing by e-mail must name the sender's place (CAN-SPAM, section 5(a)(5)).
    var lacksPostalAddress = false
    /// Nothing goes to a person who is to be erased; ``optOuts`` has every channel.
    var isToBeErased = false

    /// The step that rules `channel` out; nil when it may be used. A missing address is named first, since nothing else matters then.
    func objection(to channel: Channel) -> DecisionStep? {
        if unwritten.contains(channel) {
            return DecisionStep(
                rule: "template", channel: channel, outcome: "skipped",
                because: "the message has no template for this channel, or must not use it")
        }
        if !reachable.contains(channel) {
            return DecisionStep(rule: "address", channel: channel, outcome: "skipped", because: Self.noAddress(channel))
        }
        if isToBeErased { return DecisionStep(rule: "erasure", channel: channel, outcome: "skipped", because: Self.toBeErased) }
        if optOuts.contains(channel) {
            return DecisionStep(rule: "opt_out", channel: channel, outcome: "skipped", because: Self.optedOut(channel))
        }
        if suppressed.contains(channel) {
            return DecisionStep(
                rule: "suppression", channel: channel, outcome: "skipped", because: "the address is on the suppression list")
        }
        if let refusedTopic {
            return DecisionStep(rule: "topic", channel: channel, outcome: "skipped", because: "client refused the topic \(refusedTopic)")
        }
        guard category == .marketing else { return nil }
        if !marketingAllowed.contains(channel) || !marketingByRule.contains(channel) {
            return DecisionStep(rule: "marketing_consent", channel: channel, outcome: "skipped", because: noMarketing(channel))
        }
        if channel == .email, lacksPostalAddress {
            return DecisionStep(
                rule: "postal_address", channel: channel, outcome: "skipped", because: "the business has no postal address")
        }
        return nil
    }

    func allows(_ channel: Channel) -> Bool {
        guard reachable.contains(channel), !optOuts.contains(channel), !suppressed.contains(channel), refusedTopic == nil else {
            return false
        }
        guard category == .marketing else { return true }
        return marketingAllowed.contains(channel) && marketingByRule.contains(channel) && !(channel == .email && lacksPostalAddress)
    }

    /// Why no channel is left although there are addresses.
    var reasonForNone: String {
        if isToBeErased { return Self.toBeErased }
        let usable = reachable.subtracting(optOuts)
        if usable.isEmpty { return "client opted out of every channel that has an address" }
        let listed = usable.subtracting(suppressed)
        if listed.isEmpty { return "every remaining address is on the suppression list" }
        if let refusedTopic { return "client refused the topic \(refusedTopic)" }
        let known = listed.intersection(marketingAllowed)
        if !known.isEmpty, known.isDisjoint(with: marketing.refused), known.isDisjoint(with: marketingByRule) {
            return marketing.granted.isDisjoint(with: known)
                ? "the business needs the client's consent to marketing, which it does not have"
                : "the client's consent to marketing is not confirmed"
        }
        return "the client takes no marketing on the remaining channels"
    }

    private func noMarketing(_ channel: Channel) -> String {
        guard marketingAllowed.contains(channel) else { return "the client takes no marketing on this channel" }
        switch marketing[channel] {
        case .refused, .confirmed: return "the client takes no marketing on this channel"
        case .granted: return "the client's consent to marketing on this channel is not confirmed"
        case .none: return "there is no consent to marketing on this channel"
        }
    }

    private static let toBeErased = "the client is to be erased"

    // Whole literals, so that the hot path builds no strings.
    private static func optedOut(_ channel: Channel) -> String {
        switch channel {
        case .email: "client opted out of email"
        case .sms: "client opted out of sms"
        case .whatsapp: "client opted out of whatsapp"
        }
    }

    private static func noAddress(_ channel: Channel) -> String {
        switch channel {
        case .email: "client has no e-mail address"
        case .sms, .whatsapp: "client has no phone number"
        }
    }
}

extension ChannelConsent {
    /// What the client's preferences say of a message.
    init(
        category: MessageCategory, topic: String?, preferences: Preferences, reachable: ChannelSet, suppressed: ChannelSet,
        marketingAllowed: ChannelSet, lacksPostalAddress: Bool = false
    ) {
        self.init(
            category: category, reachable: reachable, optOuts: preferences.optOuts, suppressed: suppressed,
            marketingAllowed: marketingAllowed, marketing: preferences.marketing, marketingByRule: preferences.marketingAllowed,
            refusedTopic: topic.flatMap { preferences.topicsRefused.contains($0) ? $0 : nil }, lacksPostalAddress: lacksPostalAddress,
            isToBeErased: preferences.isToBeErased)
    }
}
