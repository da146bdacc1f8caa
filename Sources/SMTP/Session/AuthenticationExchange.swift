/// One SASL exchange (RFC 4954) as a machine: each challenge yields the next line to send.
struct AuthenticationExchange {
    private enum State: Equatable {
        case start
        /// The initial response was sent; what to send again if the server asks with an empty 334.
        case sentInitial
        case sentUsername
        case sentPassword
        case acknowledgedError
    }

    let mechanism: SMTPMechanism
    private let username: String
    private let secret: String
    private var state = State.start

    private init(mechanism: SMTPMechanism, username: String, secret: String) {
        self.mechanism = mechanism
        self.username = username
        self.secret = secret
    }

    /// The best mechanism for the credentials among those offered; nil when there is none in common.
    static func choose(_ wanted: SMTPMechanism, for credentials: SMTPCredentials, offered: [String]) -> SMTPMechanism? {
        let fitting: [SMTPMechanism] =
            switch credentials {
            case .none: []
            case .password: [.plain, .login]
            case .oauth2: [.xoauth2]
            }
        let candidates = wanted == .automatic ? fitting : fitting.filter { $0 == wanted }
        return candidates.first { offered.contains($0.rawValue) }
    }

    /// The first line to send, without line end.
    static func begin(
        _ mechanism: SMTPMechanism, username: String, secret: String
    ) -> (exchange: AuthenticationExchange, line: String) {
        var exchange = AuthenticationExchange(mechanism: mechanism, username: username, secret: secret)
        if mechanism == .login { return (exchange, "AUTH LOGIN") }
        exchange.state = .sentInitial
        return (exchange, "AUTH \(mechanism.rawValue) \(exchange.initialResponse)")
    }

    /// The answer to a 334; nil when the server asks for more than the mechanism has.
    mutating func answer(challenge: [UInt8]) -> String? {
        switch (mechanism, state) {
        case (.login, .start):
            state = .sentUsername
            return Base64.encode(Array(username.utf8))
        case (.login, .sentUsername):
            state = .sentPassword
            return Base64.encode(Array(secret.utf8))
        case (.plain, .sentInitial) where challenge.isEmpty:
            // The server ignored the initial response.
            state = .sentPassword
            return initialResponse
        case (.xoauth2, .sentInitial):
            // The challenge is a JSON error: an empty line fetches the final reply.
            state = .acknowledgedError
            return ""
        default:
            return nil
        }
    }

    /// Whether a text from the server repeats the secret in any form that was sent.
    func isRevealed(in text: String) -> Bool {
        guard !secret.isEmpty else { return false }
        return text.contains(secret) || text.contains(Base64.encode(Array(secret.utf8))) || text.contains(initialResponse)
    }

    private var initialResponse: String {
        switch mechanism {
        case .xoauth2: Base64.encode(Array("user=\(username)\u{1}auth=Bearer \(secret)\u{1}\u{1}".utf8))
        default: Base64.encode(Array("\u{0}\(username)\u{0}\(secret)".utf8))
        }
    }
}
