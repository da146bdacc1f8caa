/// What privacy leaves in the numbers.
public struct PrivacyMetrics: Sendable {
    public static let tables = ["communications", "replies", "sandbox_messages", "access_log", "other"]

    /// `rapport_erasures_total`: people erased.
    public let erasures: CounterMetric
    /// `rapport_erasures_open`: scheduled or running.
    public let open: GaugeMetric
    /// `rapport_erasure_overdue_seconds`: for how long the oldest due erasure has been due; 0 when none is.
    public let overdue: GaugeMetric
    /// `rapport_erasure_step_seconds`: what one step takes of the writer's time.
    public let stepTime: HistogramMetric
    /// `rapport_retention_purged_total{table}`.
    public let purged: CounterTable
    /// `rapport_access_log_lost_total`: looks that could not be written down.
    public let looksLost: CounterMetric

    public init(registry: MetricsRegistry) {
        erasures = registry.counter("rapport_erasures_total", help: "People erased.")
        open = registry.gauge("rapport_erasures_open", help: "Erasures that are scheduled or running.")
        overdue = registry.gauge(
            "rapport_erasure_overdue_seconds", help: "How long the oldest due erasure has been due; 0 when none is.")
        stepTime = registry.histogram(
            "rapport_erasure_step_seconds", help: "What one step of an erasure takes of the writer's time.",
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1])
        purged = CounterTable(
            registry, name: "rapport_retention_purged_total", help: "Rows removed because they had been kept long enough.",
            labels: [(name: "table", values: Self.tables)])
        looksLost = registry.counter("rapport_access_log_lost_total", help: "Looks at clients that could not be written down.")
    }
}
