/// Which channels may be used for a client at all, and why not the others.
struct ChannelConsent {
    var category: MessageCategory
    var reachable: ChannelSet
    var optOuts: ChannelSet
    var suppressed: ChannelSet
    var marketingAllowed: ChannelSet

    /// The step that rules `channel` out; nil when it may be used. A missing address is named first, since nothing else matters then.
    func objection(to channel: Channel) -> DecisionStep? {
        if !reachable.contains(channel) {
            return DecisionStep(rule: "address", channel: channel, outcome: "skipped", because: Self.noAddress(channel))
        }
        if optOuts.contains(channel) {
            return DecisionStep(rule: "opt_out", channel: channel, outcome: "skipped", because: Self.optedOut(channel))
        }
        if suppressed.contains(channel) {
            return DecisionStep(
                rule: "suppression", channel: channel, outcome: "skipped", because: "the address is on the suppression list")
        }
        if category == .marketing, !marketingAllowed.contains(channel) {
            return DecisionStep(
                rule: "marketing_consent", channel: channel, outcome: "skipped", because: "the client takes no marketing on this channel")
        }
        return nil
    }

    func allows(_ channel: Channel) -> Bool {
        reachable.contains(channel) && !optOuts.contains(channel) && !suppressed.contains(channel)
            && (category != .marketing || marketingAllowed.contains(channel))
    }

    /// Why no channel is left although there are addresses.
    var reasonForNone: String {
        let usable = reachable.subtracting(optOuts)
        if usable.isEmpty { return "client opted out of every channel that has an address" }
        if usable.subtracting(suppressed).isEmpty { return "every remaining address is on the suppression list" }
        return "the client takes no marketing on the remaining channels"
    }

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
