public import NIOCore

/// Where and how an `SMTPPool` delivers.
public struct SMTPConfiguration: Sendable {
    /// How the connection is protected.
    public enum Security: String, Sendable, Hashable {
        /// Plain connection upgraded by STARTTLS, which is required (RFC 3207); usual port 587.
        case startTLS
        /// TLS from the first byte (RFC 8314); usual port 465.
        case implicit
        case none
    }

    /// The certificates a server's chain may end in.
    public enum TrustRoots: Sendable, Hashable {
        case system
        /// The system's roots and these certificates (PEM).
        case systemAnd(pem: String)
        /// Only these certificates (PEM).
        case only(pem: String)
    }

    /// A name or an address; the certificate must carry it.
    public var host: String
    public var port: Int
    public var security: Security
    public var credentials: SMTPCredentials
    /// The SASL mechanism; usually left to the server's offer.
    public var mechanism: SMTPMechanism = .automatic
    /// The name given in EHLO: a fully qualified domain name or an address literal such as `[192.0.2.1]`.
    public var clientName: String = "localhost"
    /// Connections are opened on demand, at most so many.
    public var maxConnections: Int = 8
    /// A connection is closed and replaced after this many mails.
    public var maxMessagesPerConnection: Int = 1000
    public var timeouts = SMTPTimeouts()
    /// Add a private authority here; verification cannot be switched off.
    public var trustRoots: TrustRoots = .system
    /// The name the certificate must carry, when it differs from `host`.
    public var tlsServerName: String?
    /// Use PIPELINING where the server offers it (RFC 2920).
    public var usesPipelining: Bool = true
    /// Send credentials over `.none` to a host that is not this machine. Never a good idea.
    public var allowsCredentialsInClear: Bool = false
    /// While no connection can be made, a waiting mail fails as transient after this time.
    public var maxWaitWhileDown: TimeAmount = .seconds(30)
    /// The pause after a failed connection attempt; doubles up to `maxReconnectDelay`.
    public var reconnectDelay: TimeAmount = .milliseconds(500)
    /// The longest pause between connection attempts.
    public var maxReconnectDelay: TimeAmount = .seconds(30)

    /// - Parameters:
    ///   - security: STARTTLS, required, unless told otherwise.
    ///   - credentials: refused over `.none` unless the host is this machine or `allowsCredentialsInClear` is set.
    public init(host: String, port: Int, security: Security = .startTLS, credentials: SMTPCredentials = .none) {
        self.host = host
        self.port = port
        self.security = security
        self.credentials = credentials
    }

    /// What makes this configuration unusable; nil when it can be tried. Checked before every connection.
    public var problem: SMTPFailure? {
        if host.isEmpty || !Self.isPlain(host) { return invalid("the host is empty or contains characters that no host has") }
        if !(1...65535).contains(port) { return invalid("the port is not between 1 and 65535") }
        if clientName.isEmpty || clientName.utf8.count > 255 || !Self.isPlain(clientName) {
            return invalid("the client name for EHLO is not a domain name")
        }
        if maxConnections < 1 || maxMessagesPerConnection < 1 { return invalid("at least one connection and one message are needed") }
        if case .none = credentials { return nil }
        if security == .none, !allowsCredentialsInClear, !isLoopback {
            return SMTPFailure(.authFailure, phase: .authentication, text: "credentials are not sent over an unencrypted connection")
        }
        return credentialsProblem
    }

    private var credentialsProblem: SMTPFailure? {
        let refused = SMTPFailure(.authFailure, phase: .authentication, text: "user name or password is empty or contains NUL")
        switch (credentials, mechanism) {
        case (.password, .xoauth2), (.oauth2, .plain), (.oauth2, .login):
            return invalid("the mechanism does not fit the kind of credentials")
        case (.password(let username, let password), _):
            let usable = !username.isEmpty && !username.utf8.contains(0) && !password.utf8.contains(0)
            return usable ? nil : refused
        case (.oauth2(let username, _), _):
            return !username.isEmpty && username.utf8.allSatisfy { $0 >= 0x20 } ? nil : refused
        case (.none, _):
            return nil
        }
    }

    private var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.first == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private func invalid(_ text: String) -> SMTPFailure { SMTPFailure(.invalidInput, phase: .connect, text: text) }

    private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }
}
