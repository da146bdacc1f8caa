import Core
import Crypto
import FoundationEssentials
import JWTKit
import Providers
import Synchronization

/// The other end of a sign-in with another provider's account: discovery, keys, and codes for ID tokens.
public final class OIDCProvider: Sendable {
    /// What was read from the provider is used for so long, in seconds.
    static let lifetime: Int64 = 3_600
    /// A token with an unknown key makes us ask for the keys again, but no more often than this.
    static let keyPatience: Int64 = 60
    static let longestAnswer = 256 * 1_024

    private struct Known: Sendable {
        var metadata: (OIDCMetadata, at: Timestamp)?
        var keys: (OIDCKeys, at: Timestamp)?
    }

    public let configuration: OIDCConfiguration
    private let http: SafeHTTP
    private let clock: WallClock
    private let known = Mutex(Known())

    public init(_ configuration: OIDCConfiguration, http: SafeHTTP, clock: WallClock) {
        self.configuration = configuration
        self.http = http
        self.clock = clock
    }

    /// Nil when the provider tells what a sign-in needs of it; else one line that says what is wrong.
    public func check() async -> String? {
        do throws(OIDCFailure) {
            _ = try await OIDCKeys(try await get(try await metadata().keysURL, "key set"))
            return nil
        } catch {
            switch error {
            case .provider(let reason), .rejected(let reason): return reason
            }
        }
    }

    /// Where a browser goes to sign in.
    func authorizationURL(state: String, nonce: String, verifier: String) async throws(OIDCFailure) -> String {
        let endpoint = try await metadata().authorizationEndpoint
        let challenge = Base64.encode(url: Array(SHA256.hash(data: Array(verifier.utf8))))
        let query = FormEncoding.encode([
            ("response_type", "code"), ("client_id", configuration.clientID), ("redirect_uri", configuration.redirectURL),
            ("scope", "openid email profile"), ("state", state), ("nonce", nonce), ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ])
        return endpoint + (endpoint.contains("?") ? "&" : "?") + String(decoding: query, as: UTF8.self)
    }

    /// Exchanges a code, and checks whom the provider says it was given to.
    func identity(code: String, verifier: String, nonce: String) async throws(OIDCFailure) -> OIDCIdentity {
        let text = try await idToken(code: code, verifier: verifier)
        guard let token = CompactJWS(text) else { throw .rejected("not a token") }
        // Before any key is looked for: nothing but these two, whatever keys there are.
        guard ["RS256", "ES256"].contains(token.algorithm) else { throw .rejected("algorithm") }
        guard let key = try await key(for: token), token.isSigned(by: key) else { throw .rejected("signature") }
        return try OIDCIdentity(token, configuration, nonce: nonce, now: clock.now())
    }

    private func idToken(code: String, verifier: String) async throws(OIDCFailure) -> String {
        let metadata = try await metadata()
        var form = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", configuration.redirectURL), ("code_verifier", verifier),
        ]
        var headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        if let secret = configuration.clientSecret, !metadata.wantsSecretInForm {
            headers.append(("Authorization", Self.basic(configuration.clientID, secret)))
        } else {
            form.append(("client_id", configuration.clientID))
            if let secret = configuration.clientSecret { form.append(("client_secret", secret)) }
        }
        let answer = try await send("POST", metadata.tokenEndpoint, headers, FormEncoding.encode(form), "token endpoint")
        // What the provider does not take back is a code that somebody else made up, or used before.
        if (400..<500).contains(answer.status) { throw .rejected("code") }
        guard answer.status == 200 else { throw .provider("token endpoint answers \(answer.status)") }
        guard let token = (try? JSONDocument(parsing: answer.body).root)?["id_token"]?.string else {
            throw .provider("token endpoint gives no id_token")
        }
        return token
    }

    /// RFC 6749, section 2.3.1: both parts are encoded as a form's before they are joined.
    private static func basic(_ user: String, _ password: String) -> String {
        func encoded(_ text: String) -> [UInt8] { Array(FormEncoding.encode([("", text)]).dropFirst()) }
        return "Basic " + Base64.encode(encoded(user) + [UInt8(ascii: ":")] + encoded(password))
    }

    private func metadata() async throws(OIDCFailure) -> OIDCMetadata {
        let now = clock.now()
        if let (metadata, at) = known.withLock({ $0.metadata }), now < at.adding(seconds: Self.lifetime) { return metadata }
        let metadata = try OIDCMetadata(try await get(configuration.discoveryURL, "discovery document"), configuration)
        known.withLock { $0.metadata = (metadata, now) }
        return metadata
    }

    /// Nil where no key of the provider's fits.
    private func key(for token: CompactJWS) async throws(OIDCFailure) -> (any JWTAlgorithm)? {
        let now = clock.now()
        if let (keys, at) = known.withLock({ $0.keys }), now < at.adding(seconds: Self.lifetime) {
            if let key = keys.key(id: token.keyID, algorithm: token.algorithm) { return key }
            guard now >= at.adding(seconds: Self.keyPatience) else { return nil }
        }
        let keys = try await OIDCKeys(try await get(try await metadata().keysURL, "key set"))
        known.withLock { $0.keys = (keys, now) }
        return keys.key(id: token.keyID, algorithm: token.algorithm)
    }

    private func get(_ url: String, _ what: String) async throws(OIDCFailure) -> [UInt8] {
        let answer = try await send("GET", url, [("Accept", "application/json")], [], what)
        guard answer.status == 200 else { throw .provider("\(what): status \(answer.status)") }
        return answer.body
    }

    private func send(
        _ method: String, _ url: String, _ headers: [(String, String)], _ body: [UInt8], _ what: String
    ) async throws(OIDCFailure) -> SafeHTTP.Response {
        do {
            return try await http.send(
                SafeHTTP.Request(
                    method: method, url: url, headers: headers, body: body, destination: configuration.destination(of: url),
                    timeout: .seconds(10), maxResponseBytes: Self.longestAnswer))
        } catch {
            switch error {
            case .refused(let reason): throw .provider("\(what): \(reason)")
            case .responseTooLarge: throw .provider("\(what): too large")
            default: throw .provider("\(what): no answer")
            }
        }
    }
}
