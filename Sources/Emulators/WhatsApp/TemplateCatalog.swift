import Core
import Synchronization

/// The templates of the emulated business account, in the order in which they were added.
final class TemplateCatalog: Sendable {
    private static let limit = 1000
    private let templates = Mutex(EmulatedTemplate.samples)

    var all: [EmulatedTemplate] { templates.withLock { $0 } }

    func find(_ name: String, _ language: String) -> EmulatedTemplate? {
        templates.withLock { $0.first { $0.name == name && $0.language == language } }
    }

    /// Adds a template or takes the place of the one of this name and language. False when there are too many.
    func put(_ template: EmulatedTemplate) -> Bool {
        templates.withLock { templates in
            if let index = templates.firstIndex(where: { $0.id == template.id }) {
                templates[index] = template
            } else {
                guard templates.count < Self.limit else { return false }
                templates.append(template)
            }
            return true
        }
    }

    func remove(_ name: String, _ language: String) -> Bool {
        templates.withLock { templates in
            guard let index = templates.firstIndex(where: { $0.name == name && $0.language == language }) else { return false }
            templates.remove(at: index)
            return true
        }
    }

    func reset() {
        templates.withLock { $0 = EmulatedTemplate.samples }
    }
}

extension EmulatedTemplate {
    /// As `GET …/message_templates` shows it.
    func write(_ json: inout JSONWriter) {
        let isNamed = Self.placeholders(in: body).contains { Int($0) == nil }
        json.object { json in
            json.member("name", name)
            json.member("parameter_format", isNamed ? "NAMED" : "POSITIONAL")
            json.array("components") { writeComponents(&$0) }
            json.member("language", language)
            json.member("status", status)
            json.member("category", category.rawValue)
            json.member("id", id)
        }
    }

    private func writeComponents(_ json: inout JSONWriter) {
        if let header {
            json.object { json in
                json.member("type", "HEADER")
                json.member("format", header.format)
                if case .text(let text) = header { json.member("text", text) }
            }
        }
        json.object { json in
            json.member("type", "BODY")
            json.member("text", body)
        }
        if let footer {
            json.object { json in
                json.member("type", "FOOTER")
                json.member("text", footer)
            }
        }
        guard !buttons.isEmpty else { return }
        json.object { json in
            json.member("type", "BUTTONS")
            json.array("buttons") { json in
                for button in buttons { Self.write(button, &json) }
            }
        }
    }

    private static func write(_ button: Button, _ json: inout JSONWriter) {
        json.object { json in
            switch button {
            case .quickReply(let text):
                json.member("type", "QUICK_REPLY")
                json.member("text", text)
            case .url(let text, let url):
                json.member("type", "URL")
                json.member("text", text)
                json.member("url", url)
            }
        }
    }
}
