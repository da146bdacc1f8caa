import Core
import Logging
import Observability

/// What becomes of the requests of one provider's webhooks, for the metrics and the log; never what is in them.
struct WebhookTally: Sendable {
    /// As in the label `provider`.
    let provider: String
    let metrics: EngineMetrics

    /// Counts a request that is turned away.
    func refuse(_ reason: WebhookRefusal) -> Refusal {
        metrics.webhooks.refused[provider, reason.rawValue].increment()
        return .forbidden
    }

    func count(_ result: WebhookResult, _ number: Int = 1) {
        metrics.webhooks.events[provider, result.rawValue].increment(by: Int64(number))
    }

    /// - Parameter kinds: names of what was not understood.
    func countNotUnderstood(_ kinds: [String], _ incoming: Incoming) {
        guard !kinds.isEmpty else { return }
        count(.notUnderstood, kinds.count)
        incoming.logger.notice(
            "webhook_not_understood",
            metadata: [
                "provider": "\(provider)", "request_id": "\(incoming.requestID)", "kinds": "\(kinds.prefix(10).joined(separator: ", "))",
            ])
    }

    /// Does what makes reports durable; where the store is away the provider has to come again, and that is counted.
    func storing<Value: Sendable>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch {
            count(.storeAway)
            throw error
        }
    }
}

/// Why a webhook's request was turned away; a metric's label.
enum WebhookRefusal: String, CaseIterable {
    case notConfigured = "not_configured"
    case signature
    case account
    case verifyToken = "verify_token"
    /// Signed too long ago.
    case expired
}

/// What became of what a provider told; a metric's label.
enum WebhookResult: String, CaseIterable {
    case taken
    case reply
    case template
    case preference
    case notUnderstood = "not_understood"
    case storeAway = "store_away"
}
