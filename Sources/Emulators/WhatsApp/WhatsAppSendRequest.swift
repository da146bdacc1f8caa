import Core

/// The body of `POST /{phone-number-id}/messages`, checked as the platform checks it.
struct WhatsAppSendRequest {
    /// In E.164, with `+`.
    var to: String
    /// As the caller wrote it.
    var input: String
    var kind: String
    /// What a person reads.
    var text = ""
    var template: EmulatedTemplate?
    var media: [String] = []
    var reference: String?

    static let kinds = [
        "text", "template", "document", "image", "video", "audio", "sticker", "interactive", "reaction", "location", "contacts",
    ]

    init(_ body: JSONView, catalog: TemplateCatalog, shelf: MediaShelf, account: WhatsAppAccount) throws(GraphError) {
        guard body["messaging_product"]?.string == "whatsapp" else { throw GraphError(100, "messaging_product must be whatsapp") }
        input = Self.recipient(body) ?? ""
        guard !input.isEmpty else { throw GraphError(131_008, "to is missing") }
        to = Self.e164(input)
        guard EmulatedID.isE164(to) else { throw GraphError(131_009, "to must be digits with a country code") }
        guard to != "+\(account.displayPhoneNumber)" else { throw GraphError(131_021) }
        kind = body["type"]?.string ?? "text"
        if let reference = body["biz_opaque_callback_data"] {
            guard let text = reference.string, text.unicodeScalars.count <= 512 else {
                throw GraphError(100, "biz_opaque_callback_data must be a text of at most 512 characters")
            }
            self.reference = text
        }
        guard Self.kinds.contains(kind) else { throw GraphError(131_051, "unknown type") }
        guard let content = body[kind], content.kind == (kind == "contacts" ? .array : .object) else {
            throw GraphError(131_008, "\(kind) is missing")
        }
        switch kind {
        case "text": try readText(content)
        case "template": try readTemplate(content, catalog)
        case "document", "image", "video", "audio", "sticker": try readMedia(content, shelf)
        case "interactive": text = content["body"]?["text"]?.string ?? ""
        case "reaction": text = content["emoji"]?.string ?? ""
        default: break
        }
    }

    /// As the caller wrote it, for the record of sends that began, however wrong the rest is.
    static func recipient(_ body: JSONView) -> String? {
        body["to"].flatMap { $0.string ?? $0.int64.map { "\($0)" } }
    }

    static func e164(_ input: String) -> String {
        let digits = input.filter { !" -()".contains($0) }
        return digits.hasPrefix("+") ? digits : "+\(digits)"
    }

    private mutating func readText(_ content: JSONView) throws(GraphError) {
        guard let body = content["body"]?.string, !body.isEmpty else { throw GraphError(131_008, "text.body is missing") }
        guard body.unicodeScalars.count <= 4096 else { throw GraphError(100, "text.body must be at most 4096 characters long") }
        text = body
    }

    private mutating func readMedia(_ content: JSONView, _ shelf: MediaShelf) throws(GraphError) {
        if let id = content["id"]?.string {
            guard shelf.file(id) != nil else { throw GraphError(131_009, "there is no media of this id") }
            media = [id]
        } else if let link = content["link"]?.string {
            guard CallbackAddress(link) != nil else { throw GraphError(131_009, "link must be an http or https address") }
            media = [link]
        } else {
            throw GraphError(131_008, "\(kind) needs id or link")
        }
        text = content["caption"]?.string ?? ""
        guard text.unicodeScalars.count <= 1024 else { throw GraphError(100, "caption must be at most 1024 characters long") }
    }

    private mutating func readTemplate(_ content: JSONView, _ catalog: TemplateCatalog) throws(GraphError) {
        guard let name = content["name"]?.string, let language = content["language"]?["code"]?.string else {
            throw GraphError(131_008, "template needs name and language.code")
        }
        guard let template = catalog.find(name, language) else {
            throw GraphError(132_001, "template name (\(name)) does not exist in \(language)")
        }
        switch template.status {
        case "APPROVED": break
        case "PAUSED": throw GraphError(132_015)
        case "DISABLED": throw GraphError(132_016)
        default: throw GraphError(132_001, "template name (\(name)) is not approved in \(language)")
        }
        text = try TemplateCheck(template, components: content["components"]).text
        self.template = template
        for component in content["components"].map({ Array($0.elements) }) ?? [] where component["type"]?.string?.lowercased() == "header" {
            for parameter in component["parameters"].map({ Array($0.elements) }) ?? [] {
                guard let kind = parameter["type"]?.string, let object = parameter[kind] else { continue }
                if let reference = object["id"]?.string ?? object["link"]?.string { media.append(reference) }
            }
        }
    }
}
