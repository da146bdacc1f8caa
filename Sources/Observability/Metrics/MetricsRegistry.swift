import Synchronization

/// Holds every metric of the process and writes them as Prometheus text.
///
/// Making a metric takes a lock and a look-up; using it does not. Make it once, keep it. The number of series per
/// name is bounded: beyond it, all further label values share one series whose labels read `other`.
public final class MetricsRegistry: Sendable {
    private struct State: Sendable {
        var families: [String: MetricFamily] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let maximumSeries: Int
    private let state = Mutex(State())

    public init(maximumSeriesPerName: Int = 2000) {
        maximumSeries = maximumSeriesPerName
    }

    /// The counter of this name and these labels, made when it does not exist yet.
    public func counter(
        _ name: String, help: String, labels: [(String, String)] = [], omitsUnused: Bool = false
    ) -> CounterMetric {
        let made = CounterMetric()
        let kept = keep(.counter(made), kind: .counter, name: name, help: help, labels: labels, omitsUnused: omitsUnused)
        if case .counter(let counter) = kept { return counter }
        return made
    }

    /// The gauge of this name and these labels, made when it does not exist yet.
    public func gauge(_ name: String, help: String, labels: [(String, String)] = []) -> GaugeMetric {
        let made = GaugeMetric()
        let kept = keep(.gauge(made), kind: .gauge, name: name, help: help, labels: labels, omitsUnused: false)
        if case .gauge(let gauge) = kept { return gauge }
        return made
    }

    /// A counter that something else counts: whoever reads that sets the value before an exposition (``onCollect(_:)``).
    public func observedCounter(_ name: String, help: String, labels: [(String, String)] = []) -> GaugeMetric {
        let made = GaugeMetric()
        let kept = keep(.gauge(made), kind: .counter, name: name, help: help, labels: labels, omitsUnused: false)
        if case .gauge(let gauge) = kept { return gauge }
        return made
    }

    /// The histogram of this name and these labels, made when it does not exist yet.
    /// - Parameter buckets: inclusive upper bounds in the unit of the name; `+Inf` is added.
    public func histogram(
        _ name: String, help: String, labels: [(String, String)] = [], buckets: [Double], omitsUnused: Bool = false
    ) -> HistogramMetric {
        let made = HistogramMetric(bounds: buckets)
        let kept = keep(.histogram(made), kind: .histogram, name: name, help: help, labels: labels, omitsUnused: omitsUnused)
        if case .histogram(let histogram) = kept { return histogram }
        return made
    }

    /// Runs `body` before every exposition, to bring gauges up to date. It must be quick and must not block.
    public func onCollect(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(body) }
    }

    /// The content type that belongs to ``render()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in the Prometheus text format 0.0.4, families by name.
    public func render() -> [UInt8] {
        for collect in state.withLock({ $0.collectors }) { collect() }
        let families = state.withLock { Array($0.families.values) }
        var text = PrometheusText()
        for family in families.sorted(by: { $0.name < $1.name }) {
            text.write(family)
        }
        return text.bytes
    }

    /// Returns the series that the registry holds for these labels, which is `candidate` when it is new.
    ///
    /// A name that the exposition cannot carry, or that stands for another kind or other labels already, yields
    /// `candidate` without keeping it: it counts, but nobody sees it. A broken exposition would cost all metrics.
    private func keep(
        _ candidate: MetricSeries, kind: MetricKind, name: String, help: String, labels: [(String, String)], omitsUnused: Bool
    ) -> MetricSeries {
        let ordered = labels.sorted { $0.0 < $1.0 }
        let labelNames = ordered.map(\.0)
        guard PrometheusText.isMetricName(name), labelNames.allSatisfy(PrometheusText.isLabelName),
            Set(labelNames).count == labelNames.count
        else { return candidate }
        return state.withLock { state in
            var family =
                state.families[name]
                ?? MetricFamily(name: name, help: help, kind: kind, labelNames: labelNames, omitsUnused: omitsUnused)
            guard family.kind == kind, family.labelNames == labelNames else { return candidate }
            var values = ordered.map(\.1)
            if let known = family.series[values] { return known }
            if family.series.count >= maximumSeries {
                values = values.map { _ in "other" }
                if let overflow = family.series[values] { return overflow }
            }
            family.series[values] = candidate
            state.families[name] = family
            return candidate
        }
    }
}
