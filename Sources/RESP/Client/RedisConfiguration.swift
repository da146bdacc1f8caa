public import NIOCore

/// Where a `RedisClient` connects to, and how.
public struct RedisConfiguration: Sendable, Hashable {
    /// The certificates a server's chain may end in.
    public enum TrustRoots: Sendable, Hashable {
        case system
        /// The system's roots and these certificates (PEM).
        case systemAnd(pem: String)
        /// Only these certificates (PEM).
        case only(pem: String)
    }

    /// A name or an address; with TLS the certificate must carry it.
    public var host: String
    public var port: Int = 6379
    /// The account of an access control list; nil means the default one.
    public var username: String?
    public var password: String?
    /// The number of the database, 0 and up.
    public var database: Int = 0
    /// TLS from the first byte. Chain and name are always verified.
    public var usesTLS: Bool = false
    /// Add a private authority here.
    public var trustRoots: TrustRoots = .system
    /// Connections are opened on demand, at most so many.
    public var maxConnections: Int = 10
    /// For connecting, TLS and authentication together.
    public var connectTimeout: TimeAmount = .seconds(5)
    /// For one command or pipeline, waiting for a connection included.
    public var commandTimeout: TimeAmount = .seconds(5)
    /// The pause after a failed connection attempt; doubles up to `maxReconnectDelay`, each a quarter more or less.
    public var reconnectDelay: TimeAmount = .milliseconds(50)
    public var maxReconnectDelay: TimeAmount = .seconds(5)
    /// Commands and pipelines under way or waiting; more are refused.
    public var maxPending: Int = 100_000
    public var limits = RESPLimits()

    public init(host: String, port: Int = 6379) {
        self.host = host
        self.port = port
    }

    /// What makes this configuration unusable; nil when it can be tried.
    public var problem: RESPError? {
        if host.isEmpty || !host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            return .configuration("the host is empty or contains characters that no host has")
        }
        if !(1...65535).contains(port) { return .configuration("the port is not between 1 and 65535") }
        if database < 0 { return .configuration("the database is not a number") }
        if maxConnections < 1 || maxPending < 1 { return .configuration("at least one connection and one command are needed") }
        if username != nil, password == nil { return .configuration("a user name needs a password") }
        return nil
    }
}
