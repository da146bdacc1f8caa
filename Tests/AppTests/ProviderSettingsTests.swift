import Communications
import Core
import Observability
import Providers
import TestSupport
import Testing

@testable import App

@Suite("Settings of the providers")
struct ProviderSettingsTests {
    private static let twilio = [
        "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "hunter2", "TWILIO_FROM_NUMBER": "+14155550100", "RATE_LIMITS": "",
        "API_BASE_URL": "https://rapport.example.org",
    ]
    private static let whatsapp = [
        "WHATSAPP_PHONE_NUMBER_ID": "123456", "WHATSAPP_ACCESS_TOKEN": "hunter3", "WHATSAPP_APP_SECRET": "hunter4",
        "WHATSAPP_WEBHOOK_VERIFY_TOKEN": "hunter5", "RATE_LIMITS": "", "API_BASE_URL": "https://rapport.example.org",
    ]

    private func settings(_ base: [String: String], _ more: [String: String] = [:]) throws(SettingsError) -> Settings {
        try Settings(SettingsSource(environment: base.merging(more) { $1 }))
    }

    private func complaint(_ base: [String: String], _ more: [String: String]) -> String? {
        do {
            _ = try settings(base, more)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a whole Twilio account is understood and goes to the real address")
    func twilio() throws {
        let settings = try settings(Self.twilio)
        let twilio = try #require(settings.twilio)
        #expect(twilio.account == "AC1" && twilio.token == "hunter2" && twilio.sender == .number("+14155550100"))
        #expect(twilio.otherSenders.isEmpty && twilio.apiKey == nil && twilio.validity == nil && twilio.url == "https://api.twilio.com")
        let configuration = twilio.configuration(settings.twilioStatusCallback)
        #expect(configuration.username == "AC1" && configuration.password == "hunter2")
        #expect(configuration.statusCallback == "https://rapport.example.org/api/crm/webhooks/twilio/status")
    }

    @Test("several senders of all kinds, an API key and a validity are understood")
    func more() throws {
        let twilio = try #require(
            try settings(
                Self.twilio,
                [
                    "TWILIO_FROM_NUMBER": "+14155550100, 12345 ,Rapport,MG0123456789abcdef0123456789abcdef", "TWILIO_API_KEY_SID": "SK1",
                    "TWILIO_API_KEY_SECRET": "s", "TWILIO_VALIDITY_PERIOD": "600",
                ]
            ).twilio)
        #expect(twilio.sender == .number("+14155550100"))
        #expect(twilio.otherSenders == [.shortCode("12345"), .alphanumeric("Rapport"), .service("MG0123456789abcdef0123456789abcdef")])
        let configuration = twilio.configuration(nil)
        #expect(configuration.accountSID == "AC1" && configuration.username == "SK1" && configuration.password == "s")
        #expect(configuration.validity == 600)
        #expect(twilio.senderList == "+14155550100, 12345, Rapport, MG0123456789abcdef0123456789abcdef")
    }

    @Test(
        "a wrong value stops the start and is named",
        arguments: [
            (["TWILIO_ACCOUNT_SID": "X1"], "TWILIO_ACCOUNT_SID: "), (["TWILIO_ACCOUNT_SID": "AC1/../x"], "TWILIO_ACCOUNT_SID: "),
            (["TWILIO_FROM_NUMBER": "4155550100"], "TWILIO_FROM_NUMBER: "),
            (["TWILIO_FROM_NUMBER": "+1415,,+1416"], "TWILIO_FROM_NUMBER: "),
            (["TWILIO_FROM_NUMBER": "+14155550100,+14155550100"], "TWILIO_FROM_NUMBER: +14155550100 stands there twice"),
            (["TWILIO_API_KEY_SID": "SK1"], "TWILIO_API_KEY_SECRET: is missing"),
            (["TWILIO_API_KEY_SID": "AC1", "TWILIO_API_KEY_SECRET": "hunter9"], "TWILIO_API_KEY_SID: "),
            (["TWILIO_VALIDITY_PERIOD": "0"], "TWILIO_VALIDITY_PERIOD: "),
            (["TWILIO_VALIDITY_PERIOD": "36001"], "TWILIO_VALIDITY_PERIOD: "),
            (["TWILIO_API_URL": "ftp://x"], "TWILIO_API_URL: "),
            (["TWILIO_API_URL": "https://u:hunter8@x"], "TWILIO_API_URL: the address must not hold a user name"),
            (["TWILIO_AUTH_TOKEN": ""], "TWILIO_AUTH_TOKEN: is missing"),
        ])
    func wrongTwilio(more: [String: String], start: String) {
        let line = complaint(Self.twilio, more)
        #expect(line?.hasPrefix(start) == true, "\(line ?? "no complaint")")
        #expect(line?.contains("hunter") == false)
    }

    @Test("a WhatsApp number is understood and goes to the real address")
    func whatsapp() throws {
        let whatsapp = try #require(try settings(Self.whatsapp, ["WHATSAPP_BUSINESS_ACCOUNT_ID": "77"]).whatsapp)
        #expect(whatsapp.phoneNumberID == "123456" && whatsapp.businessAccountID == "77" && whatsapp.appSecret == "hunter4")
        #expect(whatsapp.verifyToken == "hunter5")
        #expect(whatsapp.configuration.url == "https://graph.facebook.com/v25.0")
    }

    @Test(
        "a wrong value of WhatsApp's stops the start and is named",
        arguments: [
            (["WHATSAPP_PHONE_NUMBER_ID": "+1415"], "WHATSAPP_PHONE_NUMBER_ID: "),
            (["WHATSAPP_PHONE_NUMBER_ID": "1/messages"], "WHATSAPP_PHONE_NUMBER_ID: "),
            (["WHATSAPP_BUSINESS_ACCOUNT_ID": "x"], "WHATSAPP_BUSINESS_ACCOUNT_ID: "),
            (["WHATSAPP_ACCESS_TOKEN": "hunter 3"], "WHATSAPP_ACCESS_TOKEN: "),
            (["WHATSAPP_APP_SECRET": ""], "WHATSAPP_APP_SECRET: is missing"),
        ])
    func wrongWhatsApp(more: [String: String], start: String) {
        let line = complaint(Self.whatsapp, more)
        #expect(line?.hasPrefix(start) == true, "\(line ?? "no complaint")")
        #expect(line?.contains("hunter") == false)
    }

    @Test("keys that lead nowhere are pointed out")
    func alone() {
        #expect(complaint([:], ["TWILIO_VALIDITY_PERIOD": "5"])?.hasPrefix("TWILIO_VALIDITY_PERIOD: is set, but") == true)
        #expect(complaint([:], ["WHATSAPP_BUSINESS_ACCOUNT_ID": "5"])?.hasPrefix("WHATSAPP_BUSINESS_ACCOUNT_ID: is set, but") == true)
    }

    @Test(
        "Twilio itself is given no address that it can not reach; an emulator is",
        arguments: [
            ("http://localhost:8080", false), ("http://127.0.0.1:8080", false), ("http://192.168.1.5", false), ("http://rapport", false),
            ("https://rapport.example.org", true), ("https://my_host.example.org", false), ("http://8.8.8.8:8080", true),
        ])
    func statusCallback(baseURL: String, isGiven: Bool) throws {
        let real = try settings(Self.twilio, ["API_BASE_URL": baseURL])
        #expect((real.twilioStatusCallback != nil) == isGiven)
        let emulated = try settings(Self.twilio, ["API_BASE_URL": baseURL, "TWILIO_API_URL": "http://127.0.0.1:9"])
        #expect(emulated.twilioStatusCallback == baseURL + "/api/crm/webhooks/twilio/status")
    }

    @Test("channels with a provider leave the sandbox, the others stay")
    func assembly() async throws {
        let folder = try TemporaryFolder()
        let settings = try settings(Self.twilio, ["DATABASE_URL": "sqlite:\(folder.path)/rapport.sqlite"])
        var transports: [Core.Channel: any Transport] = [:]
        var clients = Assembly.addProviders(to: &transports, settings, .system)
        #expect(clients.count == 1)
        #expect(transports.keys.sorted { $0.rawValue < $1.rawValue } == [.sms])
        #expect(transports[.sms]?.provider == "twilio" && transports[.sms]?.isSandbox == false)
        #expect(transports[.sms]?.senders == ["+14155550100"])
        clients += Assembly.addProviders(to: &transports, try self.settings(Self.whatsapp), .system)
        #expect(transports[.whatsapp]?.provider == "whatsapp")
        #expect(Assembly.addProviders(to: &transports, try self.settings([:]), .system).isEmpty)
        for client in clients { await client.shutdown() }
    }

    @Test("the start line names the providers and shows no secret")
    func greeting() throws {
        let text = Serve.greeting(try settings(Self.twilio, Self.whatsapp), port: 8080, database: "x")
        #expect(text.contains("SMS        Twilio from +14155550100\n"))
        #expect(text.contains("WhatsApp   number 123456\n"))
        #expect(!text.contains("hunter"))
    }

    @Test("the doctor says whether the providers let us in, and that nobody reaches us")
    func doctor() async throws {
        let server = try await RawServer { request, _ in
            if request.hasPrefix("GET /2010-04-01/Accounts/AC1.json ") { return RawServer.http("200 OK", #"{"status":"active"}"#) }
            return RawServer.http("401 Unauthorized", #"{"error":{"code":190,"message":"expired"}}"#)
        }
        let urls = ["TWILIO_API_URL": server.url, "WHATSAPP_API_URL": server.url]
        let findings = await ProviderChecks(settings: try settings(Self.twilio.merging(Self.whatsapp) { $1 }, urls)).run()
        #expect(findings.map(\.verdict) == [.well, .ill, .note])
        #expect(findings[1].text.hasPrefix("WhatsApp 190: the access token has expired"))
        #expect(!findings.map(\.lines).joined().contains("hunter"))
        await server.stop()

        let sandbox = await ProviderChecks(settings: try settings([:])).run()
        #expect(sandbox.map(\.verdict) == [.note, .note])
    }
}
