import Core
import NIOPosix
import Providers

/// Twilio and WhatsApp: can they be reached, do they let us in, can they reach us.
struct ProviderChecks: Sendable {
    let settings: Settings

    func run() async -> [Finding] {
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectionsPerHost: 2, connectTimeout: .seconds(5))
        let findings = await twilio(http) + whatsapp(http)
        await http.shutdown()
        return findings
    }

    private func twilio(_ http: SafeHTTP) async -> [Finding] {
        guard let twilio = settings.twilio else { return [.note("SMS", "no TWILIO_ACCOUNT_SID: SMS stays in the sandbox")] }
        let client = TwilioClient(http: http, configuration: twilio.configuration(nil), clock: .system)
        var findings = [
            await client.checkAccount(timeout: .seconds(10)).map {
                Finding.ill(
                    "SMS", $0, mend: "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN or the API key, and that this machine may go out")
            } ?? .well("SMS", "Twilio lets us in; messages leave from \(twilio.senderList)")
        ]
        if settings.twilioStatusCallback == nil {
            findings.append(
                .ill(
                    "SMS", "Twilio can not tell what became of messages: nobody reaches \(settings.baseURL.prefix(80))",
                    mend: "set API_BASE_URL to the public address of this server"))
        }
        return findings + inClear("SMS", twilio.url, .twilioURL)
    }

    private func whatsapp(_ http: SafeHTTP) async -> [Finding] {
        guard let whatsapp = settings.whatsapp else {
            return [.note("WhatsApp", "no WHATSAPP_PHONE_NUMBER_ID: WhatsApp stays in the sandbox")]
        }
        let client = WhatsAppClient(http: http, configuration: whatsapp.configuration, clock: .system)
        var findings = [
            await client.checkNumber(timeout: .seconds(10)).map {
                Finding.ill(
                    "WhatsApp", $0, mend: "check WHATSAPP_PHONE_NUMBER_ID and WHATSAPP_ACCESS_TOKEN, and that this machine may go out")
            } ?? .well("WhatsApp", "the number answers and the token is good")
        ]
        if whatsapp.businessAccountID == nil {
            findings.append(
                .note(
                    "WhatsApp", "templates can not be listed", "set WHATSAPP_BUSINESS_ACCOUNT_ID to have them compared with your mappings"))
        }
        if !settings.isPublic, whatsapp.url == WhatsAppConfiguration.standardURL {
            findings.append(
                .ill(
                    "WhatsApp", "WhatsApp can not tell what became of messages: nobody reaches \(settings.baseURL.prefix(80))",
                    mend: "set API_BASE_URL to the public address of this server"))
        }
        return findings + inClear("WhatsApp", whatsapp.url, .whatsappURL)
    }

    /// Credentials that travel in clear, other than inside a private network.
    private func inClear(_ subject: String, _ url: String, _ setting: Setting) -> [Finding] {
        guard url.hasPrefix("http://"), let address = try? WebAddress(url) else { return [] }
        switch address.host {
        case .name("localhost"): return []
        case .address(let literal) where NetworkAddressRule.refusal(of: literal) != nil: return []
        default: break
        }
        return [.ill(subject, "credentials travel in clear", mend: "give \(setting.rawValue) an address with https://")]
    }
}

extension Settings.Twilio {
    /// For people.
    var senderList: String { ([sender] + otherSenders).map(\.text).joined(separator: ", ") }
}
