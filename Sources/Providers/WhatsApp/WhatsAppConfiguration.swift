/// One business number on the Cloud API.
public struct WhatsAppConfiguration: Sendable {
    public static let standardURL = "https://graph.facebook.com/v25.0"

    public var phoneNumberID: String
    public var accessToken: String
    /// Needed for the list of templates only.
    public var businessAccountID: String?
    /// With the version, without a slash at its end.
    public var url: String
    /// For a whole exchange; uploads get four times as much.
    public var timeout: Duration

    public init(
        phoneNumberID: String, accessToken: String, businessAccountID: String? = nil, url: String = standardURL,
        timeout: Duration = .seconds(15)
    ) {
        self.phoneNumberID = phoneNumberID
        self.accessToken = accessToken
        self.businessAccountID = businessAccountID
        self.url = url
        self.timeout = timeout
    }
}
