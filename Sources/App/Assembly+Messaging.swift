import Communications
import Core
import Logging
import NIOPosix
import Observability
import Providers
import SMTP
import Storage
import Web

/// What decides about messages and carries them.
struct MessagingParts: Sendable {
    let caches: CacheParts
    let preferences: PreferencesCache
    let zones: ZoneCatalog
    let whatsApp: WhatsAppComposer
    let links: LinkIssuer
    let transports: [Core.Channel: any Transport]
    /// Nil while e-mail runs in the sandbox.
    let mail: SMTPPool?
    /// One way out over HTTP for each provider.
    let clients: [SafeHTTP]
    let engine: DeliveryEngine
    let orchestrator: Orchestrator
}

extension Assembly {
    /// One loop, so that the connections of mail need no locks.
    private static let mailLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    static func messaging(
        _ settings: Settings, _ store: Store, _ clock: WallClock, _ registry: MetricsRegistry, _ metrics: EngineMetrics
    ) async throws -> MessagingParts {
        let addresses = AddressBook(cipher: store.cipher)
        let directory = Directory(database: store.database, clock: clock)
        let caches = try await makeCache(settings, store, clock, metrics)
        registerMetrics(of: caches.cache, in: registry)
        let preferences = PreferencesCache(
            database: store.database, directory: directory, records: caches.records, own: caches.own, write: PreferencesJSON.members)
        let templates = TemplateStore(database: store.database, clock: clock, records: caches.sharedRecords)
        let zones = ZoneCatalog()
        let whatsApp = WhatsAppComposer(
            database: store.database, addresses: addresses, clock: clock, isSandbox: settings.whatsapp == nil)
        let links = LinkIssuer(
            signer: LinkSigner(cipher: store.cipher, baseURL: settings.baseURL), lifetimeDays: settings.linkLifetimeDays)
        let composer = MessageComposer(
            database: store.database, directory: directory, templates: templates, whatsApp: whatsApp, links: links)
        let (transports, mail, clients) = try makeTransports(settings, store, clock)
        var timing = DeliveryTiming()
        timing.usesStoreClock = true
        let engine = DeliveryEngine(
            database: store.database, addresses: addresses, clock: clock, transports: transports, composer: composer, zones: zones,
            directory: directory, timing: timing, rates: RateLimit.rates(settings.rateLimits), sharedUsage: caches.sharedUsage,
            preferences: preferences, bounces: settings.inbound.policy, logger: Logger(label: "rapport.delivery"), metrics: metrics)
        let orchestrator = Orchestrator(
            database: store.database, clock: clock, directory: directory, templates: templates, addresses: addresses, zones: zones,
            engine: engine, preferences: preferences, smsPrices: settings.smsPrices)
        return MessagingParts(
            caches: caches, preferences: preferences, zones: zones, whatsApp: whatsApp, links: links, transports: transports, mail: mail,
            clients: clients, engine: engine, orchestrator: orchestrator)
    }

    private static func makeTransports(
        _ settings: Settings, _ store: Store, _ clock: WallClock
    ) throws -> (transports: [Core.Channel: any Transport], mail: SMTPPool?, clients: [SafeHTTP]) {
        var transports: [Core.Channel: any Transport] = [:]
        for channel in Core.Channel.allCases {
            transports[channel] = SandboxTransport(
                channel: channel, sender: "sandbox", database: store.database, cipher: store.cipher, clock: clock)
        }
        let clients = addProviders(to: &transports, settings, clock)
        guard let mail = settings.mail else { return (transports, nil, clients) }
        let pool = SMTPPool(configuration: mail.configuration(clientName: settings.mailClientName), eventLoop: mailLoops.any())
        let signer = try mail.signer()
        let sign = signer.map { signer in
            { @Sendable (message: [UInt8]) throws -> [UInt8] in try signer.sign(message, at: clock.now().milliseconds) }
        }
        transports[.email] = EmailTransport(
            pool: pool, sender: try mail.sender(), senderName: mail.fromName, sign: sign, returns: returnAddresses(settings, store),
            referenceHeader: settings.inbound.postmarkSecret == nil ? nil : PostmarkWebhook.referenceHeader, clock: clock)
        return (transports, pool, clients)
    }
}
