import Core

/// What one of WhatsApp's webhooks says; one request may batch many things.
public struct WhatsAppWebhook: Sendable, Hashable {
    public static let provider = "whatsapp"

    /// A template was approved, refused, paused …
    public struct TemplateUpdate: Sendable, Hashable {
        public var name: String
        public var language: String
        /// `APPROVED`, `REJECTED`, `PAUSED`, `DISABLED`, …
        public var status: String
        public var reason: String?
    }

    /// A person has stopped or resumed marketing messages in WhatsApp itself.
    public struct PreferenceUpdate: Sendable, Hashable {
        /// E.164, with `+`.
        public var from: String
        public var stopsMarketing: Bool
        public var at: Timestamp?
    }

    /// The body is no webhook of WhatsApp's.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    public var events: [ProviderEvent] = []
    public var messages: [InboundMessage] = []
    public var templateUpdates: [TemplateUpdate] = []
    public var preferenceUpdates: [PreferenceUpdate] = []
    /// What we do not understand or do not need, by its kind; for the log.
    public var unknown: [String] = []

    /// Reads a body whose signature was checked. What is wrong with one part does not keep the others from being read.
    /// - Parameter phoneNumberID: our number; what is about another one is ``unknown``. Nil takes all.
    public static func parse(_ body: [UInt8], phoneNumberID: String? = nil) throws -> WhatsAppWebhook {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: body)
        } catch {
            throw Malformed(description: "the body is no JSON")
        }
        guard document.root["object"]?.string == "whatsapp_business_account", let entries = document.root["entry"], entries.kind == .array
        else { throw Malformed(description: "the body is no webhook of a WhatsApp business account") }
        var webhook = WhatsAppWebhook()
        for entry in entries.elements {
            for change in entry["changes"]?.elements.map({ $0 }) ?? [] { webhook.take(change, phoneNumberID) }
        }
        return webhook
    }

    private mutating func take(_ change: JSONView, _ phoneNumberID: String?) {
        let field = change["field"]?.string ?? ""
        guard let value = change["value"], value.kind == .object else { return note(field, "without a value") }
        switch field {
        case "messages":
            let metadata = value["metadata"]
            if let phoneNumberID, let other = metadata?["phone_number_id"]?.string, other != phoneNumberID {
                return note(field, "for another number")
            }
            takeMessages(value, metadata)
        case "message_template_status_update":
            guard let name = value["message_template_name"]?.text, let status = value["event"]?.text else {
                return note(field, "incomplete")
            }
            let reason = value["reason"]?.text
            templateUpdates.append(
                TemplateUpdate(
                    name: name, language: value["message_template_language"]?.text ?? "", status: status.uppercased(),
                    reason: reason == "NONE" ? nil : reason))
        case "user_preferences":
            for preference in value["user_preferences"]?.elements.map({ $0 }) ?? [] { takePreference(preference) }
        default:
            note(field)
        }
    }

    private mutating func takeMessages(_ value: JSONView, _ metadata: JSONView?) {
        for status in value["statuses"]?.elements.map({ $0 }) ?? [] {
            if let event = Self.event(status) { events.append(event) } else { note("status", "incomplete") }
        }
        let contacts = value["contacts"]?.elements.map { $0 } ?? []
        for message in value["messages"]?.elements.map({ $0 }) ?? [] {
            if message["type"]?.string == "system" {
                note("system", message["system"]?["type"]?.string ?? "")
            } else if let inbound = WhatsAppInbound(message, contacts: contacts, metadata: metadata).message {
                messages.append(inbound)
            } else {
                note("message", "incomplete")
            }
        }
        for error in value["errors"]?.elements.map({ $0 }) ?? [] { note("error", error["code"]?.int64.map { "\($0)" } ?? "") }
    }

    private mutating func takePreference(_ preference: JSONView) {
        guard preference["category"]?.string == "marketing_messages", let value = preference["value"]?.string,
            value == "stop" || value == "resume", let person = preference["wa_id"]?.string, let from = WhatsAppInbound.number(person)
        else { return note("user_preferences", "incomplete") }
        preferenceUpdates.append(
            PreferenceUpdate(from: from, stopsMarketing: value == "stop", at: preference["timestamp"].flatMap(Self.moment)))
    }

    private mutating func note(_ kind: String, _ more: String = "") {
        guard unknown.count < 100 else { return }
        let text = more.isEmpty ? kind : "\(kind): \(more)"
        unknown.append(ProviderText.scrubbed(String(text.prefix(120)), without: []))
    }

    private static func event(_ status: JSONView) -> ProviderEvent? {
        guard let id = status["id"]?.string, ProviderText.isIdentifier(id), let word = status["status"]?.text?.lowercased(), !word.isEmpty,
            word.utf8.count <= 40
        else { return nil }
        let event: StatusEvent? =
            switch word {
            case "sent": .sent
            case "delivered": .delivered
            case "read", "played": .opened
            case "failed": .bounced
            default: nil
            }
        var failure: ProviderEvent.Failure?
        if event == .bounced {
            let code = status["errors"]?.elements.first { $0.kind == .object }?["code"]?.int64.map { Int($0) }
            let rule = WhatsAppErrors.reported(code)
            failure = ProviderEvent.Failure(category: rule.category, code: code, message: rule.text, consequence: rule.consequence)
        }
        return ProviderEvent(
            provider: provider, providerMessageID: id, word: word, event: event, at: status["timestamp"].flatMap(moment),
            reference: status["biz_opaque_callback_data"]?.string.flatMap { CommunicationID($0) }, failure: failure)
    }

    /// Seconds since the epoch, as a string or a number.
    static func moment(_ view: JSONView) -> Timestamp? {
        guard let seconds = view.int64 ?? view.string.flatMap({ Int64($0) }), (0..<253_402_300_800).contains(seconds) else { return nil }
        return Timestamp(seconds: seconds)
    }
}

extension JSONView {
    /// A string of at most 1000 bytes without U+0000.
    fileprivate var text: String? {
        guard let string, string.utf8.count <= 1000 else { return nil }
        return ProviderText.plain(string)
    }
}
