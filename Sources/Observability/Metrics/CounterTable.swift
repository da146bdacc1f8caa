/// Counters for every combination of a few known label values, all made at the start.
public struct CounterTable: Sendable {
    private let index: LabelIndex
    private let counters: [CounterMetric]

    /// - Parameter labels: the last value of each label stands for every value that is not listed.
    public init(
        _ registry: MetricsRegistry, name: String, help: String, labels: [(name: String, values: [String])],
        omitsUnused: Bool = false
    ) {
        let index = LabelIndex(labels)
        self.index = index
        counters = index.combinations.map { registry.counter(name, help: help, labels: $0, omitsUnused: omitsUnused) }
    }

    /// The counter of a table with one label.
    public subscript(_ a: String) -> CounterMetric {
        counters[index.position(a)]
    }

    /// The counter of a table with two labels.
    public subscript(_ a: String, _ b: String) -> CounterMetric {
        counters[index.position(a, b)]
    }

    /// The counter of a table with three labels.
    public subscript(_ a: String, _ b: String, _ c: String) -> CounterMetric {
        counters[index.position(a, b, c)]
    }
}
