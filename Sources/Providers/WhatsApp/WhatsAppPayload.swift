import Core

/// A message as the Cloud API takes it.
enum WhatsAppPayload {
    /// Throws where the content speaks of a file that is not there, or of a parameter with nothing in it.
    static func bytes(of message: WhatsAppMessage) throws(ProviderFailure) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("messaging_product", "whatsapp")
        json.member("recipient_type", "individual")
        if message.to.hasPrefix("+") {
            json.member("to", String(message.to.dropFirst()))
        } else {
            json.member("recipient", message.to)
        }
        if let reference = message.reference { json.member("biz_opaque_callback_data", reference.description) }
        if let repliesTo = message.repliesTo { json.object("context") { $0.member("message_id", repliesTo) } }
        switch message.content {
        case .text(let text):
            json.member("type", "text")
            json.object("text") { json in
                json.member("body", text)
                json.member("preview_url", text.contains("https://") || text.contains("http://"))
            }
        case .media(let media):
            json.member("type", media.kind.rawValue)
            json.key(dynamic: media.kind.rawValue)
            try appendFile(message.file, named: media.kind == .document, caption: media.caption, to: &json)
        case .template(let template):
            json.member("type", "template")
            json.key("template")
            try append(template, message.file, to: &json)
        }
        json.endObject()
        return json.bytes
    }

    private static func appendFile(
        _ file: WhatsAppMessage.File?, named: Bool, caption: String?, to json: inout JSONWriter
    ) throws(ProviderFailure) {
        guard let file else { throw ProviderFailure(category: .invalidInput, message: "the message has no file to send") }
        json.beginObject()
        switch file.source {
        case .uploaded(let id): json.member("id", id)
        case .link(let link): json.member("link", link)
        }
        if let caption { json.member("caption", caption) }
        if named, let filename = file.filename { json.member("filename", filename) }
        json.endObject()
    }

    private static func append(
        _ template: WhatsAppContent.Template, _ file: WhatsAppMessage.File?, to json: inout JSONWriter
    ) throws(ProviderFailure) {
        json.beginObject()
        json.member("name", template.name)
        json.object("language") { $0.member("code", template.language) }
        json.key("components")
        json.beginArray()
        if let header = template.header {
            json.beginObject()
            json.member("type", "header")
            json.key("parameters")
            json.beginArray()
            try append(header, file, to: &json)
            json.endArray()
            json.endObject()
        }
        if !template.body.isEmpty {
            json.beginObject()
            json.member("type", "body")
            json.key("parameters")
            json.beginArray()
            for parameter in template.body { try append(parameter, to: &json) }
            json.endArray()
            json.endObject()
        }
        for button in template.buttons { append(button, to: &json) }
        json.endArray()
        json.endObject()
    }

    private static func append(
        _ header: WhatsAppContent.Header, _ file: WhatsAppMessage.File?, to json: inout JSONWriter
    ) throws(ProviderFailure) {
        switch header {
        case .text(let parameter):
            try append(parameter, to: &json)
        case .document, .image:
            let kind = header == .document ? "document" : "image"
            json.beginObject()
            json.member("type", kind)
            json.key(dynamic: kind)
            try appendFile(file, named: header == .document, caption: nil, to: &json)
            json.endObject()
        }
    }

    private static func append(_ parameter: WhatsAppContent.Parameter, to json: inout JSONWriter) throws(ProviderFailure) {
        guard let text = WhatsAppText.parameter(parameter.text) else {
            throw ProviderFailure(category: .invalidInput, message: "a parameter of the template is empty")
        }
        json.object { json in
            json.member("type", "text")
            if let name = parameter.name { json.member("parameter_name", name) }
            json.member("text", text)
        }
    }

    private static func append(_ button: WhatsAppContent.Button, to json: inout JSONWriter) {
        json.object { json in
            json.member("type", "button")
            switch button {
            case .quickReply(let index, let payload):
                json.member("sub_type", "quick_reply")
                json.member("index", "\(index)")
                json.array("parameters") { json in
                    json.object { json in
                        json.member("type", "payload")
                        json.member("payload", payload)
                    }
                }
            case .url(let index, let suffix):
                json.member("sub_type", "url")
                json.member("index", "\(index)")
                json.array("parameters") { json in
                    json.object { json in
                        json.member("type", "text")
                        json.member("text", suffix)
                    }
                }
            }
        }
    }
}

extension WhatsAppMessage {
    /// What a failure's text must never repeat.
    var secrets: [String] {
        var secrets = [to, to.hasPrefix("+") ? String(to.dropFirst()) : to]
        switch content {
        case .text(let text): secrets.append(text)
        case .media(let media): if let caption = media.caption { secrets.append(caption) }
        case .template(let template): secrets += template.body.map(\.text)
        }
        return secrets
    }
}
