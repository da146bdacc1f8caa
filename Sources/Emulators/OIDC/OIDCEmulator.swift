import Core
import Crypto
import FoundationEssentials
import HTTPTypes
import Providers
import Synchronization

/// An OpenID provider whose people sign in without a password: discovery, `authorize`, `token`, `jwks`, all below `/oidc`.
///
/// Codes are good once and for a minute, PKCE is required, and the client has to prove itself, as with a careful provider.
final class OIDCEmulator: Sendable {
    static let path = "oidc"
    private static let most = 1_000

    private struct Grant: Sendable {
        let person: OIDCPerson
        let nonce: String?
        let challenge: String
        let redirectURL: String
        let expiresAt: Timestamp
    }

    private struct State: Sendable {
        var grants: [String: Grant] = [:]
        var fault: OIDCFault?
        var signsOnCurve = false
        var people: [OIDCPerson]
        var requests: [String] = []
    }

    private let account: OIDCAccount
    private let clock: WallClock
    private let state: Mutex<State>
    private let signer = Mutex<OIDCSigner?>(nil)

    init(account: OIDCAccount, clock: WallClock) {
        self.account = account
        self.clock = clock
        state = Mutex(State(people: account.people))
    }

    func set(fault: OIDCFault?) { state.withLock { $0.fault = fault } }
    func set(people: [OIDCPerson]) { state.withLock { $0.people = people } }
    func set(signsOnCurve: Bool) { state.withLock { $0.signsOnCurve = signsOnCurve } }
    /// The paths that were asked for, oldest first.
    var requests: [String] { state.withLock { $0.requests } }

    func answer(_ request: EmulatorRequest, path: [String]) -> EmulatorAnswer {
        let (fault, path) = (state.withLock { $0.fault }, path.joined(separator: "/"))
        state.withLock { state in
            if state.requests.count < Self.most { state.requests.append(path) }
        }
        if fault == .down { return .badGateway }
        do {
            switch (request.method, path) {
            case (.get, ".well-known/openid-configuration"): return discovery(request, fault)
            case (.get, "jwks"): return .json(.ok, try keys().keySet())
            case (.get, "authorize"): return authorize(request)
            case (.post, "token"): return try token(request, fault)
            default: return .text(.notFound, "Nothing here\n")
            }
        } catch {
            return .text(.internalServerError, "No keys\n")
        }
    }

    private func issuer(_ request: EmulatorRequest) -> String { "http://\(request.host)/\(Self.path)" }

    private func discovery(_ request: EmulatorRequest, _ fault: OIDCFault?) -> EmulatorAnswer {
        let issuer = issuer(request)
        if fault == .discoveryMoved {
            return EmulatorAnswer(status: .found, headers: [.location: "\(issuer)/elsewhere"])
        }
        var json = JSONWriter()
        json.object { json in
            json.member("issuer", fault == .discoveryOfAnother ? "https://accounts.example.com" : issuer)
            json.member("authorization_endpoint", issuer + "/authorize")
            switch fault {
            case .discoveryInside: json.member("token_endpoint", "https://169.254.169.254/latest/meta-data")
            case .discoveryPlain: json.member("token_endpoint", "http://127.0.0.1:1/token")
            default: json.member("token_endpoint", issuer + "/token")
            }
            json.member("jwks_uri", issuer + "/jwks")
            json.member("response_types_supported", ["code"])
            json.member("subject_types_supported", ["public"])
            json.member("id_token_signing_alg_values_supported", ["RS256", "ES256"])
            json.member("code_challenge_methods_supported", ["S256"])
            if fault == .discoveryHuge { json.member("padding", String(repeating: "x", count: 4 << 20)) }
        }
        return .json(.ok, json.bytes)
    }

    /// Nobody is asked for a password; with several people the page asks who it is.
    private func authorize(_ request: EmulatorRequest) -> EmulatorAnswer {
        guard request.query("client_id") == account.clientID, request.query("response_type") == "code",
            let redirectURL = request.query("redirect_uri"), (try? WebAddress(redirectURL)) != nil,
            let challenge = request.query("code_challenge"), request.query("code_challenge_method") == "S256",
            request.query("scope")?.split(separator: " ").contains("openid") == true
        else { return .text(.badRequest, "client_id, response_type, redirect_uri, scope or code_challenge is wrong\n") }
        let people = state.withLock { $0.people }
        guard let person = people.count == 1 ? people.first : people.first(where: { $0.subject == request.query("person") }) else {
            return choice(of: people, request)
        }
        let code = (0..<32).map { _ in String(UInt8.random(in: .min ... .max), radix: 16) }.joined()
        let grant = Grant(
            person: person, nonce: request.query("nonce"), challenge: challenge, redirectURL: redirectURL,
            expiresAt: clock.now().adding(seconds: 60))
        state.withLock { state in
            if state.grants.count >= Self.most { state.grants = [:] }
            state.grants[code] = grant
        }
        let fields = [("code", code), ("state", request.query("state") ?? ""), ("iss", issuer(request))]
        let query = String(decoding: FormEncoding.encode(fields), as: UTF8.self)
        return EmulatorAnswer(
            status: .found, headers: [.location: redirectURL + (redirectURL.contains("?") ? "&" : "?") + query])
    }

