/// Writes the Prometheus text exposition format 0.0.4.
///
/// Source: prometheus.io, "Exposition formats", text-based format.
struct PrometheusText {
    private(set) var bytes: [UInt8] = []

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func isMetricName(_ name: String) -> Bool {
        isName(name) { $0 == UInt8(ascii: ":") }
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, not starting with `__`, and none of the reserved ones.
    static func isLabelName(_ name: String) -> Bool {
        isName(name) { _ in false } && !name.hasPrefix("__") && name != "le" && name != "quantile"
    }

    private static func isName(_ name: String, also allowed: (UInt8) -> Bool) -> Bool {
        var isFirst = true
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
            case UInt8(ascii: "0")...UInt8(ascii: "9") where !isFirst: break
            default: if !allowed(byte) { return false }
            }
            isFirst = false
        }
        return !isFirst
    }

    mutating func write(_ family: MetricFamily) {
        let series = family.series.filter { !family.omitsUnused || $0.value.isUsed }
        guard !series.isEmpty else { return }
        write("# HELP \(family.name) ")
        escape(family.help, quotes: false)
        write("\n# TYPE \(family.name) \(family.kind.rawValue)\n")
        for (values, metric) in series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let labels = Array(zip(family.labelNames, values))
            switch metric {
            case .counter(let counter):
                sample(family.name, labels, String(counter.value))
            case .gauge(let gauge):
                sample(family.name, labels, Self.number(gauge.value))
            case .histogram(let histogram):
                write(histogram, name: family.name, labels: labels)
            }
        }
    }

    private mutating func write(_ histogram: HistogramMetric, name: String, labels: [(String, String)]) {
        let state = histogram.snapshot()
        var cumulative: UInt64 = 0
        for (index, count) in state.counts.enumerated() {
            cumulative &+= count
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            sample(name + "_bucket", labels + [("le", bound)], String(cumulative))
        }
        sample(name + "_sum", labels, Self.number(state.sum))
        sample(name + "_count", labels, String(cumulative))
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: String) {
        write(name)
        if !labels.isEmpty {
            write("{")
            for (index, label) in labels.enumerated() {
                write(index == 0 ? "\(label.0)=\"" : ",\(label.0)=\"")
                escape(label.1, quotes: true)
                write("\"")
            }
            write("}")
        }
        write(" \(value)\n")
    }

    /// The format has Go's spelling of what is not a number; everything else is the shortest text that reads back.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value.description
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): write("\\\\")
            case UInt8(ascii: "\n"): write("\\n")
            case UInt8(ascii: "\"") where quotes: write("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}
