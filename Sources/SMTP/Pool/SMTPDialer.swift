import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections to the configured server. Confined to its event loop.
final class SMTPDialer {
    private let configuration: SMTPConfiguration
    private let eventLoop: any EventLoop
    private let resolver: (any Resolver & Sendable)?
    private var tls: NIOSSLContext?

    /// - Parameter resolver: replaces the system's in tests.
    init(configuration: SMTPConfiguration, eventLoop: any EventLoop, resolver: (any Resolver & Sendable)? = nil) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.resolver = resolver
    }

    func makeConnection(owner: any SMTPConnectionOwner) throws -> SMTPConnection {
        SMTPConnection(configuration: configuration, tls: try tlsContext(), owner: owner)
    }

    func connect(_ connection: SMTPConnection) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.timeouts.connect)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            // The handler is added to the one channel that connects, not to every attempt of a host with several addresses, so
            // nothing may be read before.
            .channelOption(.autoRead, value: false)
            .resolver(resolver)
            .connect(host: configuration.host, port: configuration.port)
            .flatMapThrowing { channel in
                do {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                    try channel.syncOptions?.setOption(.autoRead, value: true)
                } catch {
                    channel.close(promise: nil)
                    throw error
                }
                return channel
            }
    }

    /// Loading the trust roots takes milliseconds, so once.
    private func tlsContext() throws -> NIOSSLContext? {
        if configuration.security == .none { return nil }
        if let tls { return tls }
        let made = try TLSHandlers.context(configuration)
        tls = made
        return made
    }
}
