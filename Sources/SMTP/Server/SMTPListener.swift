import NIOCore
import NIOPosix
import Synchronization

/// A small SMTP server (RFC 5321) that takes mail for addresses it is told to accept, and for no others: it relays nothing, and tells
/// nobody which addresses there are.
///
/// A message is answered once the caller has settled it; its beginning is all that is kept in memory.
public final class SMTPListener: Sendable {
    private struct State {
        var server: (any NIOCore.Channel)?
        var connections: [ObjectIdentifier: NIOLoopBound<ServerConnection>] = [:]
        var perAddress: [String: Int] = [:]
        var isStopping = false
    }

    private let configuration: SMTPListenerConfiguration
    private let accepts: @Sendable (String) -> Bool
    private let take: @Sendable (ReceivedMail) async -> MailDisposition
    private let turnedAway: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - accepts: whether an address is one of ours; called on the event loop, so it must not wait.
    ///   - take: settles a message; what it returns is the client's answer.
    ///   - turnedAway: called for every connection that there was no room for.
    public init(
        _ configuration: SMTPListenerConfiguration, accepts: @escaping @Sendable (String) -> Bool,
        take: @escaping @Sendable (ReceivedMail) async -> MailDisposition, turnedAway: @escaping @Sendable () -> Void = {}
    ) {
        self.configuration = configuration
        self.accepts = accepts
        self.take = take
        self.turnedAway = turnedAway
    }

    /// Connections at this moment.
    public var connections: Int { state.withLock { $0.connections.count } }

    /// Begins to listen.
    ///
    /// - Parameter port: 0 takes a free one.
    /// - Returns: the port.
    public func start(host: String, port: Int, group: any EventLoopGroup) async throws -> Int {
        let server = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 128)
            .childChannelInitializer { [weak self] channel in
                guard let self else { return channel.close() }
                return self.welcome(channel)
            }
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .bind(host: host, port: port).get()
        state.withLock { $0.server = server }
        return server.localAddress?.port ?? port
    }

    /// Takes no more connections, answers what is being settled, and closes everything at the deadline.
    public func stop(within duration: Duration) async {
        let (server, connections) = state.withLock { state in
            state.isStopping = true
            return (state.server, Array(state.connections.values))
        }
        try? await server?.close().get()
        for connection in connections { connection.eventLoop.execute { connection.value.stop() } }
        let deadline = ContinuousClock.now + duration
        while state.withLock({ !$0.connections.isEmpty }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    private func welcome(_ channel: any NIOCore.Channel) -> EventLoopFuture<Void> {
        let address = channel.remoteAddress?.ipAddress
        let id = ObjectIdentifier(channel)
        let connection = NIOLoopBound(
            ServerConnection(configuration, remoteAddress: address, accepts: accepts, take: take), eventLoop: channel.eventLoop)
        let hasRoom = state.withLock { state in
            let ofAddress = address.map { state.perAddress[$0, default: 0] } ?? 0
            guard !state.isStopping, state.connections.count < configuration.maxConnections,
                ofAddress < configuration.maxConnectionsPerAddress
            else { return false }
            state.connections[id] = connection
            if let address { state.perAddress[address] = ofAddress + 1 }
            return true
        }
        guard hasRoom else {
            turnedAway()
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(TurnedAway())
            }
        }
        channel.closeFuture.whenComplete { [weak self] _ in self?.leave(id, address) }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(connection.value)
        }
    }

    private func leave(_ id: ObjectIdentifier, _ address: String?) {
        state.withLock { state in
            state.connections[id] = nil
            guard let address, let count = state.perAddress[address] else { return }
            state.perAddress[address] = count > 1 ? count - 1 : nil
        }
    }
}

/// Says that there is no room, and nothing else.
private final class TurnedAway: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(channel.allocator.buffer(string: ServerReply.tooMany.text))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
