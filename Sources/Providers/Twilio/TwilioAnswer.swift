import Core

/// An answer that is no success, in either of Twilio's shapes or in none.
struct TwilioAnswer {
    let status: Int
    /// Twilio's code; nil where the body has none.
    let code: Int?
    private let words: String?
    private let retryAfter: Int?

    init(_ response: SafeHTTP.Response, now: Timestamp) {
        status = response.status
        retryAfter = RetryAfter.seconds(response.header("Retry-After"), now: now)
        guard let body = try? JSONDocument(parsing: response.body).root, body.kind == .object else {
            code = nil
            words = nil
            return
        }
        let number = body["code"]?.int64 ?? body["code"]?.string.flatMap { Int64($0) }
        code = number.flatMap { (1...999_999).contains($0) ? Int($0) : nil }
        // {"code","message",…} or problem+json with {"title","detail","errors":[{"detail"}]}.
        words =
            body["message"]?.string ?? body["detail"]?.string ?? body["errors"]?.elements.first { $0.kind == .object }?["detail"]?.string
            ?? body["title"]?.string
    }

    /// - Parameters:
    ///   - recipient: never stands in the failure's text, like `body`.
    func failure(recipient: String, body: String) -> ProviderFailure {
        if let code, let rule = TwilioErrors.rule(code) {
            return ProviderFailure(rule, provider: TwilioClient.provider, code: code, retryAfter: retryAfter)
        }
        let scrubbed = words.map { ProviderText.scrubbed($0, without: [recipient, body]) }
        return ProviderFailure(byStatus, provider: TwilioClient.provider, code: code, retryAfter: retryAfter, words: scrubbed)
    }

    /// What the HTTP status alone says.
    private var byStatus: ProviderErrorRule {
        switch status {
        case 401, 403: ProviderErrorRule(.authFailure, "HTTP \(status)", advice: "check the account and its credentials")
        case 408, 425: ProviderErrorRule(.transient, "HTTP \(status)")
        case 429: ProviderErrorRule(.rateLimit, "HTTP 429")
        case 300...399: ProviderErrorRule(.transient, "HTTP \(status), a redirect", advice: "check TWILIO_API_URL")
        case 400...499: ProviderErrorRule(.invalidInput, "HTTP \(status)")
        default: ProviderErrorRule(.transient, "HTTP \(status)", outcomeUnknown: true)
        }
    }
}
