/// A WhatsApp message's content, before it takes the form of the Cloud API.
public enum WhatsAppContent: Sendable, Hashable {
    /// Free text; only inside the 24-hour window.
    case text(String)
    /// A template that WhatsApp approved; at any time.
    case template(Template)
    /// The message's first attachment with the text as its caption; only inside the 24-hour window.
    case media(Media)

    /// A file and what stands under it.
    public struct Media: Sendable, Hashable {
        /// The kinds of files that messages of ours carry.
        public enum Kind: String, Sendable, Hashable {
            case document, image
        }

        public var kind: Kind
        /// At most 1,024 characters; nil where there is no text.
        public var caption: String?

        public init(kind: Kind, caption: String?) {
            self.kind = kind
            self.caption = caption
        }
    }

    /// An approved template with its parameters filled in.
    public struct Template: Sendable, Hashable {
        public var name: String
        /// As WhatsApp writes it: `en_US`, `de`.
        public var language: String
        public var header: Header?
        public var body: [Parameter]
        public var buttons: [Button]

        public init(name: String, language: String, header: Header? = nil, body: [Parameter] = [], buttons: [Button] = []) {
            self.name = name
            self.language = language
            self.header = header
            self.body = body
            self.buttons = buttons
        }
    }

    /// What stands above the body.
    public enum Header: Sendable, Hashable {
        case text(Parameter)
        /// The message's first attachment.
        case document
        case image
    }

    /// What fills one placeholder.
    public struct Parameter: Sendable, Hashable {
        /// For templates with named parameters; nil for positional ones.
        public var name: String?
        public var text: String

        public init(name: String? = nil, text: String) {
            self.name = name
            self.text = text
        }
    }

    /// What fills a button; `index` counts the template's buttons from 0.
    public enum Button: Sendable, Hashable {
        case quickReply(index: Int, payload: String)
        case url(index: Int, suffix: String)
    }
}
