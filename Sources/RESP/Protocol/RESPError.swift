/// Why a command has no answer.
public enum RESPError: Error, Sendable, Hashable {
    /// The server refused the command, in its own words. The first one is the kind (`ERR`, `WRONGTYPE`, `OOM`, …); the others may repeat
    /// what was sent, so they do not belong in a log.
    case server(String)
    /// No connection could be made; the command was not sent.
    case noConnection(String)
    /// The connection ended after the command was sent: whether it was carried out is unknown.
    case connectionLost(String)
    /// No answer in time. What was sent may still be carried out; its connection is closed, so that no late answer meets the wrong command.
    case timeout(sent: Bool)
    /// User name or password are wrong, or missing.
    case authentication(String)
    /// The server sent what the protocol does not know, or more than is accepted; the connection is closed.
    case protocolViolation(String)
    /// Too many commands wait for an answer.
    case overloaded
    /// The configuration makes no sense.
    case configuration(String)
    case shutDown

    /// The first word of a refusal: safe for logs.
    public var serverErrorKind: String? {
        guard case .server(let text) = self else { return nil }
        return Self.kind(of: text)
    }

    static func kind(of text: String) -> String {
        String(text.prefix { $0 != " " }.prefix(32).filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
    }
}

extension RESPError: CustomStringConvertible {
    /// Without anything that was sent.
    public var description: String {
        switch self {
        case .server(let text): "the server refused the command (\(Self.kind(of: text)))"
        case .noConnection(let reason): "no connection: \(reason)"
        case .connectionLost(let reason): "connection lost: \(reason)"
        case .timeout(let sent): sent ? "no answer in time" : "no connection in time"
        case .authentication(let reason): "authentication failed: \(reason)"
        case .protocolViolation(let reason): "not the Redis protocol: \(reason)"
        case .overloaded: "too many commands wait"
        case .configuration(let reason): reason
        case .shutDown: "the client was shut down"
        }
    }
}
