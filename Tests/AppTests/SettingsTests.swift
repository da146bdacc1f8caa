import Core
import Foundation
import Logging
import RESP
import Testing

@testable import App

@Suite("Settings")
struct SettingsTests {
    private func settings(_ environment: [String: String], file: String? = nil) throws -> Settings {
        try Settings(SettingsSource(environment: environment, file: file.map { ("rapport.conf", $0) }))
    }

    /// The line that stops the start.
    private func complaint(_ environment: [String: String], file: String? = nil) -> String? {
        do throws(SettingsError) {
            let source = try SettingsSource(environment: environment, file: file.map { ("rapport.conf", $0) })
            _ = try Settings(source)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("with nothing set the documented defaults hold")
    func defaults() throws {
        let settings = try settings(["PATH": "/bin", "SMTP_HOST": " "])
        #expect(settings.host == "127.0.0.1" && settings.port == 8080)
        #expect(settings.baseURL == "http://localhost:8080")
        #expect(settings.database == .sqlite(path: "data/rapport.sqlite"))
        #expect(settings.cache == Settings.Cache())
        #expect(settings.mail == nil && settings.twilio == nil && settings.whatsapp == nil)
        #expect(settings.rateLimits.isEmpty && settings.logLevel == .info && !settings.allowsPrivateWebhooks)
    }

    @Test("events go to private networks only where the operator says so")
    func privateWebhooks() throws {
        #expect(try settings(["WEBHOOK_ALLOW_PRIVATE_NETWORKS": "true"]).allowsPrivateWebhooks)
        #expect(try !settings(["WEBHOOK_ALLOW_PRIVATE_NETWORKS": "false"]).allowsPrivateWebhooks)
        #expect(complaint(["WEBHOOK_ALLOW_PRIVATE_NETWORKS": "maybe"])?.hasPrefix("WEBHOOK_ALLOW_PRIVATE_NETWORKS") == true)
    }

    @Test("the environment wins over the file, the file over the defaults")
    func precedence() throws {
        let file = """
            # comment
            PORT = 9000
            HOST="0.0.0.0"

            LOG_LEVEL='debug'
            """
        let settings = try settings(["PORT": "9100"], file: file)
        #expect(settings.port == 9100 && settings.host == "0.0.0.0" && settings.logLevel == .debug)
        #expect(settings.baseURL == "http://localhost:9100")
    }

    @Test(
        "a wrong file stops the start and names the line",
        arguments: [
            ("PORT=1\nPROT=2", "rapport.conf, line 2: PROT is no key that this program knows"),
            ("PORT=1\nPORT=2", "rapport.conf, line 2: PORT stands there twice"),
            ("PORT", "rapport.conf, line 1: expected KEY=VALUE"),
            ("HOST=\"a", "rapport.conf, line 1: HOST: the quote is not closed"),
        ])
    func file(text: String, line: String) {
        #expect(complaint([:], file: text) == line)
    }

    @Test(
        "a wrong value stops the start with one line that names the key",
        arguments: [
            (["PORT": "http"], "PORT: must be a number from 0 to 65535, not 'http'"),
            (["PORT": "65536"], "PORT: must be a number from 0 to 65535, not '65536'"),
            (["PORT": "99999999999999999999"], "PORT: must be a number from 0 to 65535, not '99999999999999999999'"),
            (["ENABLE_CACHING": "maybe"], "ENABLE_CACHING: must be true or false, not 'maybe'"),
            (["API_BASE_URL": "example.org"], "API_BASE_URL: must be an address http://… or https://… without a query, not 'example.org'"),
            (["API_BASE_URL": "https://ada:secret@example.org"], "API_BASE_URL: the address must not hold a user name"),
            (["API_BASE_URL": "https://"], "API_BASE_URL: must be an address http://… or https://… without a query, not 'https:'"),
            (["DATABASE_URL": "mysql://u:p@h/d"], "DATABASE_URL: must begin with sqlite: or postgresql://"),
            (["DATABASE_URL": "sqlite::memory:"], "DATABASE_URL: sqlite: must be followed by the path of a file"),
            (
                ["DATABASE_URL": "postgresql://u:secret@h/d"],
                "DB_ENCRYPTION_KEY: is required with PostgreSQL; make one with: openssl rand -base64 32"
            ),
            (["RAPPORT_API_KEY": "short"], "RAPPORT_API_KEY: must have 32 characters or more; make one with: openssl rand -hex 32"),
            (["LOG_LEVEL": "loud"], "LOG_LEVEL: must be one of trace, debug, info, notice, warning, error, critical, not 'loud'"),
            (["HOST": "a\r\nb"], "HOST: holds a control character"),
            (["RATE_LIMITS": "email=100"], "RATE_LIMITS: 'email=100' is not of the form email=100/3600 (email, sms or whatsapp)"),
            (["SMS_SEGMENT_PRICES": "0.01"], "SMS_SEGMENT_PRICES: must be of the form USD:default=0.01,1=0.0079,49=0.075"),
            (["RATE_LIMITS": "email=1/1,email=2/2"], "RATE_LIMITS: email stands there twice"),
        ])
    func values(environment: [String: String], line: String) {
        #expect(complaint(environment) == line)
    }

    @Test(
        "mail settings that contradict each other stop the start",
        arguments: [
            (["SMTP_USERNAME": "u"], "SMTP_USERNAME: is set, but SMTP_HOST is not"),
            (["SMTP_HOST": "h"], "SMTP_FROM_EMAIL: is required with SMTP_HOST"),
            (["SMTP_HOST": "smtp://h", "SMTP_FROM_EMAIL": "a@b"], "SMTP_HOST: must be a host name without scheme or path, not 'smtp://h'"),
            (["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b", "SMTP_USERNAME": "u"], "SMTP_PASSWORD: is missing; it belongs to SMTP_USERNAME"),
            (["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b,c@d"], "SMTP_FROM_EMAIL: must be one plain address, not 'a@b,c@d'"),
            (
                ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b", "SMTP_PORT": "465"],
                "SMTP_TLS: port 465 speaks TLS from its first byte; set implicit"
            ),
            (
                ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b", "SMTP_PORT": "587", "SMTP_TLS": "implicit"],
                "SMTP_TLS: port 587 begins in clear; set starttls"
            ),
            (
                ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b", "SMTP_TLS": "ssl"],
                "SMTP_TLS: must be one of starttls, implicit, none, not 'ssl'"
            ),
            (
                ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b", "DKIM_DOMAIN": "b"],
                "DKIM_SELECTOR: is missing; it belongs to DKIM_DOMAIN, DKIM_PRIVATE_KEY_FILE"
            ),
        ])
    func mail(environment: [String: String], line: String) {
        #expect(complaint(environment) == line)
    }

    @Test("a whole mail account is understood, and implicit TLS has its own port")
    func mailAccount() throws {
        let mail = try #require(
            try settings([
                "SMTP_HOST": "mail.example.org", "SMTP_TLS": "IMPLICIT", "SMTP_USERNAME": "ada", "SMTP_PASSWORD": "p w",
                "SMTP_FROM_EMAIL": "ada@example.org", "SMTP_FROM_NAME": "Ada & Co", "SMTP_MAX_CONNECTIONS": "3",
            ]).mail)
        #expect(mail.port == 465 && mail.tls == .implicit && mail.username == "ada" && mail.password == "p w")
        #expect(mail.fromEmail == "ada@example.org" && mail.fromName == "Ada & Co" && mail.maxConnections == 3 && mail.dkim == nil)
    }

    @Test("prices of text messages are understood, with spaces too")
    func prices() throws {
        let prices = try #require(try settings(["SMS_SEGMENT_PRICES": "USD: default=0.01, 1=0.0079"]).smsPrices)
        #expect(prices.cost(segments: 1, to: "+14155550100") == "0.0079" && prices.cost(segments: 1, to: "+4930") == "0.01")
        #expect(try settings([:]).smsPrices == nil)
    }

    @Test("real providers bring their usual limits; an empty value takes them away")
    func limits() throws {
        let twilio = ["TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM_NUMBER": "+14155550100"]
        #expect(try settings(twilio).rateLimits == [RateLimit(channel: "sms", messages: 1, seconds: 1)])
        #expect(try settings(twilio.merging(["RATE_LIMITS": ""]) { $1 }).rateLimits.isEmpty)
        #expect(
            try settings(["RATE_LIMITS": "email=100/3600, sms=2/1"]).rateLimits == [
                RateLimit(channel: "email", messages: 100, seconds: 3600), RateLimit(channel: "sms", messages: 2, seconds: 1),
            ])
    }

