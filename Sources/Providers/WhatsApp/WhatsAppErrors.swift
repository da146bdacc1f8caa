import Core

/// The Cloud API's error codes and what each means for us. The code decides, never the HTTP status, which changed over time.
public enum WhatsAppErrors {
    /// Nil for a code that is not listed: the HTTP status decides then.
    public static func rule(_ code: Int) -> ProviderErrorRule? {
        (200...299).contains(code) ? permission : rules[code]
    }

    /// What a `failed` status means; a code that we do not know is for good.
    public static func reported(_ code: Int?) -> ProviderErrorRule {
        guard let code else { return ProviderErrorRule(.permanent, "not delivered; WhatsApp does not say why") }
        return rule(code) ?? ProviderErrorRule(.permanent, "not delivered")
    }

    static let rules: [Int: ProviderErrorRule] = access.merging(limits) { $1 }.merging(outages) { $1 }.merging(recipient) { $1 }
        .merging(content) { $1 }.merging(registration) { $1 }

    private static let token = "check WHATSAPP_ACCESS_TOKEN"
    private static let console = "see the WhatsApp Manager"
    private static let permission = ProviderErrorRule(.authFailure, "a permission is missing or was taken away", advice: token)

    /// Blocked accounts count as refused credentials: nothing will get through on this channel until a person acts.
    private static let access: [Int: ProviderErrorRule] = [
        0: ProviderErrorRule(.authFailure, "authentication failed", advice: token),
        3: ProviderErrorRule(.authFailure, "the app may not do this", advice: token),
        10: permission,
        190: ProviderErrorRule(.authFailure, "the access token has expired or is not valid", advice: token),
        368: ProviderErrorRule(.authFailure, "the account is blocked for a while for breaking the rules", advice: console),
        131005: ProviderErrorRule(.authFailure, "access denied", advice: token),
        131031: ProviderErrorRule(.authFailure, "the account is locked", advice: console),
    ]

    private static let limits: [Int: ProviderErrorRule] = [
        4: ProviderErrorRule(.rateLimit, "the app's calls are used up"),
        80007: ProviderErrorRule(.rateLimit, "the account's calls are used up"),
        130429: ProviderErrorRule(.rateLimit, "the number's throughput is used up"),
        131048: ProviderErrorRule(.rateLimit, "sending is restricted because of quality or spam", advice: console, retryAfter: 3600),
        131056: ProviderErrorRule(.rateLimit, "too many messages to this recipient", retryAfter: 6, concernsMessage: true),
        131064: ProviderErrorRule(.rateLimit, "sending is limited: templates in the wrong category", advice: console, retryAfter: 3600),
        132069: ProviderErrorRule(.rateLimit, "the flow is throttled", retryAfter: 3600),
        133008: ProviderErrorRule(.rateLimit, "too many wrong PINs", advice: console, retryAfter: 3600),
        133009: ProviderErrorRule(.rateLimit, "the PIN was entered too fast", advice: console, retryAfter: 600),
        133015: ProviderErrorRule(.rateLimit, "the number was deleted a moment ago", retryAfter: 300),
        133016: ProviderErrorRule(.rateLimit, "too many registrations", advice: console, retryAfter: 3600),
    ]

    private static let outages: [Int: ProviderErrorRule] = [
        1: ProviderErrorRule(.transient, "an unknown error of the API", outcomeUnknown: true),
        2: ProviderErrorRule(.transient, "the API is down or overloaded"),
        131000: ProviderErrorRule(.transient, "something went wrong at WhatsApp"),
        131016: ProviderErrorRule(.transient, "the service is not available"),
        131052: ProviderErrorRule(.transient, "the media could not be fetched", concernsMessage: true),
        131057: ProviderErrorRule(.transient, "the account is being maintained"),
        133000: ProviderErrorRule(.transient, "the number's registration is incomplete"),
        133004: ProviderErrorRule(.transient, "the server is not available for a moment"),
    ]

    /// Withheld messages (131049, 130472) are not tried again: the person's next channel is worth more than a wait of a day.
    private static let recipient: [Int: ProviderErrorRule] = [
        130472: ProviderErrorRule(.permanent, "the recipient is in an experiment of WhatsApp's"),
        130497: ProviderErrorRule(.permanent, "the account may not send to the recipient's country"),
        131021: ProviderErrorRule(.invalidInput, "recipient and sender are the same"),
        131026: ProviderErrorRule(.permanent, "undeliverable: not on WhatsApp, or an old version"),
        131030: ProviderErrorRule(.permanent, "a test number reaches listed recipients only", advice: "add the recipient to its list"),
        131047: ProviderErrorRule(.permanent, "the 24-hour window is closed", advice: "map a template", consequence: .windowClosed),
        131049: ProviderErrorRule(.permanent, "withheld by WhatsApp for the sake of the recipient's peace"),
        131050: ProviderErrorRule(.permanent, "the recipient has stopped marketing messages", consequence: .marketingOptedOut),
        131062: ProviderErrorRule(.invalidInput, "this kind of message can not go to a recipient without a number"),
        137000: ProviderErrorRule(.permanent, "the recipient's identity has changed"),
    ]

    private static let content: [Int: ProviderErrorRule] = [
        100: ProviderErrorRule(.invalidInput, "a parameter is not valid"),
        131008: ProviderErrorRule(.invalidInput, "a parameter is missing"),
        131009: ProviderErrorRule(.invalidInput, "a parameter's value is not valid"),
        131051: ProviderErrorRule(.invalidInput, "this kind of message is not supported"),
        131053: ProviderErrorRule(.invalidInput, "the media could not be uploaded or are of a wrong kind"),
        131063: ProviderErrorRule(.permanent, "marketing templates are switched off", advice: console),
        132000: ProviderErrorRule(.invalidInput, "the template wants another number of parameters", advice: "mend the template's mapping"),
        132001: ProviderErrorRule(.invalidInput, "the template does not exist or is not approved", advice: "mend the template's mapping"),
        132005: ProviderErrorRule(.invalidInput, "the filled-in template is too long"),
        132007: ProviderErrorRule(.permanent, "the template's content breaks the rules", advice: console),
        132008: ProviderErrorRule(.invalidInput, "a parameter of the template has the wrong form", advice: "mend the template's mapping"),
        132012: ProviderErrorRule(.invalidInput, "a parameter of the template has the wrong form", advice: "mend the template's mapping"),
        132015: ProviderErrorRule(.permanent, "the template is paused because of its quality", advice: console),
        132016: ProviderErrorRule(.permanent, "the template is switched off for good", advice: console),
        132068: ProviderErrorRule(.permanent, "the flow is blocked", advice: console),
        135000: ProviderErrorRule(.invalidInput, "the request is not valid"),
    ]

    private static let registration: [Int: ProviderErrorRule] = [
        33: ProviderErrorRule(.invalidInput, "the sending number does not exist", advice: "check WHATSAPP_PHONE_NUMBER_ID"),
        131037: ProviderErrorRule(.permanent, "the display name is not approved", advice: console),
        131042: ProviderErrorRule(.permanent, "there is a problem with the payment", advice: console),
        131045: ProviderErrorRule(.permanent, "the number is not registered", advice: console),
        133005: ProviderErrorRule(.permanent, "the PIN does not match", advice: console),
        133006: ProviderErrorRule(.permanent, "the number has to be verified again", advice: console),
        133010: ProviderErrorRule(.permanent, "the number is not registered", advice: console),
        134011: ProviderErrorRule(.permanent, "the terms of payments were not accepted", advice: console),
    ]
}
