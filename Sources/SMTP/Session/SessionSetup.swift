import NIOCore

/// From a fresh connection to one that takes mail: banner, EHLO, STARTTLS, EHLO again, AUTH. Pure: events in, actions out.
///
///     banner ─220─▶ hello ─250─▶ [startTLS ─220─▶ handshake ─▶ hello] ─▶ [token ─▶ authentication ─235─▶] ready
///                     └500/502─▶ helo ─250─▶ …
struct SessionSetup {
    enum Action {
        case send(line: String)
        /// Start TLS now; then report `tlsEstablished`.
        case startHandshake
        /// Ask for the OAuth token; then report `tokenArrived`.
        case fetchToken
        case ready
        case fail(SMTPFailure)
    }

    private enum State {
        case handshakeBeforeBanner
        case banner
        case hello
        case helo
        case startTLS
        case handshake
        case token(SMTPMechanism)
        case authentication(AuthenticationExchange)
        case ready
        case failed
    }

    private let configuration: SMTPConfiguration
    private var state: State
    private(set) var isEncrypted = false
    private(set) var banner = ""
    private(set) var capabilities = ServerCapabilities()
    private(set) var mechanism: SMTPMechanism?

    init(configuration: SMTPConfiguration) {
        self.configuration = configuration
        state = configuration.security == .implicit ? .handshakeBeforeBanner : .banner
    }

    /// The phase whose timeout applies and that a failure now belongs to.
    var phase: SMTPFailure.Phase {
        switch state {
        case .handshakeBeforeBanner, .handshake: .tls
        case .banner: .banner
        case .hello, .helo: .hello
        case .startTLS: .startTLS
        case .token, .authentication: .authentication
        case .ready, .failed: .queue
        }
    }

    mutating func tlsEstablished() -> Action? {
        switch state {
        case .handshakeBeforeBanner:
            isEncrypted = true
            state = .banner
            return nil
        case .handshake:
            isEncrypted = true
            return sayHello()
        default:
            return fail(SMTPFailure(.transient, phase: .tls, text: "unexpected TLS handshake"))
        }
    }

    /// - Parameter hasMoreInput: whether bytes already arrived after this reply. Nothing may follow a reply here, because the next
    ///   command has not been sent; after STARTTLS such bytes would be plaintext taken for protected (RFC 3207, section 4.1).
    mutating func receive(_ reply: Reply, hasMoreInput: Bool) -> Action {
        if hasMoreInput {
            let text = phase == .startTLS ? "plaintext after the reply to STARTTLS" : "the server spoke out of turn"
            return fail(SMTPFailure(.transient, phase: phase, code: reply.code, text: text))
        }
        switch state {
        case .banner:
            guard reply.code == 220 else { return fail(reply.failure(.banner)) }
            banner = reply.text
            return sayHello()
        case .hello:
            return receiveHello(reply)
        case .helo:
            guard reply.code == 250 else { return fail(reply.failure(.hello)) }
            capabilities = ServerCapabilities()
            return afterHello()
        case .startTLS:
            guard reply.code == 220 else { return fail(reply.failure(.startTLS)) }
            capabilities = ServerCapabilities()
            state = .handshake
            return .startHandshake
        case .authentication(let exchange):
            return receiveAuthentication(reply, exchange)
        case .handshakeBeforeBanner, .handshake, .token, .ready, .failed:
            return fail(SMTPFailure(.transient, phase: phase, code: reply.code, text: "the server spoke out of turn"))
        }
    }

    mutating func tokenArrived(_ result: Result<String, any Error>) -> Action {
        guard case .token(let mechanism) = state, case .oauth2(let username, _) = configuration.credentials else {
            return fail(SMTPFailure(.transient, phase: .authentication, text: "unexpected token"))
        }
        switch result {
        case .success(let token):
            guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                return fail(SMTPFailure(.authFailure, phase: .authentication, text: "the access token is empty or malformed"))
            }
            return authenticate(mechanism, username: username, secret: token)
        case .failure(let error):
            return fail(
                SMTPFailure(.transient, phase: .authentication, text: "no access token could be had", underlying: error))
        }
    }

    private mutating func sayHello() -> Action {
        state = .hello
        return .send(line: "EHLO \(configuration.clientName)")
    }

    private mutating func receiveHello(_ reply: Reply) -> Action {
        if reply.code == 500 || reply.code == 502 {
            state = .helo
            return .send(line: "HELO \(configuration.clientName)")
        }
        guard reply.code == 250 else { return fail(reply.failure(.hello)) }
        capabilities = ServerCapabilities()
        for line in reply.rest {
            capabilities.add(line: PrintableText.make(line.readableBytesView))
        }
        return afterHello()
    }

    private mutating func afterHello() -> Action {
        if configuration.security == .startTLS, !isEncrypted {
            guard capabilities.startTLS else {
                return fail(SMTPFailure(.transient, phase: .startTLS, text: "the server does not offer STARTTLS, which is required"))
            }
            state = .startTLS
            return .send(line: "STARTTLS")
        }
        let credentials = configuration.credentials
        if case .none = credentials { return becomeReady() }
        let offered = capabilities.authMechanisms
        guard let chosen = AuthenticationExchange.choose(configuration.mechanism, for: credentials, offered: offered) else {
            let list = offered.isEmpty ? "none" : offered.joined(separator: " ")
            return fail(
                SMTPFailure(.authFailure, phase: .authentication, text: "no suitable mechanism; the server offers: \(list)"))
        }
        guard case .password(let username, let password) = credentials else {
            state = .token(chosen)
            return .fetchToken
        }
        return authenticate(chosen, username: username, secret: password)
    }

    private mutating func authenticate(_ mechanism: SMTPMechanism, username: String, secret: String) -> Action {
        let (exchange, line) = AuthenticationExchange.begin(mechanism, username: username, secret: secret)
        state = .authentication(exchange)
        return .send(line: line)
    }

    private mutating func receiveAuthentication(_ reply: Reply, _ current: AuthenticationExchange) -> Action {
        var exchange = current
        if reply.code == 235 {
            mechanism = exchange.mechanism
            return becomeReady()
        }
        if reply.code == 334, let line = exchange.answer(challenge: Array(reply.first.readableBytesView)) {
            state = .authentication(exchange)
            return .send(line: line)
        }
        var failure = reply.failure(.authentication)
        if exchange.isRevealed(in: failure.text) { failure.text = "(the reply repeated the credentials)" }
        return fail(failure)
    }

    private mutating func becomeReady() -> Action {
        state = .ready
        return .ready
    }

    private mutating func fail(_ failure: SMTPFailure) -> Action {
        state = .failed
        return .fail(failure)
    }
}
