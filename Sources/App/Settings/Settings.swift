import Communications
import Core
import Logging

/// Everything that the operator decides, checked.
struct Settings: Sendable {
    enum Database: Sendable, Equatable {
        case sqlite(path: String)
        case postgresql(url: String)
    }

    var host: String
    var port: Int
    /// Public address without a slash at its end.
    var baseURL: String
    var database: Database
    var cache: Cache
    var mail: MailSettings?
    var twilio: Twilio?
    /// Who answers the keywords that Twilio acts on by itself.
    var optOutReplies: OptOutReplies
    var whatsapp: WhatsApp?
    /// What one part of an SMS costs; nil: dry runs name no price.
    var smsPrices: SMSPrices?
    /// The text of the key ring; nil means the file beside the SQLite database.
    var encryptionKey: String?
    /// Whether new content is sealed.
    var encryptsContent: Bool
    var firstAPIKey: String?
    var rateLimits: [RateLimit]
    var logLevel: Logger.Level
    var allowsPrivateWebhooks: Bool
    var inbound: InboundMailSettings
    var linkLifetimeDays: Int
    var retention: RetentionRules
    var access: Access

    init(_ source: SettingsSource) throws(SettingsError) {
        host = try source.text(.host) ?? "127.0.0.1"
        port = try source.integer(.port, 0...65535) ?? 8080
        let scheme = try source.text(.tlsCertificate) == nil ? "http" : "https"
        baseURL = try source.url(.baseURL, schemes: ["http", "https"]) ?? "\(scheme)://localhost:\(port)"
        database = try Self.database(source)
        cache = try Cache(source)
        mail = try MailSettings(source)
        twilio = try Self.twilio(source)
        optOutReplies = try source.choice(.twilioOptOutReplies, OptOutReplies.self) ?? .twilio
        whatsapp = try Self.whatsapp(source)
        smsPrices = try Self.smsPrices(source)
        encryptionKey = try source.text(.encryptionKey)
        encryptsContent = try source.flag(.encryptContent) ?? true
        firstAPIKey = try source.text(.apiKey)
        rateLimits = try RateLimit.list(source, hasWhatsApp: whatsapp != nil, hasSMS: twilio != nil)
        logLevel = try source.choice(.logLevel, Logger.Level.self) ?? .info
        allowsPrivateWebhooks = try source.flag(.allowPrivateWebhooks) ?? false
        inbound = try InboundMailSettings(source)
        linkLifetimeDays = try source.integer(.linkLifetime, 1...3650) ?? LinkIssuer.standardLifetimeDays
        retention = try source.retention()
        access = try Access(source, baseURL: baseURL)
        if case .postgresql = database, encryptionKey == nil {
            throw SettingsError(.encryptionKey, "is required with PostgreSQL; make one with: openssl rand -base64 32")
        }
        if let firstAPIKey, firstAPIKey.utf8.count < 32 {
            throw SettingsError(.apiKey, "must have 32 characters or more; make one with: openssl rand -hex 32")
        }
    }

    private static func database(_ source: SettingsSource) throws(SettingsError) -> Database {
        let text = try source.text(.databaseURL) ?? "sqlite:data/rapport.sqlite"
        if text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") { return .postgresql(url: text) }
        guard text.hasPrefix("sqlite:") else {
            throw SettingsError(.databaseURL, "must begin with sqlite: or postgresql://")
        }
        var path = text.dropFirst("sqlite:".count)
        // Both sqlite:///absolute and sqlite:/absolute are in use.
        if path.hasPrefix("///") { path = path.dropFirst(2) }
        guard !path.isEmpty, !path.hasPrefix("//"), path != ":memory:", !path.hasSuffix("/") else {
            throw SettingsError(.databaseURL, "sqlite: must be followed by the path of a file")
        }
        return .sqlite(path: String(path))
    }

    private static func twilio(_ source: SettingsSource) throws(SettingsError) -> Twilio? {
        try Twilio(source)
    }

    private static func whatsapp(_ source: SettingsSource) throws(SettingsError) -> WhatsApp? {
        try WhatsApp(source)
    }

    private static func smsPrices(_ source: SettingsSource) throws(SettingsError) -> SMSPrices? {
        guard let text = try source.text(.smsPrices) else { return nil }
        guard let prices = SMSPrices(String(text.filter { $0 != " " })) else {
            throw SettingsError(.smsPrices, "must be of the form USD:default=0.01,1=0.0079,49=0.075")
        }
        return prices
    }
}

extension SettingsSource {
    /// The values of keys that only make sense together; nil when none of them is set.
    func together(_ settings: [Setting]) throws(SettingsError) -> [String]? {
        var values: [String] = []
        var missing: Setting?
        for setting in settings {
            if let value = try text(setting) { values.append(value) } else if missing == nil { missing = setting }
        }
        guard let missing else { return values }
        guard !values.isEmpty else { return nil }
        let others = settings.filter { $0 != missing }.map(\.rawValue).joined(separator: ", ")
        throw SettingsError(missing, "is missing; it belongs to \(others)")
    }
}
