/// What keeps due messages of a channel waiting: its rate limit and its circuit breaker.
public struct LaneMetrics: Sendable {
    /// `rapport_rate_limit_waiting{channel}`: due messages that wait for their provider account's rate.
    public let rateLimitWaiting: GaugeTable
    /// `rapport_rate_limit_permits{channel}`: what is left of the rate over all instances; 0 too where there is none.
    public let rateLimitPermits: GaugeTable
    /// `rapport_circuit_state{channel}`: 0 closed, 1 half-open (one message probes), 2 open (the provider is away).
    public let circuitState: GaugeTable
    /// `rapport_circuit_openings_total{channel}`.
    public let circuitOpenings: CounterTable

    init(registry: MetricsRegistry, channels: [String]) {
        rateLimitWaiting = GaugeTable(
            registry, name: "rapport_rate_limit_waiting", help: "Due messages that wait for the rate of their provider account.",
            label: "channel", values: channels)
        rateLimitPermits = GaugeTable(
            registry, name: "rapport_rate_limit_permits", help: "Messages that the rate of the provider account still allows now.",
            label: "channel", values: channels)
        circuitState = GaugeTable(
            registry, name: "rapport_circuit_state", help: "Circuit breaker: 0 closed, 1 half-open, 2 open.", label: "channel",
            values: channels)
        circuitOpenings = CounterTable(
            registry, name: "rapport_circuit_openings_total", help: "Times that a provider was found to be away.",
            labels: [("channel", channels)])
    }
}
