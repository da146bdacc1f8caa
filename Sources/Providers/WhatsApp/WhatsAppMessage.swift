import Core

/// A message for the Cloud API.
public struct WhatsAppMessage: Sendable {
    /// E.164, or the id of a person who hides their number.
    public var to: String
    public var content: WhatsAppContent
    /// The document or image that the content speaks of.
    public var file: File?
    /// Our own id, which comes back in every status webhook.
    public var reference: CommunicationID?
    /// The provider's id of the message that it answers.
    public var repliesTo: String?

    /// The file that the content speaks of.
    public struct File: Sendable, Hashable {
        /// Where WhatsApp has it from.
        public enum Source: Sendable, Hashable {
            /// From ``WhatsAppClient/upload(filename:contentType:bytes:)``.
            case uploaded(id: String)
            /// Fetched by WhatsApp itself.
            case link(String)
        }

        public var source: Source
        public var filename: String?

        public init(source: Source, filename: String?) {
            self.source = source
            self.filename = filename
        }
    }

    public init(
        to: String, content: WhatsAppContent, file: File? = nil, reference: CommunicationID? = nil, repliesTo: String? = nil
    ) {
        self.to = to
        self.content = content
        self.file = file
        self.reference = reference
        self.repliesTo = repliesTo
    }
}

/// What WhatsApp said when it took a message.
public struct WhatsAppReceipt: Sendable, Hashable {
    /// `wamid.…`
    public var id: String
    /// For templates: `accepted`, `held_for_quality_assessment`, `paused`.
    public var status: String?

    public init(id: String, status: String?) {
        self.id = id
        self.status = status
    }
}
