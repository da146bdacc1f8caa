/// The one client and the people of the OpenID provider.
public struct OIDCAccount: Sendable {
    public var clientID = "rapport"
    public var clientSecret = "emulator-client-secret"
    /// With one of them nobody is asked who signs in.
    public var people = [OIDCPerson(subject: "person-1", email: "ada@example.org", name: "Ada Lovelace")]

    public init() {}
}

/// Somebody with an account at the OpenID provider.
public struct OIDCPerson: Sendable, Hashable {
    public var subject: String
    public var email: String
    public var isEmailVerified: Bool
    public var name: String

    public init(subject: String, email: String, isEmailVerified: Bool = true, name: String) {
        self.subject = subject
        self.email = email
        self.isEmailVerified = isEmailVerified
        self.name = name
    }
}

/// What an OpenID provider, or somebody in between, does wrong.
public enum OIDCFault: String, Sendable, Hashable, CaseIterable {
    /// The token is not signed.
    case algorithmNone = "alg_none"
    /// HS256, with the public key's text as the secret.
    case keyConfusion = "key_confusion"
    /// Signed with another key under the right name.
    case foreignKey = "foreign_key"
    case unknownKey = "unknown_key"
    /// The claims were changed after they were signed.
    case alteredClaims = "altered_claims"
    case wrongIssuer = "wrong_issuer"
    case wrongAudience = "wrong_audience"
    /// Two audiences, and nothing says which of them it was given to.
    case twoAudiences = "two_audiences"
    case wrongParty = "wrong_party"
    case expired
    case issuedLongAgo = "issued_long_ago"
    case issuedInFuture = "issued_in_future"
    case notYetValid = "not_yet_valid"
    case wrongNonce = "wrong_nonce"
    case noNonce = "no_nonce"
    case noSubject = "no_subject"
    /// A header that would have to be understood.
    case criticalHeader = "critical_header"
    /// The discovery document is another issuer's.
    case discoveryOfAnother = "discovery_of_another"
    /// It names an address of the inner network.
    case discoveryInside = "discovery_inside"
    /// It names an unencrypted address elsewhere.
    case discoveryPlain = "discovery_plain"
    /// It does not end.
    case discoveryHuge = "discovery_huge"
    /// It stands somewhere else.
    case discoveryMoved = "discovery_moved"
    case down
}
