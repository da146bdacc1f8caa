import Providers

/// By what requests to the providers' webhooks are known to come from them.
public struct WebhookKeys: Sendable {
    /// The account that signs, and its secrets.
    public struct Twilio: Sendable {
        public var account: String
        public var token: String
        /// Secrets by key id, for signatures in the SHA-256 form.
        public var sharedKeys: [String: String]

        public init(account: String, token: String, sharedKeys: [String: String] = [:]) {
            self.account = account
            self.token = token
            self.sharedKeys = sharedKeys
        }
    }

    /// The app's secrets and our number.
    public struct WhatsApp: Sendable {
        public var appSecret: String
        public var verifyToken: String
        public var phoneNumberID: String

        public init(appSecret: String, verifyToken: String, phoneNumberID: String) {
            self.appSecret = appSecret
            self.verifyToken = verifyToken
            self.phoneNumberID = phoneNumberID
        }
    }

    /// The SNS topics that Amazon SES tells us by.
    public struct SES: Sendable {
        public var topics: Set<String>
        public var verifier: SNSVerifier

        public init(topics: Set<String>, verifier: SNSVerifier) {
            self.topics = topics
            self.verifier = verifier
        }
    }

    /// Nil: nothing that claims to be from there is believed.
    public var twilio: Twilio?
    public var whatsApp: WhatsApp?
    public var ses: SES?
    public var sendGrid: SendGridSignature?
    /// The key that signs.
    public var mailgun: String?
    /// The password of its webhooks.
    public var postmark: String?

    public init(twilio: Twilio? = nil, whatsApp: WhatsApp? = nil) {
        self.twilio = twilio
        self.whatsApp = whatsApp
    }
}
