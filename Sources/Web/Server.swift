import Core
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Builds the server; tests take its ``responder(_:)`` without sockets.
public enum Server {
    /// Everything behind the sockets.
    public static func responder(_ parts: WebParts) -> WebResponder {
        let gate = Gatekeeper(parts)
        let table = Routes.table(parts, gate: gate)
        let metrics = RequestMetrics(parts.http, routes: table.routes)
        return table.responder(frame: Frame(clock: parts.clock, metrics: metrics, accessLog: parts.accessLog), gate: gate)
    }

    /// The service that listens on `host` and `port`.
    ///
    /// - Parameter onListening: called once with the port, which differs from `port` when that is 0.
    public static func application(
        _ parts: WebParts, host: String, port: Int, group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        // A connection that says nothing for this long is closed, so that nobody keeps sockets for free.
        let idle = HTTP1Channel.Configuration(idleTimeout: .seconds(75))
        return Application(
            responder: responder(parts),
            server: .http1(configuration: idle),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil, backlog: 1_024),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(group),
            logger: logger)
    }
}
