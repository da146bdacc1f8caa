/// One metric of whichever kind, as a family holds it.
enum MetricSeries: Sendable {
    case counter(CounterMetric)
    case gauge(GaugeMetric)
    case histogram(HistogramMetric)

    /// False for a series that nothing has happened to.
    var isUsed: Bool {
        switch self {
        case .counter(let counter): counter.value != 0
        case .gauge: true
        case .histogram(let histogram): histogram.count != 0
        }
    }
}

/// The `TYPE` of a family in the exposition.
enum MetricKind: String, Sendable {
    case counter, gauge, histogram
}

/// All series of one name.
struct MetricFamily: Sendable {
    let name: String
    let help: String
    let kind: MetricKind
    let labelNames: [String]
    /// Leaves unused series out of the exposition; for tables with many combinations that never occur.
    let omitsUnused: Bool
    /// Label values in the order of `labelNames`.
    var series: [[String]: MetricSeries] = [:]
}
