/// A subject of a business's messages that clients may refuse by itself, for example a newsletter.
public struct Topic: Sendable, Hashable {
    /// Lower-case letters, digits and `_`, as message types are named.
    public var name: String
    /// What people read, by language tag; never empty.
    public var titles: [String: String]
    public var descriptions: [String: String]

    public init(name: String, titles: [String: String], descriptions: [String: String] = [:]) {
        self.name = name
        self.titles = titles
        self.descriptions = descriptions
    }

    /// The title in `language`, else in its primary language, else in `fallback`, else whichever comes first.
    public func title(in language: String, fallback: String) -> String {
        Self.text(titles, language, fallback) ?? name
    }

    /// As ``title(in:fallback:)``; nil where there is none.
    public func description(in language: String, fallback: String) -> String? {
        Self.text(descriptions, language, fallback)
    }

    /// Texts as a JSON object, by language in alphabetical order.
    public static func json(_ texts: [String: String]) -> [UInt8] {
        var json = JSONWriter(capacity: 128)
        json.object { json in
            for (language, text) in texts.sorted(by: { $0.key < $1.key }) {
                json.key(dynamic: language)
                json.value(text)
            }
        }
        return json.bytes
    }

    private static func text(_ texts: [String: String], _ language: String, _ fallback: String) -> String? {
        for tag in [language, fallback] {
            if let text = texts[tag] { return text }
            if let primary = tag.split(separator: "-").first, let text = texts[String(primary)] { return text }
        }
        return texts.min { $0.key < $1.key }?.value
    }
}

/// What may be written into a business's topics; each check returns what is wrong, nil when nothing is.
public enum TopicFields {
    /// More nobody reads on one page.
    public static let most = 50

    /// As message types are named.
    public static func name(_ text: String) -> String? { MessageTypeFields.name(text) }

    /// Texts by language, one line each.
    public static func texts(_ texts: [String: String], longest: Int) -> String? {
        for (language, text) in texts {
            if ClientFields.languageTag(language) != nil { return "must have language tags as its names, for example en or pt-BR" }
            if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return "must not contain a blank text" }
            if let message = ClientFields.headerText(text, longest: longest) { return message }
        }
        return nil
    }
}
