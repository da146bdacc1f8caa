import Core
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore

/// Builds the server; tests take its ``responder(_:)`` without sockets.
public enum Server {
    /// Everything behind the sockets.
    public static func responder(_ parts: WebParts) -> WebResponder {
        let isEncrypted = parts.baseURL.hasPrefix("https:")
        let gate = Gatekeeper(parts)
        let table = Routes.table(parts, gate: gate)
        let frame = Frame(
            clock: parts.clock, metrics: RequestMetrics(parts.http, routes: table.routes), proxies: parts.proxies,
            security: SecurityHeaders(isEncrypted: isEncrypted), accessLog: parts.accessLog)
        return table.responder(frame: frame, gate: gate)
    }

    /// The service that listens on `host` and `port`.
    ///
    /// - Parameters:
    ///   - tls: nil: connections are not encrypted, at least not by us.
    ///   - onListening: called once with the port, which differs from `port` when that is 0.
    public static func application(
        _ parts: WebParts, host: String, port: Int, group: any EventLoopGroup, logger: Logger, tls: ServerTLS? = nil,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        // A connection that says nothing for this long is closed, so that nobody keeps sockets for free.
        let idle = HTTP1Channel.Configuration(idleTimeout: .seconds(75))
        let plain = HTTPServerBuilder.http1(configuration: idle)
        return Application(
            responder: responder(parts),
            server: try tls.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil, backlog: 1_024),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(group),
            logger: logger)
    }
}
