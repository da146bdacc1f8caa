/// Which channel a message takes, and which ones after it.
///
/// A channel is possible when the client has an address for it, has not opted out of it, the address is not on the suppression list and,
/// for marketing, the client has agreed. The first possible one of this order is chosen:
///
/// 1. the channel that the request asks for;
/// 2. CRITICAL: WhatsApp if the client prefers it, then SMS;
/// 3. the preferred channels that the message type lists, in the client's order;
/// 4. the other preferred channels, in the client's order;
/// 5. the message type's other channels, in its order: these, like the last, are used as a fallback only;
/// 6. what remains: e-mail, SMS, WhatsApp.
///
/// The client's word thus stands above the type's: preferred channels order the choice. Types that carry detail list e-mail first,
/// confirmations add SMS, so that where the client has no objection detail goes by e-mail and a quick word by phone.
///
/// When the chosen channel fails, the type's other channels follow in its order, then the usual chain: WhatsApp → SMS → e-mail,
/// e-mail → SMS, SMS → e-mail; each only if possible.
struct ChannelChoice {
    var channel: Channel
    var fallbacks: [Channel]

    static func choose(_ input: StrategyInput, consent: ChannelConsent, steps: inout [DecisionStep]) -> ChannelChoice? {
        var search = Search(consent: consent)
        guard let channel = search.first(for: input, steps: &steps) else { return nil }
        return ChannelChoice(
            channel: channel, fallbacks: fallbacks(after: channel, type: input.messageType, consent: consent, steps: &steps))
    }

    /// The order in which channels follow a failed one, whatever the message.
    static func chain(after channel: Channel) -> [Channel] {
        switch channel {
        case .whatsapp: [.sms, .email]
        case .email: [.sms]
        case .sms: [.email]
        }
    }

    private static func fallbacks(
        after channel: Channel, type: MessageType, consent: ChannelConsent, steps: inout [DecisionStep]
    ) -> [Channel] {
        var seen = ChannelSet(channel)
        var fallbacks: [Channel] = []
        for list in [type.channels, chain(after: channel)] {
            for candidate in list where !seen.contains(candidate) {
                seen.formUnion(ChannelSet(candidate))
                if let objection = consent.objection(to: candidate) {
                    // What the search for the first channel has said already is not said again.
                    if !steps.contains(objection) { steps.append(objection) }
                } else {
                    fallbacks.append(candidate)
                    steps.append(
                        DecisionStep(rule: "fallback", channel: candidate, outcome: "kept", because: "used if the channel before fails"))
                }
            }
        }
        return fallbacks
    }
}

extension ChannelChoice {
    /// Goes through the candidates in order and looks at each channel once.
    private struct Search {
        let consent: ChannelConsent
        var seen: ChannelSet = []

        init(consent: ChannelConsent) {
            self.consent = consent
        }

        mutating func first(for input: StrategyInput, steps: inout [DecisionStep]) -> Channel? {
            if let requested = input.requestedChannel,
                accept(requested, rule: "requested_channel", because: "the request asks for it", &steps)
            {
                return requested
            }
            let preferred = input.preferences.preferredChannels
            if input.urgency == .critical {
                if preferred.contains(.whatsapp),
                    accept(.whatsapp, rule: "urgency", because: "critical, and the client prefers whatsapp", &steps)
                {
                    return .whatsapp
                }
                if accept(.sms, rule: "urgency", because: "critical messages go by sms", &steps) { return .sms }
            }
            let listed = input.messageType.channels
            for channel in preferred
            where listed.contains(channel)
                && accept(channel, rule: "preference", because: "the client prefers it and the message type lists it", &steps)
            {
                return channel
            }
            for channel in preferred where accept(channel, rule: "preference", because: "the client prefers it", &steps) {
                return channel
            }
            for channel in listed
            where accept(channel, rule: "message_type", because: "no preferred channel can be used; the message type lists it", &steps) {
                return channel
            }
            for channel in Channel.allCases where accept(channel, rule: "remaining", because: "no other channel can be used", &steps) {
                return channel
            }
            return nil
        }

        private mutating func accept(_ channel: Channel, rule: String, because: String, _ steps: inout [DecisionStep]) -> Bool {
            guard !seen.contains(channel) else { return false }
            seen.formUnion(ChannelSet(channel))
            if let objection = consent.objection(to: channel) {
                steps.append(objection)
                return false
            }
            steps.append(DecisionStep(rule: rule, channel: channel, outcome: "chosen", because: because))
            return true
        }
    }
}
