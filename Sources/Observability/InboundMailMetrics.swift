/// Mail that came to our return addresses.
public struct InboundMailMetrics: Sendable {
    /// What it was, or why nothing came of it.
    public static let results = [
        "hard_bounce", "soft_bounce", "refused", "delayed", "delivered", "complaint", "unsubscribe", "automatic_reply", "letter",
        "unknown_message", "not_ours", "store_away",
    ]

    /// `rapport_inbound_mail_total{result}`.
    public let mails: CounterTable
    /// `rapport_inbound_turned_away_total`: connections that there was no room for.
    public let turnedAway: CounterMetric

    init(registry: MetricsRegistry) {
        mails = CounterTable(
            registry, name: "rapport_inbound_mail_total", help: "Mail to our return addresses, by what it was.",
            labels: [("result", Self.results)])
        turnedAway = registry.counter("rapport_inbound_turned_away_total", help: "Inbound mail connections that there was no room for.")
    }
}
