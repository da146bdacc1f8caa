/// When a business may send advertising to a client (`marketing_consent`).
public enum MarketingRule: String, Sendable, Hashable, CaseIterable {
    /// Until the client refuses.
    case optOut = "opt_out"
    /// Only after the client has agreed.
    case optIn = "opt_in"
    /// Only after the client has agreed and confirmed it from the address itself.
    case doubleOptIn = "double_opt_in"

    /// The channels on which a client who said `consent` may be sent marketing.
    public func channels(_ consent: MarketingConsent) -> ChannelSet {
        switch self {
        case .optOut: .all.subtracting(consent.refused)
        case .optIn: consent.granted.union(consent.confirmed)
        case .doubleOptIn: consent.confirmed
        }
    }
}

/// What a client has said about advertising, channel by channel.
public struct MarketingConsent: Sendable, Hashable {
    /// What a client has said about marketing on one channel.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// They never said anything.
        case none
        case granted
        /// Granted, and confirmed by the link that was sent to the address.
        case confirmed
        case refused
    }

    // No channel is in two of them.
    public private(set) var granted: ChannelSet = []
    public private(set) var confirmed: ChannelSet = []
    public private(set) var refused: ChannelSet = []

    public init() {}

    public subscript(channel: Channel) -> State {
        get {
            if refused.contains(channel) { return .refused }
            if confirmed.contains(channel) { return .confirmed }
            return granted.contains(channel) ? .granted : .none
        }
        set {
            let channel = ChannelSet(channel)
            granted.subtract(channel)
            confirmed.subtract(channel)
            refused.subtract(channel)
            switch newValue {
            case .none: break
            case .granted: granted.formUnion(channel)
            case .confirmed: confirmed.formUnion(channel)
            case .refused: refused.formUnion(channel)
            }
        }
    }
}

extension MarketingConsent {
    /// `email:confirmed,sms:refused`; empty when nothing was ever said.
    public var text: String {
        guard !(granted.isEmpty && confirmed.isEmpty && refused.isEmpty) else { return "" }
        return Channel.allCases.filter { self[$0] != .none }.map { "\($0.rawValue):\(self[$0].rawValue)" }.joined(separator: ",")
    }

    /// Reads ``text``. Nil for anything else: a state that nobody understands must not count as none.
    public init?(text: String) {
        guard !text.isEmpty else { return }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            guard words.count == 2, let channel = Channel(rawValue: String(words[0])), let state = State(rawValue: String(words[1])),
                state != .none, self[channel] == .none
            else { return nil }
            self[channel] = state
        }
    }
}
