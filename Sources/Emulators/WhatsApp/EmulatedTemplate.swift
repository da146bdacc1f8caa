/// A message template of the emulated business account.
public struct EmulatedTemplate: Sendable, Hashable {
    /// What the platform bills and limits it as.
    public enum Category: String, Sendable, CaseIterable {
        case utility = "UTILITY", marketing = "MARKETING", authentication = "AUTHENTICATION"
    }
    /// What stands above the text.
    public enum Header: Sendable, Hashable {
        case text(String)
        case document, image, video

        var format: String {
            switch self {
            case .text: "TEXT"
            case .document: "DOCUMENT"
            case .image: "IMAGE"
            case .video: "VIDEO"
            }
        }
    }
    /// What stands below the text.
    public enum Button: Sendable, Hashable {
        case quickReply(String)
        /// An address that may end in `{{1}}`.
        case url(text: String, url: String)
    }

    public var name: String
    public var language: String
    public var category: Category
    /// `APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, …
    public var status: String
    public var header: Header?
    /// With `{{1}}`, `{{2}}`, … or `{{name}}`.
    public var body: String
    public var footer: String?
    public var buttons: [Button]

    public init(
        name: String, language: String = "en_US", category: Category = .utility, status: String = "APPROVED", header: Header? = nil,
        body: String, footer: String? = nil, buttons: [Button] = []
    ) {
        self.name = name
        self.language = language
        self.category = category
        self.status = status
        self.header = header
        self.body = body
        self.footer = footer
        self.buttons = buttons
    }

    var id: String { "\(name).\(language)" }

    /// The parameters of a text in the order of their first use.
    static func placeholders(in text: String) -> [String] {
        var names: [String] = []
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let name = rest[open.upperBound..<close.lowerBound].filter { $0 != " " }
            if !name.isEmpty, !names.contains(name) { names.append(name) }
            rest = rest[close.upperBound...]
        }
        return names
    }

    /// The text with its parameters filled in.
    static func fill(_ text: String, _ values: [String: String]) -> String {
        values.reduce(text) { $0.replacing("{{\($1.key)}}", with: $1.value) }
    }

    /// What a fresh emulator has: one of each kind.
    public static let samples: [EmulatedTemplate] = [
        EmulatedTemplate(name: "hello_world", body: "Welcome and congratulations!"),
        EmulatedTemplate(
            name: "appointment_reminder", body: "Hello {{1}}, a reminder: {{2}}.", footer: "Reply STOP to opt out",
            buttons: [.quickReply("Confirm"), .quickReply("Change")]),
        EmulatedTemplate(name: "appointment_reminder", language: "de", body: "Hallo {{1}}, zur Erinnerung: {{2}}."),
        EmulatedTemplate(name: "document_ready", header: .document, body: "Hello {{1}}, your document \"{{2}}\" is ready."),
        EmulatedTemplate(
            name: "options_ready", header: .text("Options for {{1}}"), body: "Hello {{1}}, there are {{2}} options to choose from.",
            buttons: [.url(text: "See them", url: "https://plans.example.org/{{1}}")]),
        EmulatedTemplate(name: "named_update", body: "Hello {{first_name}}, news about {{subject}}: {{news}}"),
        EmulatedTemplate(name: "spring_offer", category: .marketing, header: .image, body: "Spring is here, {{1}}."),
        EmulatedTemplate(name: "waiting_for_review", status: "PENDING", body: "Hello {{1}}."),
        EmulatedTemplate(name: "paused_for_quality", status: "PAUSED", body: "Hello {{1}}."),
        EmulatedTemplate(name: "rejected_text", status: "REJECTED", body: "Hello {{1}}."),
    ]
}
