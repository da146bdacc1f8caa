/// What a person is answered in the response to the webhook itself (Twilio: TwiML).
public struct ReplyAnswer: Sendable, Hashable {
    /// Nil: nothing.
    public var text: String?

    public init(text: String?) {
        self.text = text
    }
}

/// Who answers the keywords on SMS that Twilio acts on by itself (`TWILIO_OPT_OUT_REPLIES`).
public enum OptOutReplies: String, Sendable, Hashable, CaseIterable {
    /// Twilio confirms, as its numbers do unless told otherwise; a second answer would be one too many.
    case twilio
    /// Twilio's own handling is switched off for the account.
    case rapport
}