    private func choice(of people: [OIDCPerson], _ request: EmulatorRequest) -> EmulatorAnswer {
        let items = people.map { person -> HTML in
            let query = request.query.filter { $0.name != "person" } + [(name: "person", value: person.subject)]
            let address =
                "/\(Self.path)/authorize?" + String(decoding: FormEncoding.encode(query.map { ($0.name, $0.value) }), as: UTF8.self)
            return "<li><a href=\"\(address)\">\(person.name) (\(person.email))</a></li>"
        }
        let page: HTML = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Who signs in?</title></head>
            <body><h1>Who signs in?</h1><ul>\(.joined(items))</ul></body></html>
            """
        return EmulatorAnswer(status: .ok, contentType: EmulatorAnswer.html, body: Array(page.text.utf8))
    }

    private func token(_ request: EmulatorRequest, _ fault: OIDCFault?) throws -> EmulatorAnswer {
        let fields = FormEncoding.decode(request.body) ?? []
        func field(_ name: String) -> String? { fields.first { $0.0 == name }?.1 }
        guard isClient(request, field("client_id"), field("client_secret")) else { return Self.refusal("invalid_client", .unauthorized) }
        // Good once: gone even if what follows does not fit.
        guard field("grant_type") == "authorization_code", let code = field("code"),
            let grant = state.withLock({ $0.grants.removeValue(forKey: code) }), clock.now() < grant.expiresAt,
            field("redirect_uri") == grant.redirectURL, let verifier = field("code_verifier"),
            OIDCSigner.encoded(Array(SHA256.hash(data: Array(verifier.utf8)))) == grant.challenge
        else { return Self.refusal("invalid_grant", .badRequest) }
        let claims = claims(grant, issuer(request), fault)
        let idToken = try keys().token(claims, onCurve: state.withLock { $0.signsOnCurve }, fault: fault)
        var json = JSONWriter()
        json.object { json in
            json.member("access_token", "emulator-access-token")
            json.member("token_type", "Bearer")
            json.member("expires_in", 300)
            json.member("id_token", idToken)
        }
        return .json(.ok, json.bytes)
    }

    private func isClient(_ request: EmulatorRequest, _ id: String?, _ secret: String?) -> Bool {
        if let header = request.headers[.authorization] {
            return header == "Basic " + Data("\(account.clientID):\(account.clientSecret)".utf8).base64EncodedString()
        }
        return id == account.clientID && secret == account.clientSecret
    }

    private static func refusal(_ error: String, _ status: HTTPResponse.Status) -> EmulatorAnswer {
        var json = JSONWriter()
        json.object { $0.member("error", error) }
        return .json(status, json.bytes)
    }

    private func claims(_ grant: Grant, _ issuer: String, _ fault: OIDCFault?) -> [UInt8] {
        let now = clock.now().seconds
        let issued = fault == .issuedLongAgo ? now - 86_400 : fault == .issuedInFuture ? now + 3_600 : now
        var json = JSONWriter()
        json.object { json in
            json.member("iss", fault == .wrongIssuer ? "https://accounts.example.com" : issuer)
            switch fault {
            case .wrongAudience: json.member("aud", "another-client")
            case .twoAudiences: json.member("aud", [account.clientID, "another-client"])
            default: json.member("aud", account.clientID)
            }
            if fault == .wrongParty { json.member("azp", "another-client") }
            if fault != .noSubject { json.member("sub", grant.person.subject) }
            json.member("iat", issued)
            json.member("exp", fault == .expired ? now - 61 : now + 300)
            if fault == .notYetValid { json.member("nbf", now + 3_600) }
            if let nonce = grant.nonce, fault != .noNonce { json.member("nonce", fault == .wrongNonce ? "another" : nonce) }
            json.member("email", grant.person.email)
            json.member("email_verified", grant.person.isEmailVerified)
            json.member("name", grant.person.name)
        }
        return json.bytes
    }

    /// Made when they are first needed: that takes a moment.
    private func keys() throws -> OIDCSigner {
        try signer.withLock { signer in
            if let signer { return signer }
            let made = try OIDCSigner()
            signer = made
            return made
        }
    }
}
