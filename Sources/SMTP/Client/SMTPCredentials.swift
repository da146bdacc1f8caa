/// How the client proves who it is.
public enum SMTPCredentials: Sendable {
    case none
    case password(username: String, password: String)
    /// An OAuth 2 bearer token, asked for again for every connection; the closure should cache it.
    case oauth2(username: String, token: @Sendable () async throws -> String)
}

/// The SASL mechanism to use.
public enum SMTPMechanism: String, Sendable, Hashable {
    /// The best one that fits the credentials and that the server offers: PLAIN before LOGIN, XOAUTH2 for tokens.
    case automatic
    case plain = "PLAIN"
    case login = "LOGIN"
    case xoauth2 = "XOAUTH2"
}
