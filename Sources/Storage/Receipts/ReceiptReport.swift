import Core

/// One thing that a provider told, or failed to tell in time, on its way into the record.
struct ReceiptReport {
    var event: ReceiptEvent
    /// What the provider's word says of the status; nil where it says nothing.
    var told: StatusEvent?
    var provider: String
    var messageID: String
    /// The provider's own word.
    var word: String
    var at: Timestamp?
    var reference: CommunicationID?
    var failure: ProviderEvent.Failure?
    /// For `overdue`: how long was waited.
    var seconds: Int?
    /// Its row among those that waited to be understood.
    var stored: UUIDv7?

    /// The most that is kept of a provider's words.
    private static let longestID = 256
    private static let longestWord = 64
    private static let longestMessage = 1_000

    /// Nil where the message has no name that could be one.
    init?(_ event: ProviderEvent) {
        let id = event.providerMessageID
        guard !id.isEmpty, id.utf8.count <= Self.longestID, Self.isPlain(id) else { return nil }
        self.event = event.event.map(ReceiptEvent.told) ?? .told(.complained)
        told = event.event
        provider = event.provider
        messageID = id
        word = Self.clean(event.word, longest: Self.longestWord)
        at = event.at
        reference = event.reference
        failure = event.failure
        failure?.message = Self.clean(event.failure?.message ?? "", longest: Self.longestMessage)
    }

    /// Silence about the message until now.
    init(overdue seconds: Int, provider: String, messageID: String) {
        event = .overdue
        self.provider = provider
        self.messageID = messageID
        word = "overdue"
        self.seconds = seconds
    }

    /// What is said of it in the log: the failure's code and message.
    var details: String? {
        if let seconds { return "no delivery receipt within \(seconds) s" }
        guard let failure else { return nil }
        guard let code = failure.code else { return failure.message }
        return failure.message.isEmpty ? "\(code)" : "\(code): \(failure.message)"
    }

    /// Of the provider, where the message itself is not known.
    var channel: Channel {
        switch provider {
        case "smtp": .email
        case "whatsapp": .whatsapp
        default: .sms
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// Control characters fall out, among them U+0000, which PostgreSQL refuses.
    private static func clean(_ text: String, longest: Int) -> String {
        if text.utf8.count <= longest, isPlain(text) { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(longest)))
    }
}

extension ReceiptReport {
    static let storedColumns: SQL = """
        e.event_id, e.provider, e.provider_message_id, e.word, e.event, e.happened_at, e.reference, e.failure_category, e.failure_code,
        e.failure_message, e.failure_consequence
        """

    /// Reads a row of ``storedColumns``; nil where its message has no usable name.
    init?(stored row: Row) throws(DatabaseError) {
        var failure: ProviderEvent.Failure?
        if let category = try row.textOrNil(7).flatMap(ErrorCategory.init) {
            failure = ProviderEvent.Failure(
                category: category, code: try row.intOrNil(8), message: try row.textOrNil(9) ?? "",
                consequence: try row.textOrNil(10).flatMap(FailureConsequence.init))
        }
        self.init(
            ProviderEvent(
                provider: try row.text(1), providerMessageID: try row.text(2), word: try row.text(3),
                event: try row.textOrNil(4).flatMap(StatusEvent.init), at: try row.timeOrNil(5), reference: try row.uuidOrNil(6),
                failure: failure))
        stored = try row.uuid(0)
    }
}
