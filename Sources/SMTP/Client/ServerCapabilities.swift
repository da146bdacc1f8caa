/// What a server said it can do in its answer to EHLO (RFC 5321, 4.1.1.1).
public struct ServerCapabilities: Sendable, Hashable {
    public var startTLS = false
    public var pipelining = false
    public var eightBitMIME = false
    public var smtpUTF8 = false
    public var enhancedStatusCodes = false
    /// The largest message in octets; nil when the server did not say or set no limit (RFC 1870).
    public var maxMessageSize: Int?
    /// Whether SIZE was offered at all, so that the parameter may be used.
    public var size = false
    /// SASL mechanisms in upper case.
    public var authMechanisms: [String] = []

    public init() {}

    /// Reads one capability line, such as `SIZE 10240000`. Unknown keywords are ignored.
    mutating func add(line: String) {
        let words = line.uppercased().split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let keyword = words.first else { return }
        switch keyword {
        case "STARTTLS": startTLS = true
        case "PIPELINING": pipelining = true
        case "8BITMIME": eightBitMIME = true
        case "SMTPUTF8": smtpUTF8 = true
        case "ENHANCEDSTATUSCODES": enhancedStatusCodes = true
        case "SIZE":
            size = true
            if let limit = words.dropFirst().first.flatMap({ Int($0) }), limit > 0 { maxMessageSize = limit }
        case "AUTH":
            add(mechanisms: words.dropFirst())
        default:
            // Servers older than RFC 4954 wrote `AUTH=LOGIN PLAIN`.
            if keyword.hasPrefix("AUTH=") { add(mechanisms: [keyword.dropFirst(5)] + words.dropFirst()) }
        }
    }

    private mutating func add(mechanisms: some Sequence<Substring>) {
        for mechanism in mechanisms where !mechanism.isEmpty && !authMechanisms.contains(String(mechanism)) {
            authMechanisms.append(String(mechanism))
        }
    }
}

/// What a probe learned about a server.
public struct ServerGreeting: Sendable, Hashable {
    /// The text of the 220 banner, printable ASCII.
    public let banner: String
    public let capabilities: ServerCapabilities
    /// Whether the session was protected by TLS with a verified certificate.
    public let isEncrypted: Bool
    /// The SASL mechanism that succeeded; nil when no credentials are configured.
    public let mechanism: SMTPMechanism?
}
