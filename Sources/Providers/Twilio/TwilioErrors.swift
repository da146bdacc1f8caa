import Core

/// Twilio's error codes, refused at once or told later, and what each means for us.
public enum TwilioErrors {
    /// The rule for a code that we know.
    public static func rule(_ code: Int) -> ProviderErrorRule? { rules[code] }

    /// What a status callback's `ErrorCode` means; a code that we do not know is for good.
    public static func reported(_ code: Int?) -> ProviderErrorRule {
        guard let code else { return ProviderErrorRule(.permanent, "not delivered; Twilio does not say why") }
        return rules[code] ?? ProviderErrorRule(.permanent, "not delivered")
    }

    static let rules: [Int: ProviderErrorRule] = account.merging(request) { $1 }.merging(delivery) { $1 }.merging(channels) { $1 }

    private static let credentials = "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN (or the API key)"
    private static let sender = "check TWILIO_FROM_NUMBER"
    private static let stopped = "the recipient has told this sender to stop"
    private static let minutes = 600

    private static let account: [Int: ProviderErrorRule] = [
        20003: ProviderErrorRule(.authFailure, "authentication failed", advice: credentials),
        20005: ProviderErrorRule(.authFailure, "the account is not active", advice: "see the Twilio console"),
        20404: ProviderErrorRule(.invalidInput, "not found", advice: "check TWILIO_ACCOUNT_SID and TWILIO_API_URL"),
        20429: ProviderErrorRule(.rateLimit, "too many requests at once"),
        20500: ProviderErrorRule(.transient, "Twilio's own error", outcomeUnknown: true),
        30002: ProviderErrorRule(.authFailure, "the account is suspended", advice: "see the Twilio console"),
    ]

    private static let request: [Int: ProviderErrorRule] = [
        21211: ProviderErrorRule(.invalidInput, "the recipient's number is not valid"),
        21212: ProviderErrorRule(.invalidInput, "the sender is not valid", advice: sender),
        21219: ProviderErrorRule(.permanent, "a trial account reaches verified numbers only", advice: "upgrade the account"),
        21408: ProviderErrorRule(.permanent, "no permission to send to that region", advice: "allow it in the Twilio console"),
        21602: ProviderErrorRule(.invalidInput, "the message has no text"),
        21603: ProviderErrorRule(.invalidInput, "the sender is missing", advice: sender),
        21604: ProviderErrorRule(.invalidInput, "the recipient is missing"),
        21606: ProviderErrorRule(.invalidInput, "the sender can not send SMS or is not this account's", advice: sender),
        21608: ProviderErrorRule(.permanent, "a trial account reaches verified numbers only", advice: "upgrade the account"),
        21610: ProviderErrorRule(.permanent, stopped, consequence: .optedOut),
        21611: ProviderErrorRule(.rateLimit, "the sender's queue at Twilio is full", retryAfter: minutes),
        21612: ProviderErrorRule(.permanent, "the recipient can not be reached from this sender"),
        21614: ProviderErrorRule(.permanent, "the recipient's number takes no SMS"),
        21617: ProviderErrorRule(.invalidInput, "the text is longer than 1600 characters"),
        21619: ProviderErrorRule(.invalidInput, "the message has neither text nor media"),
        21620: ProviderErrorRule(.invalidInput, "an address of media is not valid"),
        21623: ProviderErrorRule(.invalidInput, "too many media"),
        21703: ProviderErrorRule(.invalidInput, "the messaging service has no sender", advice: "add one in the Twilio console"),
        21705: ProviderErrorRule(.invalidInput, "the messaging service is not valid", advice: sender),
    ]

    private static let delivery: [Int: ProviderErrorRule] = [
        11751: ProviderErrorRule(.invalidInput, "the media are too large or can not be fetched"),
        14107: ProviderErrorRule(.rateLimit, "too many messages between two numbers", retryAfter: 30, concernsMessage: true),
        14109: ProviderErrorRule(.permanent, "too many answers to one message"),
        30001: ProviderErrorRule(.rateLimit, "the queue at Twilio is full", retryAfter: minutes),
        30003: ProviderErrorRule(.transient, "the handset can not be reached"),
        30004: ProviderErrorRule(.permanent, "blocked by the recipient or the carrier"),
        30005: ProviderErrorRule(.permanent, "the number is unknown or no longer active", consequence: .addressDead),
        30006: ProviderErrorRule(.permanent, "a landline, or a carrier that can not be reached"),
        30007: ProviderErrorRule(.permanent, "filtered as spam", advice: "change the text; do not repeat it"),
        30008: ProviderErrorRule(.transient, "an error of the carrier"),
        30010: ProviderErrorRule(.permanent, "the price is above the limit set"),
        30019: ProviderErrorRule(.invalidInput, "the content is too large"),
        30022: ProviderErrorRule(.rateLimit, "the campaign's rate is used up"),
        30023: ProviderErrorRule(.rateLimit, "the campaign's day is used up", retryAfter: 3600),
        30032: ProviderErrorRule(.permanent, "the toll-free number is not verified", advice: "verify it in the Twilio console"),
        30034: ProviderErrorRule(.permanent, "the sender is not registered (A2P 10DLC)", advice: "register it in the Twilio console"),
        30036: ProviderErrorRule(.transient, "it waited longer than its validity"),
        30410: ProviderErrorRule(.transient, "the carrier did not answer in time"),
        30450: ProviderErrorRule(.permanent, "blocked by the protection against SMS pumping"),
    ]

    /// Twilio's own WhatsApp and other channels.
    private static let channels: [Int: ProviderErrorRule] = [
        63003: ProviderErrorRule(.permanent, "the recipient is not on this channel"),
        63005: ProviderErrorRule(.invalidInput, "the channel refused the content"),
        63016: ProviderErrorRule(.permanent, "the 24-hour window is closed", consequence: .windowClosed),
        63017: ProviderErrorRule(.rateLimit, "the account's rate is used up"),
        63018: ProviderErrorRule(.rateLimit, "the channel's rate is used up"),
        63021: ProviderErrorRule(.invalidInput, "the channel refused the content"),
        63024: ProviderErrorRule(.permanent, "the recipient is not valid on this channel"),
        63038: ProviderErrorRule(.rateLimit, "the account's day is used up", retryAfter: 3600),
    ]
}
