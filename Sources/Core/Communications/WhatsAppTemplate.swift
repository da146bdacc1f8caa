/// A template of the WhatsApp account, as the account says it is.
public struct WhatsAppTemplate: Sendable, Hashable {
    public var name: String
    /// As WhatsApp writes it: `en_US`, `de`.
    public var language: String
    /// WhatsApp's own word: `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, …; `DELETED` once the account has it no more.
    public var status: String
    /// `UTILITY`, `MARKETING`, `AUTHENTICATION`; nil where only a change of status told us of it.
    public var category: String?
    /// The JSON array that WhatsApp describes it by; nil where only a change of status told us of it.
    public var components: [UInt8]?

    public init(name: String, language: String, status: String, category: String? = nil, components: [UInt8]? = nil) {
        self.name = name
        self.language = language
        self.status = status
        self.category = category
        self.components = components
    }

    public static let approved = "APPROVED"
    public static let deleted = "DELETED"

    /// The status after an event that WhatsApp tells by webhook, in its own words; nil where the event changes nothing:
    /// a flagged template is only warned of.
    public static func status(after event: String) -> String? {
        switch event.uppercased() {
        case "FLAGGED": nil
        case "REINSTATED", "UNPAUSED": approved
        case "PENDING_DELETION": deleted
        case let word: word
        }
    }

    public var isApproved: Bool { status == Self.approved }
    public var isMarketing: Bool { category == "MARKETING" }
}

/// What a template wants filled in.
public struct WhatsAppTemplateShape: Sendable, Hashable {
    /// What stands above the text.
    public enum Header: Sendable, Hashable {
        case none
        /// With the names of its placeholders; at most one.
        case text([String])
        case document, image
        /// `video`, `location`: nothing that a message of ours can fill.
        case other(String)
    }

    /// What stands below the text.
    public enum Button: Sendable, Hashable {
        /// Whether its address ends in a placeholder.
        case url(takesSuffix: Bool)
        case quickReply
        case other
    }

    public var header: Header = .none
    /// The placeholders of the body: `1`, `2`, … or names.
    public var body: [String] = []
    /// The body with its placeholders.
    public var bodyText = ""
    public var buttons: [Button] = []

    public var hasNamedParameters: Bool { body.contains { Int($0) == nil } }

    /// Nil where the components are not known or not understood.
    public init?(_ template: WhatsAppTemplate) {
        guard let bytes = template.components, let components = try? JSONDocument(parsing: bytes).root, components.kind == .array else {
            return nil
        }
        for component in components.elements {
            switch component["type"]?.string?.uppercased() {
            case "HEADER": header = Self.header(component)
            case "BODY":
                bodyText = component["text"]?.string ?? ""
                body = Self.placeholders(bodyText)
            case "BUTTONS":
                buttons = component["buttons"].map { $0.elements.map(Self.button) } ?? []
            default: continue
            }
        }
    }

    /// The body as the person reads it.
    public func text(_ parameters: [WhatsAppContent.Parameter]) -> String {
        var output = ""
        var rest = bodyText[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            output += rest[..<open.lowerBound]
            let name = String(rest[open.upperBound..<close.lowerBound].filter { $0 != " " })
            if let parameter = parameters.first(where: { $0.name == name }) {
                output += parameter.text
            } else if let place = Int(name), place >= 1, place <= parameters.count, parameters[place - 1].name == nil {
                output += parameters[place - 1].text
            } else {
                output += rest[open.lowerBound..<close.upperBound]
            }
            rest = rest[close.upperBound...]
        }
        return output + rest
    }

    /// In order of first appearance, each once; numbers in their own order.
    static func placeholders(_ text: String) -> [String] {
        var names: [String] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let name = String(rest[open.upperBound..<close.lowerBound].filter { $0 != " " })
            if !name.isEmpty, !names.contains(name) { names.append(name) }
            rest = rest[close.upperBound...]
        }
        let numbers = names.compactMap { Int($0) }
        return numbers.count == names.count ? numbers.sorted().map(String.init) : names
    }

    private static func header(_ component: JSONView) -> Header {
        switch component["format"]?.string?.uppercased() {
        case "TEXT", nil:
            let names = placeholders(component["text"]?.string ?? "")
            return names.isEmpty ? .none : .text(names)
        case "DOCUMENT": return .document
        case "IMAGE": return .image
        case .some(let other): return .other(other.lowercased())
        }
    }

    private static func button(_ view: JSONView) -> Button {
        switch view["type"]?.string?.uppercased() {
        case "URL": .url(takesSuffix: !placeholders(view["url"]?.string ?? "").isEmpty)
        case "QUICK_REPLY": .quickReply
        default: .other
        }
    }
}
