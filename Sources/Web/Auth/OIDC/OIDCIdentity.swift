import Core

/// Whom a provider's ID token names, after everything about it was checked (OpenID Connect Core 1.0, section 3.1.3.7).
struct OIDCIdentity: Sendable, Hashable {
    /// Who it is to the provider, for ever.
    let subject: String
    let email: String?
    /// The provider made sure that the address is theirs.
    let isEmailVerified: Bool
    let name: String?

    /// The clocks of two parties may differ by so much, in seconds.
    static let leeway: Int64 = 60
    /// A token for a sign-in is fresh.
    static let longestAge: Int64 = 600

    /// - Parameter token: its signature has been checked.
    init(_ token: CompactJWS, _ configuration: OIDCConfiguration, nonce: String, now: Timestamp) throws(OIDCFailure) {
        let (claims, now) = (token.claims, now.seconds)
        guard claims["iss"]?.string == configuration.issuer else { throw .rejected("issuer") }
        let audiences = claims["aud"].map { $0.string.map { [$0] } ?? Array($0.elements).compactMap(\.string) } ?? []
        guard audiences.contains(configuration.clientID) else { throw .rejected("audience") }
        if let party = claims["azp"] {
            guard party.string == configuration.clientID else { throw .rejected("authorized party") }
        } else if audiences.count > 1 {
            throw .rejected("authorized party")
        }
        guard let end = claims.claimSeconds("exp"), now < end + Self.leeway else { throw .rejected("expired") }
        guard let issued = claims.claimSeconds("iat"), issued <= now + Self.leeway, issued >= now - Self.longestAge else {
            throw .rejected("time of issue")
        }
        if claims["nbf"] != nil {
            guard let begin = claims.claimSeconds("nbf"), begin <= now + Self.leeway else { throw .rejected("not valid yet") }
        }
        guard let given = claims["nonce"]?.string, SecretText.equal(given, nonce) else { throw .rejected("nonce") }
        guard let subject = claims["sub"]?.string, (1...255).contains(subject.utf8.count), !subject.utf8.contains(0) else {
            throw .rejected("subject")
        }
        self.subject = subject
        email = claims["email"]?.string.flatMap { EmailAddressRule.check($0) == nil ? $0 : nil }
        // Some providers write it as a text.
        isEmailVerified = claims["email_verified"]?.bool ?? (claims["email_verified"]?.string == "true")
        name = claims["name"]?.string.flatMap { PersonName.check($0) == nil ? $0 : nil }
    }
}
