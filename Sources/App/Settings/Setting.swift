/// Every key that the program reads, in the order of the documentation. The one list: nothing else names a key.
enum Setting: String, CaseIterable, Sendable {
    case host = "HOST"
    case port = "PORT"
    case baseURL = "API_BASE_URL"
    case databaseURL = "DATABASE_URL"
    case redisURL = "REDIS_URL"
    case redisCAFile = "REDIS_CA_FILE"
    case redisMaxConnections = "REDIS_MAX_CONNECTIONS"
    case enableCaching = "ENABLE_CACHING"
    case cacheTTL = "CACHE_TTL"
    case smtpHost = "SMTP_HOST"
    case smtpPort = "SMTP_PORT"
    case smtpUsername = "SMTP_USERNAME"
    case smtpPassword = "SMTP_PASSWORD"
    case smtpTLS = "SMTP_TLS"
    case smtpFromEmail = "SMTP_FROM_EMAIL"
    case smtpFromName = "SMTP_FROM_NAME"
    case smtpMaxConnections = "SMTP_MAX_CONNECTIONS"
    case dkimDomain = "DKIM_DOMAIN"
    case dkimSelector = "DKIM_SELECTOR"
    case dkimKeyFile = "DKIM_PRIVATE_KEY_FILE"
    case twilioAccount = "TWILIO_ACCOUNT_SID"
    case twilioToken = "TWILIO_AUTH_TOKEN"
    case twilioFrom = "TWILIO_FROM_NUMBER"
    case twilioKey = "TWILIO_API_KEY_SID"
    case twilioKeySecret = "TWILIO_API_KEY_SECRET"
    case twilioValidity = "TWILIO_VALIDITY_PERIOD"
    case twilioURL = "TWILIO_API_URL"
    case smsPrices = "SMS_SEGMENT_PRICES"
    case twilioOptOutReplies = "TWILIO_OPT_OUT_REPLIES"
    case twilioWebhookKey = "TWILIO_WEBHOOK_SHARED_KEY"
    case whatsappNumber = "WHATSAPP_PHONE_NUMBER_ID"
    case whatsappAccount = "WHATSAPP_BUSINESS_ACCOUNT_ID"
    case whatsappToken = "WHATSAPP_ACCESS_TOKEN"
    case whatsappSecret = "WHATSAPP_APP_SECRET"
    case whatsappVerifyToken = "WHATSAPP_WEBHOOK_VERIFY_TOKEN"
    case whatsappURL = "WHATSAPP_API_URL"
    case encryptionKey = "DB_ENCRYPTION_KEY"
    case apiKey = "RAPPORT_API_KEY"
    case rateLimits = "RATE_LIMITS"
    case logLevel = "LOG_LEVEL"
    case allowPrivateWebhooks = "WEBHOOK_ALLOW_PRIVATE_NETWORKS"
    case linkLifetime = "LINK_LIFETIME_DAYS"

    /// Values of these are never shown, not even in the line that says what is wrong with them.
    var isSecret: Bool {
        switch self {
        case .databaseURL, .redisURL, .smtpPassword, .twilioToken, .twilioKeySecret, .twilioWebhookKey, .whatsappToken, .whatsappSecret,
            .whatsappVerifyToken, .encryptionKey, .apiKey:
            true
        default: false
        }
    }

    /// What holds when the key is not set; for people.
    var defaultText: String {
        switch self {
        case .host: "127.0.0.1"
        case .port: "8080"
        case .baseURL: "http://localhost:PORT"
        case .databaseURL: "sqlite:data/rapport.sqlite"
        case .enableCaching: "true"
        case .cacheTTL: "3600"
        case .redisMaxConnections: "10"
        case .smtpPort: "587, with SMTP_TLS=implicit 465"
        case .smtpTLS: "starttls"
        case .smtpMaxConnections: "8"
        case .twilioURL: "https://api.twilio.com"
        case .whatsappURL: "https://graph.facebook.com/v25.0"
        case .twilioOptOutReplies: "twilio"
        case .encryptionKey: "made on first start beside the SQLite file"
        case .apiKey: "made and printed once"
        case .rateLimits: "with a real provider whatsapp=1000/86400,sms=1/1"
        case .logLevel: "info"
        case .allowPrivateWebhooks: "false"
        case .linkLifetime: "60"
        default: "none"
        }
    }

    /// What it is for, in one line.
    var purpose: String {
        switch self {
        case .host: "address to listen on"
        case .port: "port to listen on; 0 takes a free one"
        case .baseURL: "public address, used in links and signatures"
        case .databaseURL: "sqlite:PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
        case .redisURL: "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// with TLS; none means a cache inside the process"
        case .redisCAFile: "file with the certificates of a private authority (PEM), for rediss://"
        case .redisMaxConnections: "most connections to Redis at once, 1 to 200"
        case .enableCaching: "true or false"
        case .cacheTTL: "seconds for which cached records are used"
        case .smtpHost: "mail server; none means that e-mail stays in the sandbox"
        case .smtpPort: "its port"
        case .smtpUsername: "account on the mail server"
        case .smtpPassword: "its password"
        case .smtpTLS: "starttls, implicit or none"
        case .smtpFromEmail: "address that mail is sent from; required with SMTP_HOST"
        case .smtpFromName: "name that mail is sent from; else the business's name"
        case .smtpMaxConnections: "most connections to the mail server at once, 1 to 100"
        case .dkimDomain: "domain that signs outgoing mail (DKIM)"
        case .dkimSelector: "selector of its DKIM record"
        case .dkimKeyFile: "file with the private key in PEM (RSA or Ed25519)"
        case .twilioAccount: "Twilio account; none means that SMS stays in the sandbox"
        case .twilioToken: "its auth token; signs its webhooks too"
        case .twilioFrom: "what SMS leave from: number, short code, name or messaging service (MG…); several with commas"
        case .twilioKey: "API key (SK…) that logs in instead of the account's token"
        case .twilioKeySecret: "its secret"
        case .twilioValidity: "seconds for which Twilio may hold a message back, 1 to 36000; none means its own ten hours"
        case .twilioURL: "address of Twilio's API"
        case .smsPrices: "price of one part of an SMS by calling code, for dry runs: USD:default=0.01,1=0.0079"
        case .twilioOptOutReplies: "who answers STOP and START on SMS: twilio (as its numbers do) or rapport"
        case .twilioWebhookKey: "key id and secret (id:secret) of webhooks that Twilio signs with SHA-256"
        case .whatsappNumber: "id of the WhatsApp Business number; none means that WhatsApp stays in the sandbox"
        case .whatsappAccount: "WhatsApp Business account; needed for its list of templates only"
        case .whatsappToken: "its access token"
        case .whatsappSecret: "secret that signs its webhooks"
        case .whatsappVerifyToken: "word that proves the webhook's address"
        case .whatsappURL: "address of the WhatsApp API, with its version"
        case .encryptionKey: "32 bytes in base64; id:key,id:key for rotation, the first one writes; required with PostgreSQL"
        case .apiKey: "first API key, 32 characters or more"
        case .rateLimits: "messages/seconds by channel, over all instances, e.g. email=100/3600; empty means none"
        case .logLevel: "trace, debug, info, notice, warning, error or critical"
        case .linkLifetime: "days for which links to the preference centre work, 1 to 3650"
        case .allowPrivateWebhooks: "whether events may go to http:// and to private networks (development, closed networks)"
        }
    }
}
