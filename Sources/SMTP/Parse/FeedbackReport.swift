/// A complaint in the Abuse Reporting Format (RFC 5965); all of it in the words of whoever wrote it.
public struct FeedbackReport: Sendable, Hashable {
    /// In lower case: `abuse`, `fraud`, `virus`, `other`, `not-spam`, `opt-out`, or something else.
    public var type: String
    public var userAgent: String?
    /// The envelope sender of the message that is complained about.
    public var originalSender: String?
    /// Often left out.
    public var originalRecipients: [String]

    /// Reads the part that holds it; nil where a message has none.
    public init?(in message: ParsedMessage) {
        guard let part = message.allParts.first(where: { $0.contentType.mediaType == "message/feedback-report" }) else { return nil }
        let block = HeaderBlock(part.decodedBody(limit: 1 << 16)[...], limits: ParseLimits(headers: 100))
        func value(_ name: String) -> String? { block.headers.first { $0.name == name }?.value }
        // Some leave the type out; a report that says nothing else is one of abuse.
        type = value("feedback-type")?.lowercased() ?? "abuse"
        userAgent = value("user-agent")
        originalSender = value("original-mail-from")
        originalRecipients = block.headers.filter { $0.name == "original-rcpt-to" || $0.name == "removal-recipient" }.prefix(20).map(
            \.value)
    }
}