    @Test("the limits reach the engine by channel, and the sandbox has none unless they name it")
    func rates() throws {
        #expect(RateLimit.rates(try settings([:]).rateLimits).isEmpty)
        #expect(
            RateLimit.rates(try settings(["RATE_LIMITS": "email=1000000000/31536000, sms=2/1"]).rateLimits) == [
                .email: MessageRate(messages: 1_000_000_000, seconds: 31_536_000), .sms: MessageRate(messages: 2, seconds: 1),
            ])
    }

    @Test("Redis is read with its database, its pool and its authority; what makes no sense stops the start")
    func redis() throws {
        let folder = try TemporaryFolder()
        try "-----BEGIN CERTIFICATE-----".write(toFile: folder.path + "/ca.pem", atomically: true, encoding: .utf8)
        let cache = try Settings(
            SettingsSource(environment: [
                "REDIS_URL": "rediss://me:hunter2@cache.example.org/3", "REDIS_MAX_CONNECTIONS": "20",
                "REDIS_CA_FILE": folder.path + "/ca.pem", "CACHE_TTL": "60",
            ])
        ).cache
        #expect(cache.redis?.name == "Redis (cache.example.org:6379/3, TLS)")
        #expect(cache.redis?.maxConnections == 20)
        #expect(cache.redis?.trustRoots == .systemAnd(pem: "-----BEGIN CERTIFICATE-----"))
        #expect(cache.seconds == 60)
        #expect(try Settings(SettingsSource(environment: ["REDIS_URL": "redis://h"])).cache.redis?.maxConnections == 10)

        #expect(complaint(["REDIS_URL": "http://hunter2"]) == "REDIS_URL: must begin with redis:// or rediss://")
        #expect(complaint(["REDIS_MAX_CONNECTIONS": "5"]) == "REDIS_MAX_CONNECTIONS: is set, but REDIS_URL is not")
        #expect(complaint(["REDIS_URL": "redis://h", "REDIS_MAX_CONNECTIONS": "0"])?.hasPrefix("REDIS_MAX_CONNECTIONS: ") == true)
        #expect(complaint(["REDIS_URL": "redis://h", "REDIS_CA_FILE": folder.path + "/ca.pem"])?.hasPrefix("REDIS_CA_FILE: ") == true)
        #expect(complaint(["REDIS_URL": "rediss://h", "REDIS_CA_FILE": folder.path + "/no.pem"])?.hasPrefix("REDIS_CA_FILE: ") == true)
    }

    @Test("no complaint ever shows the value of a secret", arguments: Setting.allCases.filter(\.isSecret))
    func secrets(setting: Setting) {
        for value in ["hunter2", "mysql://hunter2", "hunter2\u{7}", "redis:hunter2", "redis://:hunter2@h:x", "redis://hunter2:hunter2@"] {
            let line = complaint([setting.rawValue: value, "SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@b"])
            #expect(line?.contains("hunter2") != true)
        }
    }

    @Test("paths and addresses of databases are understood")
    func databases() throws {
        #expect(try settings(["DATABASE_URL": "sqlite:///var/lib/r.sqlite"]).database == .sqlite(path: "/var/lib/r.sqlite"))
        #expect(try settings(["DATABASE_URL": "sqlite:/var/r.sqlite"]).database == .sqlite(path: "/var/r.sqlite"))
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        #expect(
            try settings(["DATABASE_URL": "postgres://h/d", "DB_ENCRYPTION_KEY": key]).database == .postgresql(url: "postgres://h/d"))
    }
}
