import Communications
import Core
import Logging
import NIOPosix
import Observability
import Providers
import SMTP
import Storage
import Web

extension Assembly {
    /// One loop: whoever floods the port keeps nobody else waiting.
    private static let inboundLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Makes and reads the addresses that our mail returns to; nil without a domain for them.
    static func returnAddresses(_ settings: Settings, _ store: Store) -> ReturnAddresses? {
        settings.inbound.domain.map { ReturnAddresses(cipher: store.cipher, domain: $0) }
    }

    /// The server for mail that comes back; nil where no port is set.
    ///
    /// - Parameter tls: with it, STARTTLS is offered.
    static func inboundMail(
        _ settings: Settings, _ store: Store, _ receipts: EventIntake, _ orchestrator: Orchestrator, _ tls: ServerTLS?,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws -> InboundMailService? {
        guard let place = settings.inbound.listener, let addresses = returnAddresses(settings, store) else { return nil }
        let logger = Logger(label: "rapport.inbound")
        let unsubscribe = MailUnsubscribe(database: store.database, cipher: store.cipher, orchestrator: orchestrator)
        let intake = InboundMailIntake(addresses: addresses, receipts: receipts, logger: logger, unsubscribe: unsubscribe.apply)
        return InboundMailService(
            SMTPListenerConfiguration(hostName: addresses.domain, tls: try tls?.mailContext()), intake: intake, host: place.host,
            port: place.port, group: inboundLoops, metrics: receipts.metrics.inboundMail, logger: logger, onListening: onListening)
    }

    /// By what the providers of mail are known.
    static func addMailWebhooks(to web: inout WebParts, _ settings: Settings, _ store: Store, _ sns: SNSVerifier) {
        let inbound = settings.inbound
        web.returnAddresses = returnAddresses(settings, store)
        if !inbound.sesTopics.isEmpty { web.webhookKeys.ses = WebhookKeys.SES(topics: Set(inbound.sesTopics), verifier: sns) }
        web.webhookKeys.sendGrid = inbound.sendGridKey.flatMap { SendGridSignature(key: $0) }
        web.webhookKeys.mailgun = inbound.mailgunKey
        web.webhookKeys.postmark = inbound.postmarkSecret
    }
}
