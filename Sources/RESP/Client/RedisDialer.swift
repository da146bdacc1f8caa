import NIOCore
import NIOPosix
import NIOSSL

/// Makes connections to the configured server. Confined to its event loop.
final class RedisDialer {
    private let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private var tls: NIOSSLContext?

    init(configuration: RedisConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
    }

    func makeConnection(owner: any RedisConnectionOwner) throws -> RedisConnection {
        RedisConnection(configuration: configuration, tls: try tlsContext(), owner: owner)
    }

    func connect(_ connection: RedisConnection) -> EventLoopFuture<any Channel> {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.connectTimeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // The handler is added to the one channel that connects, not to every attempt of a host with several addresses, so
            // nothing may be read before.
            .channelOption(.autoRead, value: false)
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
        guard configuration.usesTLS else { return nil }
        if let tls { return tls }
        let made = try TLSHandler.context(configuration)
        tls = made
        return made
    }
}
