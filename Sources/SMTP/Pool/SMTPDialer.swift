import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections to the configured server. Confined to its event loop.
final class SMTPDialer {
    private let configuration: SMTPConfiguration
    private let eventLoop: any EventLoop
    private var tls: NIOSSLContext?

    init(configuration: SMTPConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
    }

    func makeConnection(owner: any SMTPConnectionOwner) throws -> SMTPConnection {
        SMTPConnection(configuration: configuration, tls: try tlsContext(), owner: owner)
    }

    func connect(_ connection: SMTPConnection) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.timeouts.connect)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: configuration.host, port: configuration.port)
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
