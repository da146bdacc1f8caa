import Core
import Providers

/// The OpenID provider with whose accounts people may sign in.
public struct OIDCConfiguration: Sendable, Hashable {
    /// Exactly as its tokens name it, with or without a slash at its end.
    public var issuer: String
    public var clientID: String
    /// Nil for a client that has none; PKCE protects both kinds.
    public var clientSecret: String?
    /// What people call it.
    public var name: String
    /// Where it sends people back to.
    public var redirectURL: String
    let origin: String

    /// Nil unless `issuer` is an `https://` address, or an `http://` one of this machine.
    public init?(issuer: String, clientID: String, clientSecret: String?, name: String?, baseURL: String) {
        guard let address = try? WebAddress(issuer), !issuer.contains("?"), !issuer.contains("#"),
            address.isEncrypted || Self.isLocal(address)
        else { return nil }
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.name = name ?? address.hostText
        redirectURL = baseURL + Path.oidcCallback.rawValue
        origin = address.origin
    }

    private static func isLocal(_ address: WebAddress) -> Bool {
        switch address.host {
        case .name(let name): name == "localhost"
        case .address(.v4(let value)): value >> 24 == 127
        case .address(.v6(let high, let low)): high == 0 && low == 1
        }
    }

    var discoveryURL: String { (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration" }

    /// Where a request to one of the provider's own addresses may lead. The operator chose the issuer's host; every other one is
    /// only what some document says, and gets no further than the public Internet.
    func destination(of url: String) -> SafeHTTP.Destination {
        (try? WebAddress(url).origin) == origin ? .configured : .userSupplied
    }
}

/// Why nobody was signed in at another provider. For the log: it never holds a token, a code or an address.
enum OIDCFailure: Error, Sendable, Hashable {
    /// The provider is away or says what can not be used.
    case provider(String)
    /// Its token, or what a browser brought, is not to be believed.
    case rejected(String)
}
