import NIOCore
import NIOSSL

/// How an ``SMTPListener`` behaves, and what anybody may cost it.
public struct SMTPListenerConfiguration: Sendable {
    /// The name in the greeting and in the answer to EHLO.
    public var hostName: String
    /// Connections at once, over all clients.
    public var maxConnections = 200
    /// Connections at once from one IP address.
    public var maxConnectionsPerAddress = 20
    /// Longer messages are refused (RFC 1870).
    public var maxMessageBytes = 64 << 20
    /// Of a message only its beginning is kept: reports come first, what they quote comes last.
    public var keptBytes = 1 << 18
    /// Of one message.
    public var maxRecipients = 20
    /// Octets of a command with its line break; RFC 5321 (4.5.3.1.4) asks for 512.
    public var maxCommandBytes = 1_024
    /// Commands that are wrong or refused before the connection ends.
    public var maxErrors = 10
    /// Commands that do nothing (NOOP, RSET, EHLO, …) before the connection ends.
    public var maxIdleCommands = 100
    public var maxMessages = 100
    /// From a reply to the next whole command.
    public var commandTimeout = TimeAmount.seconds(60)
    /// From 354 to the end of the message.
    public var dataTimeout = TimeAmount.minutes(5)
    public var connectionTimeout = TimeAmount.minutes(15)
    /// Nil: STARTTLS is not offered.
    public var tls: NIOSSLContext?

    public init(hostName: String, tls: NIOSSLContext? = nil) {
        self.hostName = hostName
        self.tls = tls
    }
}
