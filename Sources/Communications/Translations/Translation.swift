import CAssets
import Core

/// The phrases of one language, from `translations/<language>.txt`.
public struct Translation: Sendable {
    /// BCP 47.
    public let language: String
    /// Counts the changes of the texts; stands in the consent ledger beside what a client agreed to.
    public let version: String
    private let phrases: [Phrase: String]

    /// Those that exist, in the order in which clients choose from them.
    public static let languages = ["en", "de", "fr", "es", "hi", "ar"]

    private static let all = Dictionary(
        languages.map { ($0, Translation(language: $0, source: source($0))) }, uniquingKeysWith: { first, _ in first })
    private static let english = all["en"] ?? Translation(language: "en", source: "")

    /// The first of the wanted languages that there is, by itself or by its base (`de` for `de-CH`); else English.
    public static func best(of wanted: [String]) -> Translation {
        for tag in wanted {
            let tag = tag.lowercased()
            if let found = all[tag] ?? all[String(tag.prefix { $0 != "-" && $0 != "_" })] { return found }
        }
        return english
    }

    /// As ``best(of:)``, by what a browser says that its user reads (RFC 9110, section 12.5.4).
    public static func best(acceptLanguage header: String?) -> Translation {
        best(of: AcceptLanguage.tags(header))
    }

    /// `rtl` for Arabic.
    public var direction: String { language == "ar" ? "rtl" : "ltr" }

    /// The phrase with its placeholders filled in; what is filled in is not looked at again.
    public func text(_ phrase: Phrase, _ values: KeyValuePairs<String, String> = [:]) -> String {
        let template = phrases[phrase] ?? phrase.rawValue
        guard !values.isEmpty else { return template }
        var text = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"), let value = values.first(where: { $0.key == rest[..<close].dropFirst() })?.value
            else {
                text.append("{")
                rest = rest.dropFirst()
                continue
            }
            text += value
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    /// Lines of `name = text`; lines that begin with `#` are remarks.
    init(language: String, source: String) {
        var phrases: [Phrase: String] = [:]
        var version = ""
        for line in source.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let (name, text) = (Self.trimmed(parts[0]), Self.trimmed(parts[1]))
            if name == "version" { version = text }
            if let phrase = Phrase(rawValue: name) { phrases[phrase] = text }
        }
        self.language = language
        self.version = version
        self.phrases = phrases
    }

    static func source(_ language: String) -> String {
        guard let asset = cassets_find("translations/\(language).txt") else { return "" }
        return String(decoding: UnsafeBufferPointer(start: asset.pointee.bytes, count: asset.pointee.length), as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
