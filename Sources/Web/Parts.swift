import Communications
import Core
import Observability
import Storage

/// What the server is built from.
public struct WebParts: Sendable {
    public var database: Database
    public var cipher: Cipher
    public var clock: WallClock
    public var keys: APIKeyCache
    public var orchestrator: Orchestrator
    public var replies: ReplyIntake
    public var receipts: EventIntake
    /// By what the providers' webhooks are known to be theirs.
    public var webhookKeys: WebhookKeys
    /// Preferences for reading.
    public var preferences: PreferencesCache
    /// Preferences for writing.
    public var preferencesIntake: PreferencesIntake
    public var consent: ConsentDesk
    /// Nil: nothing is cached.
    public var cache: (any Cache)?
    /// Whether the operator wants a cache.
    public var isCachingEnabled: Bool
    /// Whether a time zone of this name exists.
    public var isTimeZone: @Sendable (String) -> Bool
    public var readiness: Readiness
    /// The metrics as Prometheus text.
    public var metrics: @Sendable () async -> [UInt8]
    /// Where requests are counted.
    public var http: HTTPMetrics
    /// The public address (`API_BASE_URL`), without a slash at the end.
    public var baseURL: String
    /// Whether businesses may have their events sent to private networks and without encryption (`WEBHOOK_ALLOW_PRIVATE_NETWORKS`).
    public var allowsPrivateWebhooks: Bool
    /// Asks the WhatsApp account for its templates; nil while none is configured.
    public var whatsAppTemplates: WhatsAppTemplateSync?
    /// The links that clients come by.
    public var links: LinkIssuer

    /// - Parameters:
    ///   - replies: nil takes replies as an account of Twilio's is set up unless told otherwise.
    ///   - links: nil makes links that last as long as they do by default.
    public init(
        database: Database, cipher: Cipher, clock: WallClock, keys: APIKeyCache, orchestrator: Orchestrator,
        isTimeZone: @escaping @Sendable (String) -> Bool, readiness: Readiness, metrics: @escaping @Sendable () async -> [UInt8],
        baseURL: String, preferences: PreferencesCache, cache: (any Cache)? = nil, isCachingEnabled: Bool = true,
        replies: ReplyIntake? = nil, receipts: EventIntake? = nil, webhookKeys: WebhookKeys = WebhookKeys(),
        http: HTTPMetrics = HTTPMetrics(registry: MetricsRegistry()), allowsPrivateWebhooks: Bool = false, links: LinkIssuer? = nil
    ) {
        self.database = database
        self.cipher = cipher
        self.clock = clock
        self.keys = keys
        self.orchestrator = orchestrator
        self.replies = replies ?? ReplyIntake(database: database, cipher: cipher, clock: clock, orchestrator: orchestrator)
        self.receipts = receipts ?? EventIntake(database: database, cipher: cipher, orchestrator: orchestrator)
        self.webhookKeys = webhookKeys
        self.preferences = preferences
        preferencesIntake = PreferencesIntake(database: database, orchestrator: orchestrator)
        consent = ConsentDesk(
            database: database, directory: orchestrator.directory, orchestrator: orchestrator,
            links: LinkSigner(cipher: cipher, baseURL: baseURL), cipher: cipher)
        self.cache = cache
        self.isCachingEnabled = isCachingEnabled
        self.isTimeZone = isTimeZone
        self.readiness = readiness
        self.metrics = metrics
        self.baseURL = baseURL
        self.http = http
        self.allowsPrivateWebhooks = allowsPrivateWebhooks
        self.links = links ?? LinkIssuer(signer: LinkSigner(cipher: cipher, baseURL: baseURL))
    }
}

extension APIKeyCache {
    /// Keys as `database` holds them.
    public convenience init(database: Database, clock: WallClock) {
        self.init(clock: clock) { hash in
            guard let key = try await database.read({ tx in try tx.validAPIKey(hash: hash) }) else { return nil }
            return Credential(
                business: key.business, actor: Actor(.key, id: key.id.description, name: key.name), permissions: key.role.permissions,
                expiresAt: key.expiresAt)
        }
    }
}
