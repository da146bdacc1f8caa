import Logging
import NIOCore
import Observability
import SMTP
import ServiceLifecycle

/// Nobody can listen at the address for inbound mail.
public struct InboundMailUnavailable: Error {
    public let host: String
    public let port: Int
    public let cause: any Error

    public init(host: String, port: Int, cause: any Error) {
        self.host = host
        self.port = port
        self.cause = cause
    }
}

/// Listens for mail that comes back, until the server stops.
public final class InboundMailService: Service {
    private let listener: SMTPListener
    private let host: String
    private let port: Int
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// How long a mail that is being taken may need when the server stops.
    private static let patience: Duration = .seconds(5)

    /// - Parameter onListening: gets the port, which may have been chosen freely.
    public init(
        _ configuration: SMTPListenerConfiguration, intake: InboundMailIntake, host: String, port: Int, group: any EventLoopGroup,
        metrics: InboundMailMetrics, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        listener = SMTPListener(
            configuration, accepts: intake.accepts, take: intake.take, turnedAway: { metrics.turnedAway.increment() })
        self.host = host
        self.port = port
        self.group = group
        self.logger = logger
        self.onListening = onListening
    }

    /// Connections at this moment.
    public var connections: Int { listener.connections }

    public func run() async throws {
        let port: Int
        do {
            port = try await listener.start(host: host, port: self.port, group: group)
        } catch {
            throw InboundMailUnavailable(host: host, port: self.port, cause: error)
        }
        logger.info("inbound_mail_listens", metadata: ["port": "\(port)"])
        await onListening(port)
        try? await gracefulShutdown()
        await listener.stop(within: Self.patience)
    }
}
