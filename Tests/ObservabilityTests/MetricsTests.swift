import Metrics
import Testing

@testable import Observability

@Suite("Metrics")
struct MetricsTests {
    private func text(_ registry: MetricsRegistry) -> String {
        String(decoding: registry.render(), as: UTF8.self)
    }

    @Test("a counter never falls and keeps one value over many tasks")
    func counter() async {
        let counter = MetricsRegistry().counter("hits_total", help: "")
        counter.increment(by: 5)
        counter.increment(by: -3)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { counter.increment() } }
            }
        }
        #expect(counter.value == 8005)
    }

    @Test("concurrent additions to a gauge are all kept")
    func gauge() async {
        let gauge = MetricsRegistry().gauge("level", help: "")
        gauge.set(10)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { for _ in 0..<1000 { gauge.add(1) } }
                group.addTask { for _ in 0..<1000 { gauge.add(-0.5) } }
            }
        }
        #expect(gauge.value == 2010)
    }

    @Test("histogram buckets are cumulative, their bounds inclusive, and +Inf equals the count")
    func histogram() {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("t_seconds", help: "Time.", buckets: [1, 0.1, .infinity])
        for value in [0.1, 0.2, 1, 7, .nan, .infinity] { histogram.observe(value) }
        #expect(
            text(registry) == """
                # HELP t_seconds Time.
                # TYPE t_seconds histogram
                t_seconds_bucket{le="0.1"} 1
                t_seconds_bucket{le="1.0"} 3
                t_seconds_bucket{le="+Inf"} 4
                t_seconds_sum 8.3
                t_seconds_count 4

                """)
    }

    @Test("label values and help texts are escaped as the reference client does")
    func escaping() {
        let registry = MetricsRegistry()
        let help = "Messages accepted\nper \"channel\" \\ x"
        registry.counter("comms_total", help: help, labels: [("channel", "sms\"a\\b\n")]).increment()
        #expect(
            text(registry) == #"""
                # HELP comms_total Messages accepted\nper "channel" \\ x
                # TYPE comms_total counter
                comms_total{channel="sms\"a\\b\n"} 1

                """#)
    }

    @Test(
        "what is not a number has Go's spelling",
        arguments: [(Double.infinity, "+Inf"), (-Double.infinity, "-Inf"), (Double.nan, "NaN"), (0.1, "0.1"), (1e21, "1e+21")])
    func numbers(value: Double, spelling: String) {
        #expect(PrometheusText.number(value) == spelling)
    }

    @Test("families stand in one piece each, and a collector runs before every exposition")
    func families() {
        let registry = MetricsRegistry()
        let level = registry.gauge("b_level", help: "B")
        registry.onCollect { level.add(1) }
        _ = registry.counter("a_total", help: "A", labels: [("x", "2")])
        _ = registry.counter("c_total", help: "C")
        _ = registry.counter("a_total", help: "A", labels: [("x", "1")])
        _ = registry.render()
        let lines = text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["a_total{x=\"1\"} 0", "a_total{x=\"2\"} 0", "b_level 2.0", "c_total 0"])
    }

    @Test("the same name and labels are the same metric, in whichever order the labels come")
    func identity() {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "", labels: [("x", "1"), ("y", "2")]).increment()
        registry.counter("a_total", help: "", labels: [("y", "2"), ("x", "1")]).increment()
        #expect(text(registry).contains("a_total{x=\"1\",y=\"2\"} 2\n"))
    }

    @Test("a name of another kind, with other labels, or with bad characters never breaks the exposition")
    func refused() {
        let registry = MetricsRegistry()
        registry.counter("a_total", help: "", labels: [("x", "1")]).increment()
        let before = text(registry)
        registry.gauge("a_total", help: "", labels: [("x", "2")]).set(1)
        registry.counter("a_total", help: "", labels: [("y", "1")]).increment()
        registry.counter("a-b", help: "").increment()
        registry.counter("ok_total", help: "", labels: [("le", "1")]).increment()
        registry.counter("ok_total", help: "", labels: [("a", "1"), ("a", "2")]).increment()
        #expect(text(registry) == before)
    }

    @Test("series per name are bounded; what comes later shares one series")
    func cardinality() {
        let registry = MetricsRegistry(maximumSeriesPerName: 3)
        for id in 0..<100 { registry.counter("a_total", help: "", labels: [("id", String(id))]).increment() }
        let samples = text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples.count == 4)
        #expect(samples.contains("a_total{id=\"other\"} 97"))
    }

    @Test("a table finds every combination and counts unknown values under the last one")
    func tables() {
        let registry = MetricsRegistry()
        let table = CounterTable(
            registry, name: "t_total", help: "", labels: [("a", ["x", "other"]), ("b", ["p", "q", "other"]), ("c", ["1", "2"])])
        for a in ["x", "other"] {
            for b in ["p", "q", "other"] {
                for c in ["1", "2"] { table[a, b, c].increment() }
            }
        }
        table["nobody", "q", "9"].increment(by: 10)
        let samples = text(registry).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(samples.count == 12)
        #expect(samples.filter { $0.hasSuffix(" 1") }.count == 11)
        #expect(samples.contains("t_total{a=\"other\",b=\"q\",c=\"2\"} 11"))
    }

    @Test("unused combinations stay out where the table says so")
    func omitsUnused() {
        let registry = MetricsRegistry()
        let metrics = EngineMetrics(registry: registry)
        #expect(!text(registry).contains("crm_communications_total"))
        metrics.communications["welcome", "email", "sent"].increment()
        metrics.communications["their-own-type", "sms", "failed"].increment()
        let output = text(registry)
        #expect(output.contains("crm_communications_total{channel=\"email\",message_type=\"welcome\",status=\"sent\"} 1\n"))
        #expect(output.contains("crm_communications_total{channel=\"sms\",message_type=\"custom\",status=\"failed\"} 1\n"))
        #expect(output.contains("crm_api_errors_total{api=\"smtp\",error_type=\"transient\"} 0\n"))
        #expect(output.contains("# TYPE crm_delivery_time_seconds histogram\n"))
        #expect(output.contains("crm_open_rate{message_type=\"welcome\"} 0.0\n"))
    }

    @Test("requests are counted by route and status, statuses of others together")
    func http() {
        let registry = MetricsRegistry()
        let route = EngineMetrics(registry: registry).http.route(method: "GET", route: "/x/{id}")
        route.record(status: 200, seconds: 0.002)
        route.record(status: 418, seconds: 0.002)
        let output = text(registry)
        #expect(output.contains("rapport_http_requests_total{method=\"GET\",route=\"/x/{id}\",status=\"200\"} 1\n"))
        #expect(output.contains("rapport_http_requests_total{method=\"GET\",route=\"/x/{id}\",status=\"other\"} 1\n"))
        #expect(output.contains("rapport_http_request_seconds_count{method=\"GET\",route=\"/x/{id}\"} 2\n"))
    }

    @Test("libraries that report through swift-metrics appear under valid names")
    func factory() {
        let registry = MetricsRegistry()
        let factory = PrometheusFactory(registry: registry)
        Counter(label: "hb.requests", dimensions: [("hb.uri", "/a"), ("le", "x")], factory: factory).increment(by: 2)
        Timer(label: "hb.request.duration", dimensions: [], factory: factory).recordMilliseconds(20)
        Meter(label: "9lives", factory: factory).set(3)
        Recorder(label: "size", dimensions: [], aggregate: true, factory: factory).record(5)
        let output = text(registry)
        #expect(output.contains("hb_requests_total{hb_uri=\"/a\",label_le=\"x\"} 2\n"))
        #expect(output.contains("hb_request_duration_seconds_sum 0.02\n"))
        #expect(output.contains("_9lives 3.0\n"))
        #expect(output.contains("size_bucket{le=\"10.0\"} 1\n"))
    }
}
