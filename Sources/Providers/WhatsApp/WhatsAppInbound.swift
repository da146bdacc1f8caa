import Core

/// Reads one incoming message of a webhook.
struct WhatsAppInbound {
    /// Nil when it lacks what makes it a message.
    let message: InboundMessage?

    init(_ view: JSONView, contacts: [JSONView], metadata: JSONView?) {
        guard let id = view["id"]?.string, ProviderText.isIdentifier(id), let type = view["type"]?.string, !type.isEmpty,
            type.utf8.count <= 40, let sender = Self.sender(view)
        else {
            message = nil
            return
        }
        let content = Self.content(view, type)
        let contact = Self.contact(of: view, in: contacts)
        let number = metadata?["display_phone_number"]?.string.flatMap(Self.number)
        message = InboundMessage(
            provider: WhatsAppWebhook.provider, channel: .whatsapp, providerMessageID: id, from: sender,
            to: number ?? metadata?["phone_number_id"]?.string.map(ProviderText.plain) ?? "", text: ProviderText.plain(content.text),
            kind: content.kind, payload: content.payload.map(ProviderText.plain),
            repliesTo: content.repliesTo ?? view["context"]?["id"]?.string.flatMap { ProviderText.isIdentifier($0) ? $0 : nil },
            at: view["timestamp"].flatMap(WhatsAppWebhook.moment),
            profileName: contact?["profile"]?["name"]?.string.map { ProviderText.plain(String($0.prefix(200))) }, media: content.media)
    }

    /// The number with `+`; for people who hide theirs, the id that WhatsApp gives them.
    private static func sender(_ view: JSONView) -> String? {
        if let from = view["from"]?.string, let number = number(from) { return number }
        // A sender that is no telephone number stays as it came: the message is kept, for a person to look at.
        return [view["from_user_id"], view["from"]].lazy.compactMap { $0?.string }.first {
            ProviderText.isIdentifier($0) && $0.utf8.count <= 128
        }
    }

    private static func contact(of view: JSONView, in contacts: [JSONView]) -> JSONView? {
        let from = view["from"]?.string ?? view["from_user_id"]?.string
        return contacts.first { contact in
            from != nil && (contact["wa_id"]?.string == from || contact["user_id"]?.string == from)
        } ?? (contacts.count == 1 ? contacts.first : nil)
    }

    /// E.164 with `+`; nil for what is no telephone number.
    static func number(_ text: String) -> String? {
        // WhatsApp leaves out the mark of an international number, and every number of its is one.
        PhoneNumber(text.hasPrefix("+") ? text : "+" + text)?.e164
    }

    private struct Content {
        var kind: String
        var text = ""
        var payload: String?
        var repliesTo: String?
        var media: [InboundMessage.Media] = []
    }

    private static func content(_ view: JSONView, _ type: String) -> Content {
        var content = Content(kind: ProviderText.plain(type))
        let inner = view[type]
        switch type {
        case "text":
            content.text = inner?["body"]?.string ?? ""
        case "button":
            content.text = inner?["text"]?.string ?? ""
            content.payload = inner?["payload"]?.string ?? ""
        case "interactive":
            let kinds = [("button_reply", "button"), ("list_reply", "list")]
            if let (key, kind) = kinds.first(where: { inner?[$0.0] != nil }), let reply = inner?[key] {
                content.kind = kind
                content.text = reply["title"]?.string ?? ""
                content.payload = reply["id"]?.string ?? ""
            } else if let flow = inner?["nfm_reply"] {
                content.kind = "flow"
                content.text = flow["body"]?.string ?? ""
                content.payload = flow["response_json"]?.string
            }
        case "image", "video", "audio", "document", "sticker":
            content.text = inner?["caption"]?.string ?? ""
            if let id = inner?["id"]?.string, ProviderText.isIdentifier(id) {
                content.media = [InboundMessage.Media(reference: id, contentType: inner?["mime_type"]?.string.map(ProviderText.plain))]
            }
        case "reaction":
            content.text = inner?["emoji"]?.string ?? ""
            content.repliesTo = inner?["message_id"]?.string.flatMap { ProviderText.isIdentifier($0) ? $0 : nil }
        default:
            break
        }
        return content
    }
}
