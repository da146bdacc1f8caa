public import NIOCore

/// How long the client waits for the server in each phase. RFC 5321 4.5.3.2 asks for five minutes for most of them; the defaults
/// for banner and commands are shorter because a product has its own retries.
public struct SMTPTimeouts: Sendable, Hashable {
    /// Name resolution and TCP, all addresses together.
    public var connect: TimeAmount = .seconds(10)
    /// From the connection to the 220.
    public var banner: TimeAmount = .seconds(60)
    public var tlsHandshake: TimeAmount = .seconds(30)
    /// EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET, DATA.
    public var command: TimeAmount = .seconds(60)
    /// Between two pieces of at most 256 KiB of the message leaving for the network.
    public var data: TimeAmount = .seconds(120)
    /// From the final dot to its reply. Shortening it produces duplicates (RFC 1047).
    public var finalDot: TimeAmount = .seconds(600)
    /// From QUIT to the end of the connection.
    public var quit: TimeAmount = .seconds(5)
    /// How long a connection without work is kept.
    public var idle: TimeAmount = .seconds(30)

    public init() {}
}
