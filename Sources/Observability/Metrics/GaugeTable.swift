/// Gauges for every value of one label, all made at the start.
public struct GaugeTable: Sendable {
    private let index: LabelIndex
    private let gauges: [GaugeMetric]

    /// - Parameter values: the last one stands for every value that is not listed.
    public init(_ registry: MetricsRegistry, name: String, help: String, label: String, values: [String]) {
        let index = LabelIndex([(name: label, values: values)])
        self.index = index
        gauges = index.combinations.map { registry.gauge(name, help: help, labels: $0) }
    }

    public subscript(_ value: String) -> GaugeMetric {
        gauges[index.position(value)]
    }
}
