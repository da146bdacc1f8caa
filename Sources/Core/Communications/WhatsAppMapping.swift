/// Which approved template stands in for a message type outside the 24-hour window, and what fills its parameters.
public struct WhatsAppMapping: Sendable, Hashable {
    /// A message type, or `batch`.
    public var messageType: String
    /// The template, with Mustache in place of its parameters' texts.
    public var template: WhatsAppContent.Template

    public init(messageType: String, template: WhatsAppContent.Template) {
        self.messageType = messageType
        self.template = template
    }

    /// What the mapping makes of each parameter's text: Mustache into text, or a check. Fields are named as the API names them.
    public static func fill<Failure>(
        _ template: WhatsAppContent.Template, _ text: (_ field: String, _ source: String) throws(Failure) -> String
    ) throws(Failure) -> WhatsAppContent.Template {
        var filled = template
        if case .text(let parameter) = template.header {
            filled.header = .text(WhatsAppContent.Parameter(name: parameter.name, text: try text("header.text", parameter.text)))
        }
        for (index, parameter) in template.body.enumerated() {
            let field = parameter.name == nil ? "body[\(index)]" : "body[\(index)].text"
            filled.body[index].text = try text(field, parameter.text)
        }
        for (index, button) in template.buttons.enumerated() {
            switch button {
            case .quickReply(let place, let payload):
                filled.buttons[index] = .quickReply(index: place, payload: try text("buttons[\(index)].payload", payload))
            case .url(let place, let suffix):
                filled.buttons[index] = .url(index: place, suffix: try text("buttons[\(index)].suffix", suffix))
            }
        }
        return filled
    }

    /// The one for a person: in their language, else in the business's. A region matters where there is a choice.
    public static func choose(from mappings: [WhatsAppMapping], language: String, fallbackLanguage: String) -> WhatsAppMapping? {
        for wanted in [language, fallbackLanguage] {
            let tag = normalised(wanted)
            if let exact = mappings.first(where: { normalised($0.template.language) == tag }) { return exact }
            let base = tag.prefix { $0 != "-" }
            if let plain = mappings.first(where: { normalised($0.template.language) == base }) { return plain }
            let regional = mappings.filter { normalised($0.template.language).hasPrefix("\(base)-") }
            if let found = regional.min(by: { $0.template.language < $1.template.language }) { return found }
        }
        return nil
    }

    /// WhatsApp writes `en_US` where BCP 47 writes `en-US`.
    private static func normalised(_ tag: String) -> String {
        tag.lowercased().replacing("_", with: "-")
    }
}

extension WhatsAppContent.Template {
    /// The members as the API shows them and the store keeps them.
    public func writeMembers(to json: inout JSONWriter) {
        json.member("template", name)
        json.member("language", language)
        switch header {
        case .none: json.null("header")
        case .document: json.object("header") { $0.member("type", "document") }
        case .image: json.object("header") { $0.member("type", "image") }
        case .text(let parameter):
            json.object("header") { json in
                json.member("type", "text")
                if let name = parameter.name { json.member("name", name) }
                json.member("text", parameter.text)
            }
        }
        json.array("body") { json in
            for parameter in body {
                guard let name = parameter.name else {
                    json.value(parameter.text)
                    continue
                }
                json.object { json in
                    json.member("name", name)
                    json.member("text", parameter.text)
                }
            }
        }
        json.array("buttons") { json in
            for button in buttons {
                json.object { json in
                    switch button {
                    case .quickReply(let index, let payload):
                        json.member("type", "quick_reply")
                        json.member("index", index)
                        json.member("payload", payload)
                    case .url(let index, let suffix):
                        json.member("type", "url")
                        json.member("index", index)
                        json.member("suffix", suffix)
                    }
                }
            }
        }
    }
}
