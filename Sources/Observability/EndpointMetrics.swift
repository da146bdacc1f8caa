/// Events on their way to the businesses' endpoints.
public struct EndpointMetrics: Sendable {
    /// `rapport_event_deliveries_total{result}`: attempts at endpoints that were `delivered`, will be `retried` or have `failed`.
    public let deliveries: CounterTable
    /// `rapport_event_queue_depth`: events that wait for an enabled endpoint.
    public let queueDepth: GaugeMetric
    /// `rapport_event_oldest_seconds`: how long the oldest of them has waited.
    public let oldest: GaugeMetric
    /// `rapport_event_endpoints_disabled_total`: endpoints switched off because nothing got through.
    public let disabled: CounterMetric

    init(registry: MetricsRegistry) {
        deliveries = CounterTable(
            registry, name: "rapport_event_deliveries_total", help: "Attempts at endpoints for events.",
            labels: [("result", ["delivered", "retried", "failed"])])
        queueDepth = registry.gauge("rapport_event_queue_depth", help: "Events that wait for an endpoint.")
        oldest = registry.gauge(
            "rapport_event_oldest_seconds", help: "How long the oldest event that waits for an endpoint has waited; 0 when none does.")
        disabled = registry.counter(
            "rapport_event_endpoints_disabled_total", help: "Endpoints switched off because nothing got through.")
    }
}
