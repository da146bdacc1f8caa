import Core
import Storage

/// What a caller tells of a client's consent: they agreed or refused somewhere, or are to be asked for a confirmation.
public struct ConsentStatement: Sendable {
    public var client: ClientID
    public var purpose: ConsentPurpose
    /// Nil: on every channel.
    public var channel: Channel?
    /// `granted`, `withdrawn` or `requested`.
    public var decision: ConsentEntry.Decision
    /// What the client read, its version, and what shows their decision.
    public var wording: String?
    public var wordingVersion: String?
    public var evidence: String?

    public init(
        client: ClientID, purpose: ConsentPurpose, channel: Channel?, decision: ConsentEntry.Decision, wording: String? = nil,
        wordingVersion: String? = nil, evidence: String? = nil
    ) {
        self.client = client
        self.purpose = purpose
        self.channel = channel
        self.decision = decision
        self.wording = wording
        self.wordingVersion = wordingVersion
        self.evidence = evidence
    }

    /// The source with what the client read and what shows their decision.
    func source(_ source: ConsentSource) -> ConsentSource {
        var source = source
        source.wording = wording
        source.wordingVersion = wordingVersion
        source.evidence = evidence
        return source
    }

    /// What it changes; a grant of marketing that needs a confirmation changes nothing yet.
    var update: PreferencesUpdate {
        let channels = channel.map { [$0] } ?? Channel.allCases
        let isGrant = decision == .granted
        switch purpose {
        case .all:
            var update = PreferencesUpdate()
            for channel in channels {
                switch channel {
                case .email: update.optOutEmail = !isGrant
                case .sms: update.optOutSMS = !isGrant
                case .whatsapp: update.optOutWhatsApp = !isGrant
                }
            }
            return update
        case .marketing:
            return PreferencesUpdate(marketing: Dictionary(channels.map { ($0, isGrant ? .granted : .refused) }) { first, _ in first })
        case .topic(let name):
            return PreferencesUpdate(topics: [name: !isGrant])
        case .preferences:
            return PreferencesUpdate()
        }
    }
}

/// What became of a ``ConsentStatement``.
public enum ConsentOutcome: Sendable {
    /// It holds.
    case recorded(Preferences)
    /// The client was asked to confirm by this message; until they do, nothing has changed.
    case requested(CommunicationID, expiresAt: Timestamp)
}
