import Core

/// An answer that is no success. The code decides; the HTTP status only where there is none.
struct WhatsAppAnswer {
    let status: Int
    let code: Int?
    private let isTransient: Bool
    private let words: String?
    private let retryAfter: Int?

    init(_ response: SafeHTTP.Response, now: Timestamp) {
        status = response.status
        retryAfter = RetryAfter.seconds(response.header("Retry-After"), now: now)
        guard let error = try? JSONDocument(parsing: response.body).root["error"], error.kind == .object else {
            code = nil
            isTransient = false
            words = nil
            return
        }
        code = error["code"]?.int64.flatMap { (0...999_999).contains($0) ? Int($0) : nil }
        isTransient = error["is_transient"]?.bool == true
        // Sometimes an object with details, sometimes a string.
        let data = error["error_data"]
        words = data?["details"]?.string ?? data?.string ?? error["message"]?.string
    }

    /// - Parameter secrets: never stand in the failure's text.
    func failure(without secrets: [String]) -> ProviderFailure {
        let scrubbed = words.map { ProviderText.scrubbed($0, without: secrets) }
        if let code, let rule = WhatsAppErrors.rule(code) {
            return ProviderFailure(
                rule, provider: WhatsAppClient.provider, code: code, retryAfter: retryAfter,
                words: rule.category == .invalidInput ? scrubbed : nil)
        }
        return ProviderFailure(byStatus, provider: WhatsAppClient.provider, code: code, retryAfter: retryAfter, words: scrubbed)
    }

    private var byStatus: ProviderErrorRule {
        switch status {
        case 401, 403: ProviderErrorRule(.authFailure, "HTTP \(status)", advice: "check WHATSAPP_ACCESS_TOKEN")
        case 408, 425: ProviderErrorRule(.transient, "HTTP \(status)")
        case 429: ProviderErrorRule(.rateLimit, "HTTP 429")
        case 300...399: ProviderErrorRule(.transient, "HTTP \(status), a redirect", advice: "check WHATSAPP_API_URL")
        case 400...499: ProviderErrorRule(isTransient ? .transient : .invalidInput, "HTTP \(status)")
        default: ProviderErrorRule(.transient, "HTTP \(status)", outcomeUnknown: true)
        }
    }
}
