import Communications
import Core
import Logging
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
    /// How often callers may call.
    public var rates = RequestRates()
    /// Whose word about where requests come from is believed.
    public var proxies = TrustedProxies.none
    /// Whom to tell of weaknesses, as it stands in security.txt; nil: there is none.
    public var securityContact: String?
    /// With whose accounts people may sign in; nil: only with their own.
    public var oidc: OIDCProvider?
    /// Asks the WhatsApp account for its templates; nil while none is configured.
    public var whatsAppTemplates: WhatsAppTemplateSync?
    /// Makes and checks passwords.
    public var hasher: PasswordHasher
    /// Who is signed in to the pages.
    public var sessions: SessionStore
    /// Where looks at clients are written down; has to run as a service.
    public var accessLog: AccessLog
    public var erasures: Erasures
    /// Rotates the encryption keys.
    public var keyRotator: KeyRotator

    /// Makes and checks access tokens.
    public var tokens: AccessTokens { AccessTokens(database: database, cipher: cipher, clock: clock, baseURL: baseURL) }

    /// Letters to the people who work with the product.
    public var staffMail: StaffMail {
        didSet { passwordResets = PasswordResets(database: database, cipher: cipher, mail: staffMail, baseURL: baseURL) }
    }
    /// Runs beside the server.
    public private(set) var passwordResets: PasswordResets

    var memberActions: MemberActions {
        MemberActions(database: database, mail: staffMail, resets: passwordResets, baseURL: baseURL)
    }

    /// Checks passwords and codes.
    public var signIn: SignIn { SignIn(database: database, cipher: cipher, clock: clock, hasher: hasher) }
    /// Reads the addresses that our mail returns to; nil where it returns to its sender.
    public var returnAddresses: ReturnAddresses?
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
        http: HTTPMetrics = HTTPMetrics(registry: MetricsRegistry()), allowsPrivateWebhooks: Bool = false,
        hasher: PasswordHasher = PasswordHasher(),
        links: LinkIssuer? = nil, keySource: KeySource = .setting
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
        self.hasher = hasher
        staffMail = StaffMail(transport: nil, clock: clock)
        passwordResets = PasswordResets(database: database, cipher: cipher, mail: staffMail, baseURL: baseURL)
        sessions = SessionStore(database: database, keys: keys, clock: clock, secure: baseURL.hasPrefix("https:"))
        self.links = links ?? LinkIssuer(signer: LinkSigner(cipher: cipher, baseURL: baseURL))
        let logger = Logger(label: "rapport.privacy")
        accessLog = AccessLog(database: database, clock: clock, logger: logger)
        erasures = Erasures(database: database, orchestrator: orchestrator, logger: logger)
        keyRotator = KeyRotator(
            keeper: KeyKeeper(database: database, cipher: cipher, source: keySource), database: database, clock: clock)
    }
}
