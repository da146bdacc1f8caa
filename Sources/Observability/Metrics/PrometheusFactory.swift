import Metrics

/// Lets libraries that report through swift-metrics (Hummingbird and others) appear in the same exposition.
///
/// Names become valid Prometheus names: `hb.request.duration` → `hb_request_duration`; timers are in seconds.
public struct PrometheusFactory: MetricsFactory {
    private let registry: MetricsRegistry

    public init(registry: MetricsRegistry) {
        self.registry = registry
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = Self.name(label)
        return CounterAdapter(
            registry.counter(name.hasSuffix("_total") ? name : name + "_total", help: label, labels: Self.labels(dimensions)))
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeAdapter(registry.gauge(Self.name(label), help: label, labels: Self.labels(dimensions)))
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else {
            return GaugeAdapter(registry.gauge(Self.name(label), help: label, labels: Self.labels(dimensions)))
        }
        return HistogramAdapter(
            registry.histogram(
                Self.name(label), help: label, labels: Self.labels(dimensions),
                buckets: [0.001, 0.01, 0.1, 1, 10, 100, 1000, 10000, 100_000, 1_000_000]))
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = Self.name(label)
        return HistogramAdapter(
            registry.histogram(
                name.hasSuffix("_seconds") ? name : name + "_seconds", help: label, labels: Self.labels(dimensions),
                buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30]))
    }

    // Series live as long as the process: one that vanished and came back would read as a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    static func name(_ label: String) -> String {
        let text = String(
            String.UnicodeScalarView(
                label.unicodeScalars.map { scalar in
                    switch scalar {
                    case "a"..."z", "A"..."Z", "0"..."9", "_", ":": scalar
                    default: "_"
                    }
                }))
        return PrometheusText.isMetricName(text) ? text : "_" + text
    }

    private static func labels(_ dimensions: [(String, String)]) -> [(String, String)] {
        dimensions.map { (label, value) in
            let text = name(label).replacing(":", with: "_")
            return (PrometheusText.isLabelName(text) ? text : "label_" + text, value)
        }
    }
}

private final class CounterAdapter: CounterHandler {
    private let counter: CounterMetric

    init(_ counter: CounterMetric) {
        self.counter = counter
    }

    func increment(by amount: Int64) {
        counter.increment(by: amount)
    }

    func reset() {
        counter.reset()
    }
}

private final class GaugeAdapter: MeterHandler, RecorderHandler {
    private let gauge: GaugeMetric

    init(_ gauge: GaugeMetric) {
        self.gauge = gauge
    }

    func set(_ value: Int64) {
        gauge.set(Double(value))
    }

    func set(_ value: Double) {
        gauge.set(value)
    }

    func increment(by amount: Double) {
        gauge.add(amount)
    }

    func decrement(by amount: Double) {
        gauge.add(-amount)
    }

    func record(_ value: Int64) {
        gauge.set(Double(value))
    }

    func record(_ value: Double) {
        gauge.set(value)
    }
}

private final class HistogramAdapter: RecorderHandler, TimerHandler {
    private let histogram: HistogramMetric

    init(_ histogram: HistogramMetric) {
        self.histogram = histogram
    }

    func record(_ value: Int64) {
        histogram.observe(Double(value))
    }

    func record(_ value: Double) {
        histogram.observe(value)
    }

    func recordNanoseconds(_ duration: Int64) {
        histogram.observe(Double(duration) / 1_000_000_000)
    }
}
