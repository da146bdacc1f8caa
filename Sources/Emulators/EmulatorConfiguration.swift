/// How the emulators present themselves.
public struct EmulatorConfiguration: Sendable {
    public var host = "127.0.0.1"
    /// 0: any free one.
    public var port = 0
    public var latency: EmulatedLatency = .realistic
    /// Where the product is reached, as it names itself in its own callback addresses. Without it nobody can reply by SMS or WhatsApp,
    /// and WhatsApp reports no statuses; SMS statuses go to the address that each message brings.
    public var callbackURL: String?
    /// Connects here (`http://127.0.0.1:8080`) for every callback, whatever host the callback's address names; signatures are still over
    /// the address as it was given. For a product that names itself by a public address which this machine can not reach.
    public var connectTo: String?
    public var callbacks = CallbackHabits()
    /// Messages kept; the oldest make room.
    public var capacity = 10_000
    public var twilio = TwilioAccount()
    public var whatsApp = WhatsAppAccount()
    public var oidc = OIDCAccount()

    public init() {}
}

/// Disturbances that every message's callbacks suffer, as the real providers allow themselves.
public struct CallbackHabits: Sendable, Hashable {
    /// Every callback is sent this many times; at least once.
    public var copies = 1
    /// Final statuses first.
    public var shuffled = false
    /// The first callback before the answer to the sending request.
    public var early = false
    /// Seconds added before the first callback.
    public var delay: Double = 0
    /// Callbacks at work at the same time.
    public var concurrency = 64

    public init() {}
}

/// The one account of the Twilio emulator.
public struct TwilioAccount: Sendable {
    public var accountSID = "AC" + String(repeating: "0", count: 31) + "1"
    public var authToken = "emulator-auth-token"
    /// API keys by their SID; accepted beside the account's own token.
    public var apiKeys: [String: String] = [:]
    /// Senders that belong to the account; nil: every well-formed one does.
    public var senders: Set<String>?
    /// The sender that messaging services pick.
    public var serviceSender = "+15005550006"
    /// Stop words that reply to a sender make it refuse further messages (21610), as Twilio does by default.
    public var handlesStopWords = true
    /// Inbound messages with stop words carry `OptOutType`, as with Advanced Opt-Out.
    public var advancedOptOut = false

    public init() {}
}

/// The one business of the WhatsApp emulator.
public struct WhatsAppAccount: Sendable {
    /// Ids of the sending numbers; the first one is named where one is needed.
    public var phoneNumberIDs = ["100000000000001"]
    public var businessAccountID = "200000000000001"
    public var displayPhoneNumber = "15005550006"
    public var accessToken = "emulator-access-token"
    public var appSecret = "emulator-app-secret"
    public var verifyToken = "emulator-verify-token"
    public var window: WindowRule = .failsLater
    /// People read what was delivered to them.
    public var reads = false

    /// What free text to somebody who has not written within 24 hours leads to.
    public enum WindowRule: String, Sendable, CaseIterable {
        /// Taken, then `failed` with 131047: what the platform does as a rule.
        case failsLater = "later"
        /// Refused at once with 131047.
        case refused
        /// Delivered: nobody looks at the window.
        case open
    }

    public init() {}

    /// Of the number that is named where one is needed.
    public var phoneNumberID: String { phoneNumberIDs.first ?? "" }
}
