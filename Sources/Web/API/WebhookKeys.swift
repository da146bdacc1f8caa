import Crypto

/// By what requests to the providers' webhooks are known to come from them.
public struct WebhookKeys: Sendable {
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

    /// Nil: nothing that claims to be from there is believed.
    public var twilio: Twilio?
    public var whatsApp: WhatsApp?

    public init(twilio: Twilio? = nil, whatsApp: WhatsApp? = nil) {
        self.twilio = twilio
        self.whatsApp = whatsApp
    }
}

/// Why a webhook's request was turned away; a metric's label.
enum WebhookRefusal: String {
    case notConfigured = "not_configured"
    case signature
    case account
    case verifyToken = "verify_token"
}

/// Comparison of secrets.
enum Secret {
    /// Takes the same time wherever they differ: digests compare so.
    static func equal(_ a: String, _ b: String) -> Bool {
        SHA256.hash(data: Array(a.utf8)) == SHA256.hash(data: Array(b.utf8))
    }
}
