import Core

/// What Twilio's webhooks say, from the decoded form of a request whose signature was checked.
public enum TwilioWebhook {
    public static let provider = "twilio"
    /// In the query of a status callback's address: our own id of the communication.
    public static let referenceParameter = "ref"

    /// Our own id from a status callback's query.
    public static func reference(query: [(String, String)]) -> CommunicationID? {
        query.first { $0.0 == referenceParameter }.flatMap { CommunicationID($0.1) }
    }

    /// A status callback; nil when the form is none. `ErrorCode` decides what a failure means.
    /// - Parameter reference: our own id, from the query of the callback's address.
    public static func status(_ form: [(String, String)], reference: CommunicationID? = nil) -> ProviderEvent? {
        let fields = Fields(form)
        guard let id = fields.identifier("MessageSid") ?? fields.identifier("SmsSid"),
            let word = (fields["MessageStatus"] ?? fields["SmsStatus"])?.lowercased(), !word.isEmpty, word.utf8.count <= 40
        else { return nil }
        let event: StatusEvent? =
            switch word {
            case "sent": .sent
            case "delivered": .delivered
            case "read": .opened
            case "undelivered", "failed", "canceled": .bounced
            default: nil
            }
        var failure: ProviderEvent.Failure?
        if event == .bounced {
            let code = fields["ErrorCode"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
            let rule =
                word == "canceled" && code == nil
                ? ProviderErrorRule(.permanent, "called off at Twilio before it was sent") : TwilioErrors.reported(code)
            failure = ProviderEvent.Failure(category: rule.category, code: code, message: rule.text, consequence: rule.consequence)
        }
        // RawDlrDoneDate is the carrier's clock, in whatever zone that is, to the minute: worse than the time of arrival.
        return ProviderEvent(
            provider: provider, providerMessageID: id, word: ProviderText.plain(word), event: event, at: nil, reference: reference,
            failure: failure)
    }

    /// An incoming message; nil when the form is none.
    public static func inbound(_ form: [(String, String)]) -> InboundMessage? {
        let fields = Fields(form)
        guard let id = fields.identifier("MessageSid") ?? fields.identifier("SmsMessageSid") ?? fields.identifier("SmsSid"),
            let from = fields["From"], let to = fields["To"], !from.isEmpty, from.utf8.count <= 128, to.utf8.count <= 128
        else { return nil }
        let isWhatsApp = from.hasPrefix("whatsapp:")
        let media = fields.media
        let payload = fields["ButtonPayload"]
        var kind = "text"
        if payload != nil {
            kind = "button"
        } else if let type = media.first.map({ $0.contentType ?? "" }) {
            kind = ["image", "video", "audio"].first { type.hasPrefix($0 + "/") } ?? "document"
        } else if fields["Latitude"] != nil {
            kind = "location"
        }
        let body = fields["Body"] ?? ""
        return InboundMessage(
            provider: provider, channel: isWhatsApp ? .whatsapp : .sms, providerMessageID: id, from: number(from), to: number(to),
            text: ProviderText.plain(body.isEmpty ? fields["ButtonText"] ?? "" : body), kind: kind,
            payload: payload.map(ProviderText.plain),
            repliesTo: fields.identifier("OriginalRepliedMessageSid"), profileName: fields["ProfileName"].map(ProviderText.plain),
            handledKeyword: fields["OptOutType"].flatMap { word in ["STOP", "START", "HELP"].first { $0 == word.uppercased() } },
            media: media)
    }

    /// Without the channel's prefix.
    private static func number(_ address: String) -> String {
        let plain = address.split(separator: ":", maxSplits: 1).last.map(String.init) ?? address
        return ProviderText.plain(plain)
    }

    private struct Fields {
        private let values: [String: String]

        init(_ form: [(String, String)]) {
            values = Dictionary(form) { first, _ in first }
        }

        subscript(_ name: String) -> String? { values[name] }

        /// An id of Twilio's: short, printable ASCII.
        func identifier(_ name: String) -> String? {
            guard let value = values[name], ProviderText.isIdentifier(value) else { return nil }
            return value
        }

        var media: [InboundMessage.Media] {
            let count = min(max(values["NumMedia"].flatMap { Int($0) } ?? 0, 0), 10)
            return (0..<count).compactMap { index in
                guard let reference = values["MediaUrl\(index)"], !reference.isEmpty, reference.utf8.count <= 2048 else { return nil }
                let type = values["MediaContentType\(index)"].map { ProviderText.plain(String($0.prefix(200))) }
                return InboundMessage.Media(reference: ProviderText.plain(reference), contentType: type)
            }
        }
    }
}
