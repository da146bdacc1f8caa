/// What a consent is about.
public enum ConsentPurpose: Sendable, Hashable {
    /// Every message on the channel, also what the client asked for.
    case all
    case marketing
    /// One topic of the business.
    case topic(String)
    /// How they want to be reached: channels, hours, time zone, language. No consent, but kept in the same history.
    case preferences

    public var text: String {
        switch self {
        case .all: "all"
        case .marketing: "marketing"
        case .topic(let name): "topic:\(name)"
        case .preferences: "preferences"
        }
    }
}

/// One line of the consent ledger: what a client agreed to, refused, or changed.
public struct ConsentEntry: Sendable, Hashable {
    /// What the client decided.
    public enum Decision: String, Sendable, Hashable, CaseIterable {
        case granted, withdrawn
        /// A double opt-in was asked for; nothing holds yet.
        case requested
        /// A preference that is no consent.
        case changed
    }

    public var client: ClientID
    public var purpose: ConsentPurpose
    /// Nil: on every channel.
    public var channel: Channel?
    public var decision: Decision
    public var source: ConsentSource
    /// A JSON object with what changed, for example `{"timezone": ["UTC", "Europe/Berlin"]}`; empty where the rest says all.
    public var details: [UInt8]

    public init(
        client: ClientID, purpose: ConsentPurpose, channel: Channel? = nil, decision: Decision, source: ConsentSource, details: [UInt8] = []
    ) {
        self.client = client
        self.purpose = purpose
        self.channel = channel
        self.decision = decision
        self.source = source
        self.details = details
    }
}
