import Providers

extension Settings {
    /// The account that SMS leave from.
    struct Twilio: Sendable, Equatable {
        struct APIKey: Sendable, Equatable {
            var sid: String
            var secret: String
        }

        var account: String
        /// Signs Twilio's webhooks, whatever logs in.
        var token: String
        var sender: TwilioSender
        var otherSenders: [TwilioSender]
        var apiKey: APIKey?
        var validity: Int?
        var url: String
        /// Secrets of webhooks in the SHA-256 form, by key id.
        var webhookKeys: [String: String]
    }

    /// The number that WhatsApp messages leave from.
    struct WhatsApp: Sendable, Equatable {
        var phoneNumberID: String
        var accessToken: String
        var appSecret: String
        var verifyToken: String
        var businessAccountID: String?
        var url: String
    }
}

extension Settings.Twilio {
    /// Nil without an account: SMS stays in the sandbox.
    init?(_ source: SettingsSource) throws(SettingsError) {
        url = try source.apiURL(.twilioURL) ?? TwilioConfiguration.standardURL
        validity = try source.integer(.twilioValidity, 1...36_000)
        webhookKeys = try Self.webhookKeys(source)
        let key = try source.together([.twilioKey, .twilioKeySecret])
        guard let all = try source.together([.twilioAccount, .twilioToken, .twilioFrom]) else {
            for setting in [Setting.twilioKey, .twilioValidity, .twilioWebhookKey] where try source.text(setting) != nil {
                throw SettingsError(setting, "is set, but TWILIO_ACCOUNT_SID is not")
            }
            return nil
        }
        account = try Self.sid(all[0], "AC", .twilioAccount)
        token = all[1]
        apiKey = try key.map { values throws(SettingsError) in
            APIKey(sid: try Self.sid(values[0], "SK", .twilioKey), secret: values[1])
        }
        let senders = try Self.senders(all[2])
        sender = senders.first
        otherSenders = senders.others
    }

    private static func webhookKeys(_ source: SettingsSource) throws(SettingsError) -> [String: String] {
        guard let text = try source.text(.twilioWebhookKey) else { return [:] }
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, let id = parts.first, let secret = parts.last, secret.utf8.count >= 16 else {
            throw SettingsError(.twilioWebhookKey, "must be the key's id, a colon and its secret of 16 characters or more")
        }
        return [id: secret]
    }

    private static func sid(_ text: String, _ prefix: String, _ setting: Setting) throws(SettingsError) -> String {
        guard text.hasPrefix(prefix), text.utf8.count <= 64, text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
            throw SettingsError(setting, "must begin with \(prefix) and hold letters and digits only")
        }
        return text
    }

    private static func senders(_ text: String) throws(SettingsError) -> (first: TwilioSender, others: [TwilioSender]) {
        var senders: [TwilioSender] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let plain = String(entry.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            guard let sender = TwilioSender(plain) else {
                throw SettingsError(
                    .twilioFrom, "'\(plain.prefix(40))' is no number in E.164 (+14155550100), short code, name of at most 11 letters or MG…"
                )
            }
            guard !senders.contains(sender) else { throw SettingsError(.twilioFrom, "\(plain) stands there twice") }
            senders.append(sender)
        }
        guard let first = senders.first else { throw SettingsError(.twilioFrom, "is empty") }
        return (first, Array(senders.dropFirst()))
    }
}

extension Settings.WhatsApp {
    /// Nil without a number: WhatsApp stays in the sandbox.
    init?(_ source: SettingsSource) throws(SettingsError) {
        url = try source.apiURL(.whatsappURL) ?? WhatsAppConfiguration.standardURL
        businessAccountID = try source.text(.whatsappAccount)
        let keys: [Setting] = [.whatsappNumber, .whatsappToken, .whatsappSecret, .whatsappVerifyToken]
        guard let all = try source.together(keys) else {
            if businessAccountID != nil { throw SettingsError(.whatsappAccount, "is set, but WHATSAPP_PHONE_NUMBER_ID is not") }
            return nil
        }
        for (setting, text) in [(Setting.whatsappNumber, all[0]), (.whatsappAccount, businessAccountID ?? "0")] {
            guard (1...32).contains(text.utf8.count), text.allSatisfy({ $0.isASCII && $0.isNumber }) else {
                throw SettingsError(setting, "must be the id that WhatsApp shows, digits only")
            }
        }
        guard all[1].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SettingsError(.whatsappToken, "holds a character that no token has")
        }
        phoneNumberID = all[0]
        accessToken = all[1]
        appSecret = all[2]
        verifyToken = all[3]
    }
}

extension Settings {
    /// Where Twilio tells what became of messages; nil where it could not get there, for it refuses messages with such an address.
    var twilioStatusCallback: String? {
        guard let twilio else { return nil }
        let callback = baseURL + "/api/crm/webhooks/twilio/status"
        guard twilio.url == TwilioConfiguration.standardURL else { return callback }
        return isPublic ? callback : nil
    }

    /// Whether API_BASE_URL names a place that others can reach, as far as its text tells.
    var isPublic: Bool {
        guard let address = try? WebAddress(baseURL) else { return false }
        return switch address.host {
        case .name(let name): name.contains(".") && !name.hasSuffix(".localhost") && !name.contains("_")
        case .address(let literal): NetworkAddressRule.refusal(of: literal) == nil
        }
    }
}

extension SettingsSource {
    /// An address that the way out over HTTP will take.
    fileprivate func apiURL(_ setting: Setting) throws(SettingsError) -> String? {
        guard let text = try url(setting, schemes: ["https", "http"]) else { return nil }
        do {
            _ = try WebAddress(text)
            return text
        } catch {
            throw SettingsError(setting, "\(error)")
        }
    }
}
