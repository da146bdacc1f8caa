import Communications
import Core
import Observability
import Storage
import Web

extension Assembly {
    /// What the server is built from; what belongs to privacy, OIDC and the providers of mail comes behind it.
    static func webParts(
        _ settings: Settings, _ store: Store, _ clock: WallClock, _ registry: MetricsRegistry, _ metrics: EngineMetrics,
        _ messaging: MessagingParts, _ receipts: EventIntake, replies: ReplyIntake
    ) -> WebParts {
        let zones = messaging.zones
        var web = WebParts(
            database: store.database, cipher: store.cipher, clock: clock, keys: APIKeyCache(database: store.database, clock: clock),
            orchestrator: messaging.orchestrator, isTimeZone: { zones.zone(named: $0) != nil },
            readiness: readiness(store, messaging.engine, cacheCheck(messaging.caches, isEnabled: settings.cache.isEnabled)),
            metrics: { registry.render() }, baseURL: settings.baseURL, preferences: messaging.preferences, cache: messaging.caches.cache,
            isCachingEnabled: settings.cache.isEnabled, replies: replies, receipts: receipts, webhookKeys: settings.webhookKeys,
            http: metrics.http, allowsPrivateWebhooks: settings.allowsPrivateWebhooks, links: messaging.links,
            keySource: Store.keySource(settings))
        settings.access.apply(to: &web)
        web.whatsAppTemplates = templateSync(messaging.transports, store, clock, messaging.whatsApp)
        web.staffMail = StaffMail(transport: messaging.transports[.email], clock: clock)
        return web
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
}
