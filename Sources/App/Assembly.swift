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

    /// One loop for mail, so that its connections need no locks; two for HTTP, which has the more to do.
    private static let mailLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// One loop for requests to others.
    private static let outgoingLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private static let webLoops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

    /// Opens the store and builds everything; nothing runs yet.
    static func build(_ settings: Settings, registry: MetricsRegistry, clock: WallClock = .system) async throws -> Assembly {
        let logger = Logger(label: "rapport")
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
        let (transports, mail, providerClients) = try makeTransports(settings, store, clock)
        var timing = DeliveryTiming()
        timing.usesStoreClock = true
        let engine = DeliveryEngine(
            database: store.database, addresses: addresses, clock: clock, transports: transports, composer: composer, zones: zones,
            directory: directory, timing: timing, rates: RateLimit.rates(settings.rateLimits), sharedUsage: caches.sharedUsage,
            preferences: preferences, bounces: settings.inbound.policy, logger: Logger(label: "rapport.delivery"), metrics: metrics)
        let orchestrator = Orchestrator(
            database: store.database, clock: clock, directory: directory, templates: templates, addresses: addresses, zones: zones,
            engine: engine, preferences: preferences, smsPrices: settings.smsPrices)
        let confirmation = whatsAppConfirmation(transports)
        let replies = replyIntake(settings, confirmation, store, clock, orchestrator)
        let receipts = EventIntake(
            database: store.database, cipher: store.cipher, orchestrator: orchestrator, bounces: settings.inbound.policy)
        var web = WebParts(
            database: store.database, cipher: store.cipher, clock: clock, keys: APIKeyCache(database: store.database, clock: clock),
            orchestrator: orchestrator, isTimeZone: { zones.zone(named: $0) != nil },
            readiness: readiness(store, engine, cacheCheck(caches, isEnabled: settings.cache.isEnabled)),
            metrics: { registry.render() }, baseURL: settings.baseURL, preferences: preferences, cache: caches.cache,
            isCachingEnabled: settings.cache.isEnabled, replies: replies, receipts: receipts, webhookKeys: settings.webhookKeys,
            http: metrics.http, allowsPrivateWebhooks: settings.allowsPrivateWebhooks, links: links,
            keySource: Store.keySource(settings))
        settings.access.apply(to: &web)
        web.whatsAppTemplates = templateSync(transports, store, clock, whatsApp)
        web.staffMail = StaffMail(transport: transports[.email], clock: clock)
        let privacy = privacy(settings, store, clock, orchestrator, metrics)
        web.accessLog = privacy.accessLog
        web.erasures = privacy.erasures
        let http = SafeHTTP(eventLoopGroup: outgoingLoops)
        web.oidc = settings.access.oidc.map { OIDCProvider($0, http: http, clock: clock) }
        addMailWebhooks(to: &web, settings, store, SNSVerifier(http: http, clock: clock))
        let events = EventDispatcher(
            database: store.database, cipher: store.cipher, clock: clock, http: http,
            allowsPrivateNetworks: settings.allowsPrivateWebhooks, timing: eventTiming(settings), logger: Logger(label: "rapport.events"),
            metrics: metrics)
        return Assembly(
            settings: settings, store: store, clock: clock, logger: logger, registry: registry, metrics: metrics, engine: engine,
            orchestrator: orchestrator, web: web, events: events, privacy: privacy, clients: [http] + providerClients,
            confirmation: confirmation, receipts: receipts, inbound: try inboundMail(settings, store, receipts, orchestrator, tls),
            caches: caches, mail: mail, bootstrap: bootstrap, tls: tls)
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

    /// Ready means that messages are accepted durably. A channel that does not work only degrades: its messages wait.
    private static func readiness(_ store: Store, _ engine: DeliveryEngine, _ cache: Readiness.Check) -> Readiness {
        let transports = TransportHealth { await engine.checkTransport($0) }
        let database = Readiness.Check("database") {
            do {
                try await store.database.checkWritable()
                return Readiness.Finding(.ok)
            } catch {
                return Readiness.Finding(.failed, detail: (error as? DatabaseError)?.description ?? "can not be written to")
            }
        }
        let channels = engine.inFlight.keys.sorted { $0.rawValue < $1.rawValue }.map { channel in
            // A provider that hangs must not take every instance out of the load balancer: messages for it wait like any others.
            Readiness.Check(channel.rawValue, silence: .degraded) {
                // What the engine has met is worth more than what the transport says of itself.
                if let trouble = engine.laneStatus[channel]?.trouble { return Readiness.Finding(.degraded, detail: trouble) }
                guard let problem = await transports.problem(on: channel) else { return Readiness.Finding(.ok) }
                return Readiness.Finding(.degraded, detail: problem)
            }
        }
        return Readiness(checks: [database, cache] + channels)
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
