import HTTPTypes

/// Header fields that the HTTP library does not name.
extension HTTPField.Name {
    /// A literal that is a token: the initializer fails only on characters outside RFC 9110's `token`.
    private static func known(_ name: StaticString) -> HTTPField.Name {
        HTTPField.Name("\(name)") ?? .server
    }

    static let requestID = known("X-Request-Id")
    static let contentTypeOptions = known("X-Content-Type-Options")
    static let twilioSignature = known("X-Twilio-Signature")
    static let twilioSignatureSettings = known("X-Twilio-Webhooks-Signature-Settings")
    static let hubSignature = known("X-Hub-Signature-256")
    static let sendGridSignature = known("X-Twilio-Email-Event-Webhook-Signature")
    static let sendGridTimestamp = known("X-Twilio-Email-Event-Webhook-Timestamp")
    static let idempotencyKey = known("Idempotency-Key")
    static let idempotencyReplayed = known("Idempotency-Replayed")
    static let contentSecurityPolicy = known("Content-Security-Policy")
    static let referrerPolicy = known("Referrer-Policy")
    static let robots = known("X-Robots-Tag")
    static let erasureReceipt = known("Erasure-Receipt")
    static let fetchSite = known("Sec-Fetch-Site")
    static let crossOriginResourcePolicy = known("Cross-Origin-Resource-Policy")
    static let forwardedFor = known("X-Forwarded-For")
    static let rateLimit = known("RateLimit")
    static let rateLimitPolicy = known("RateLimit-Policy")
    static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
}
