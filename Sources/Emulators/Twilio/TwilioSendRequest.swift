import Core

/// The fields of `POST …/Messages.json`, checked as Twilio checks them.
struct TwilioSendRequest: Sendable {
    var to: String
    /// Nil: the messaging service picks one.
    var from: String?
    var service: String?
    var body: String
    var media: [String]
    var statusCallback: String?
    var validity: Int?
    var sendAt: Timestamp?

    init(_ fields: [(String, String)], account: TwilioAccount, now: Timestamp) throws(TwilioError) {
        func value(_ name: String) -> String? { fields.first { $0.0 == name && !$0.1.isEmpty }?.1 }
        guard let to = value("To") else { throw TwilioError(21_604) }
        self.to = to
        from = value("From")
        service = value("MessagingServiceSid")
        body = value("Body") ?? ""
        media = fields.filter { $0.0 == "MediaUrl" }.map(\.1)
        statusCallback = value("StatusCallback")
        guard from != nil || service != nil else { throw TwilioError(21_603) }
        try Self.checkRecipient(to)
        try Self.checkSender(from, service, account)
        guard !body.isEmpty || !media.isEmpty || value("ContentSid") != nil else { throw TwilioError(21_602) }
        guard body.unicodeScalars.count <= 1600 else { throw TwilioError(21_617) }
        guard media.count <= 10 else { throw TwilioError(21_623) }
        for url in media {
            guard CallbackAddress(url) != nil else { throw TwilioError(21_620) }
        }
        if let statusCallback {
            guard let address = CallbackAddress(statusCallback), !address.host.contains("_") else { throw TwilioError(21_609) }
        }
        if let text = value("ValidityPeriod") {
            guard let seconds = Int(text), (1...36_000).contains(seconds) else {
                throw TwilioError(nil, message: "ValidityPeriod must be a number from 1 to 36000")
            }
            validity = seconds
        }
        if let text = value("SendAt") {
            guard let at = Timestamp(rfc3339: text), value("ScheduleType") == "fixed", service != nil else {
                throw TwilioError(nil, message: "SendAt needs an ISO 8601 time, ScheduleType=fixed and a MessagingServiceSid")
            }
            guard (300_000...3_024_000_000).contains(at.milliseconds - now.milliseconds) else {
                throw TwilioError(nil, message: "SendAt must lie between 5 minutes and 35 days from now")
            }
            sendAt = at
        }
    }

    /// The provider's own test numbers, and the form.
    private static func checkRecipient(_ to: String) throws(TwilioError) {
        switch to {
        case "+15005550001": throw TwilioError(21_211)
        case "+15005550002": throw TwilioError(21_612)
        case "+15005550003": throw TwilioError(21_408)
        case "+15005550004": throw TwilioError(21_610)
        case "+15005550009": throw TwilioError(21_614)
        default:
            let number = to.hasPrefix("whatsapp:") ? String(to.dropFirst(9)) : to
            guard EmulatedID.isE164(number) else { throw TwilioError(21_211) }
        }
    }

    private static func checkSender(_ from: String?, _ service: String?, _ account: TwilioAccount) throws(TwilioError) {
        if let service, !EmulatedID.isSID(service, "MG") { throw TwilioError(21_705) }
        guard let from else { return }
        switch from {
        case "+15005550006": return
        case "+15005550001": throw TwilioError(21_212)
        case "+15005550007": throw TwilioError(21_606)
        case "+15005550008": throw TwilioError(21_611)
        default: break
        }
        if let senders = account.senders, !senders.contains(from) { throw TwilioError(21_606) }
        let isShortCode = (5...6).contains(from.utf8.count) && from.utf8.allSatisfy { (0x30...0x39).contains($0) }
        guard EmulatedID.isE164(from) || from.hasPrefix("whatsapp:") || isShortCode || isAlphanumeric(from) else {
            throw TwilioError(21_212)
        }
    }

    /// A sender's name: up to 11 letters, digits, spaces and a few signs, at least one letter.
    private static func isAlphanumeric(_ text: String) -> Bool {
        (1...11).contains(text.utf8.count) && text.utf8.contains { isLetter($0) }
            && text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || " +-_&".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
}
