/// Histograms for every value of one label, all made at the start.
public struct HistogramTable: Sendable {
    private let index: LabelIndex
    private let histograms: [HistogramMetric]

    /// - Parameter values: the last one stands for every value that is not listed.
    public init(
        _ registry: MetricsRegistry, name: String, help: String, label: String, values: [String], buckets: [Double]
    ) {
        let index = LabelIndex([(name: label, values: values)])
        self.index = index
        histograms = index.combinations.map { registry.histogram(name, help: help, labels: $0, buckets: buckets) }
    }

    public subscript(_ value: String) -> HistogramMetric {
        histograms[index.position(value)]
    }
}
