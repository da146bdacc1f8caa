/// How a change of somebody's consent or preferences came about; goes into the consent ledger.
public struct ConsentSource: Sendable, Hashable {
    /// By which way a decision came.
    public enum Way: String, Sendable, Hashable, CaseIterable {
        /// A call of the API.
        case api
        /// A person at the business, on a page of the product.
        case staff
        /// The client, in the preference centre.
        case preferenceCentre = "preference_centre"
        /// The client, by an unsubscribe link, button or mail.
        case unsubscribe
        /// The client, by a stop or start word.
        case reply
        /// The client, by the link of a double opt-in.
        case confirmation
        /// An outside service said so: a complaint, a bounce, an opt-out made there.
        case provider
        case `import`
        /// The product itself, or a command on the server.
        case system
    }

    public var way: Way
    public var actor: Actor
    /// The address that the request came from, if there was one.
    public var remoteAddress: String?
    /// What the client read before they decided, word for word.
    public var wording: String?
    /// Which version of the wording, for example `preference_centre/de/1`.
    public var wordingVersion: String?
    /// What shows it: a reply, a communication, a provider's event id.
    public var evidence: String?

    public init(
        _ way: Way, by actor: Actor, from remoteAddress: String? = nil, wording: String? = nil, wordingVersion: String? = nil,
        evidence: String? = nil
    ) {
        self.way = way
        self.actor = actor
        self.remoteAddress = remoteAddress
        self.wording = wording
        self.wordingVersion = wordingVersion
        self.evidence = evidence
    }

    public static let system = ConsentSource(.system, by: .system)
}
