/// What providers tell us by webhook, and who else tries to.
public struct WebhookMetrics: Sendable {
    /// Those who call our webhooks.
    public static let providers = ["twilio", "whatsapp", "ses", "sendgrid", "mailgun", "postmark"]
    /// Why a request to a webhook was turned away.
    public static let refusals = ["not_configured", "signature", "account", "verify_token", "expired"]
    /// What became of what a provider told.
    public static let results = ["taken", "reply", "template", "preference", "not_understood", "store_away"]

    /// `rapport_webhooks_refused_total{provider,reason}`: requests that were turned away without effect.
    public let refused: CounterTable
    /// `rapport_webhook_events_total{provider,result}`: what providers told, by what became of it.
    public let events: CounterTable

    init(registry: MetricsRegistry) {
        refused = CounterTable(
            registry, name: "rapport_webhooks_refused_total", help: "Webhook requests turned away without effect.",
            labels: [("provider", Self.providers), ("reason", Self.refusals)])
        events = CounterTable(
            registry, name: "rapport_webhook_events_total", help: "What providers told, by what became of it.",
            labels: [("provider", Self.providers), ("result", Self.results)])
    }
}
