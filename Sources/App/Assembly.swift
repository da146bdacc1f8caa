import Communications
import Core
import Logging
import NIOCore
import NIOPosix
import Observability
import Providers
import SMTP
import ServiceLifecycle
import Storage
import UnixSignals
import Web

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Builds a running server out of its parts: the page to read first.
struct Assembly: Sendable {
    let settings: Settings
    let store: Store
    let clock: WallClock
    let logger: Logger
    let registry: MetricsRegistry
    let metrics: EngineMetrics
    let engine: DeliveryEngine
    let orchestrator: Orchestrator
    let web: WebParts
    let events: EventDispatcher
    let privacy: PrivacyParts
    /// The ways out over HTTP: one for the businesses' endpoints, one for each provider.
    let clients: [SafeHTTP]
    /// Nil while WhatsApp runs in the sandbox.
    let confirmation: WhatsAppConfirmation?
    let receipts: EventIntake
    /// Nil where no port is set for mail that comes back.
    let inbound: InboundMailService?
    let caches: CacheParts
    /// Nil while e-mail runs in the sandbox.
    let mail: SMTPPool?
    /// What the first start of all made; nil ever after.
    let bootstrap: Bootstrap?
    /// Nil: connections are not encrypted by us.
    let tls: ServerTLS?

    /// One loop for requests to others.
    private static let outgoingLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// Two, since HTTP has the more to do.
    private static let webLoops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    /// Opens the store and builds everything; nothing runs yet.
    static func build(_ settings: Settings, registry: MetricsRegistry, clock: WallClock = .system) async throws -> Assembly {
        let metrics = EngineMetrics(registry: registry)
        // What can be wrong with it is said before anything is begun.
        let tls = try settings.access.serverTLS()
        let store = try await Store.open(settings, clock: clock, logger: Logger(label: "rapport.storage")) { items, microseconds in
            metrics.commitBatchSize.observe(Double(items))
            metrics.commitTime.observe(Double(microseconds) / 1_000_000)
        }
        let bootstrap: Bootstrap?
        do {
            bootstrap = try await store.database.write { tx in try tx.bootstrap(chosenKey: settings.firstAPIKey) }
        } catch let failure as Bootstrap.Failure {
            throw SettingsError(.apiKey, "\(failure)")
        }
        let messaging = try await messaging(settings, store, clock, registry, metrics)
        let orchestrator = messaging.orchestrator
        let confirmation = whatsAppConfirmation(messaging.transports)
        let receipts = EventIntake(
            database: store.database, cipher: store.cipher, orchestrator: orchestrator, bounces: settings.inbound.policy)
        let privacy = privacy(settings, store, clock, orchestrator, metrics)
        let http = SafeHTTP(eventLoopGroup: outgoingLoops)
        var web = webParts(
            settings, store, clock, registry, metrics, messaging, receipts,
            replies: replyIntake(settings, confirmation, store, clock, orchestrator))
        web.accessLog = privacy.accessLog
        web.erasures = privacy.erasures
        web.oidc = settings.access.oidc.map { OIDCProvider($0, http: http, clock: clock) }
        addMailWebhooks(to: &web, settings, store, SNSVerifier(http: http, clock: clock))
        let events = EventDispatcher(
            database: store.database, cipher: store.cipher, clock: clock, http: http,
            allowsPrivateNetworks: settings.allowsPrivateWebhooks, timing: eventTiming(settings), logger: Logger(label: "rapport.events"),
            metrics: metrics)
        return Assembly(
            settings: settings, store: store, clock: clock, logger: Logger(label: "rapport"), registry: registry, metrics: metrics,
            engine: messaging.engine, orchestrator: orchestrator, web: web, events: events, privacy: privacy,
            clients: [http] + messaging.clients, confirmation: confirmation, receipts: receipts,
            inbound: try inboundMail(settings, store, receipts, orchestrator, tls), caches: messaging.caches, mail: messaging.mail,
            bootstrap: bootstrap, tls: tls)
    }

    /// Runs until SIGTERM or SIGINT, then stops in reverse order: HTTP, the engine with what it has begun, the sampler.
    func run(onListening: @escaping @Sendable (_ port: Int) async -> Void) async throws {
        let server = try Server.application(
            web, host: settings.host, port: settings.port, group: Self.webLoops, logger: Logger(label: "rapport.web"), tls: tls,
            onListening: onListening)
        let sampler = MetricsSampler(database: store.database, metrics: metrics, mail: mail, engine: engine, registry: registry)
        let purge = IdempotencyPurge(database: store.database, logger: Logger(label: "rapport.web"))
        let sweep = ReceiptSweep(intake: receipts, clock: clock, logger: Logger(label: "rapport.receipts"))
        let sealer = LedgerSealer(database: store.database, logger: Logger(label: "rapport.ledger"))
        // Before anything can begin: from here on an opt-out on another instance waits for this one.
        store.database.peers.join()
        let deadline = StopDeadline {
            Console.complain("the stop took too long and was cut short; what was begun is taken over by the next start")
            _exit(EXIT_FAILURE)
        }
        // In the order of their start; they stop the other way round.
        var services: [any Service] = [sampler, sealer, purge, sweep, web.keyRotator]
        services += [privacy.purge, privacy.erasures, privacy.accessLog] as [any Service]
        services += Self.accountServices(web)
        services += accessServices()
        services += [web.whatsAppTemplates as (any Service)?, confirmation, inbound].compactMap(\.self)
        services += [engine, events, server, deadline]
        var configuration = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        // The engine's own deadline for begun attempts is shorter. The group's limit for the cancellation would be a trap; the
        // deadline above ends the process instead.
        configuration.maximumGracefulShutdownDuration = .seconds(8)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            await closeClients()
            throw error
        }
        await closeClients()
    }

    private func closeClients() async {
        for client in clients { await client.shutdown() }
        await caches.redis?.shutdown()
    }
}
