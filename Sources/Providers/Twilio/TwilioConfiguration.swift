/// One account at Twilio.
public struct TwilioConfiguration: Sendable {
    public static let standardURL = "https://api.twilio.com"

    /// `AC…`; stands in every path, whatever authenticates.
    public var accountSID: String
    /// The account's SID or that of an API key (`SK…`).
    public var username: String
    /// The auth token or the API key's secret.
    public var password: String
    /// Without a slash at its end.
    public var url: String
    /// Where Twilio tells what became of a message; nil for nowhere.
    public var statusCallback: String?
    /// Seconds for which Twilio may keep a message in its queue, 1…36000; nil for its own ten hours.
    public var validity: Int?
    /// For a whole exchange.
    public var timeout: Duration

    public init(
        accountSID: String, username: String, password: String, url: String = standardURL, statusCallback: String? = nil,
        validity: Int? = nil, timeout: Duration = .seconds(15)
    ) {
        self.accountSID = accountSID
        self.username = username
        self.password = password
        self.url = url
        self.statusCallback = statusCallback
        self.validity = validity
        self.timeout = timeout
    }
}
