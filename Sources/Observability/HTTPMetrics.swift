/// Requests and their duration by route template. A route makes its handles once, when it is registered.
public struct HTTPMetrics: Sendable {
    private let registry: MetricsRegistry

    public init(registry: MetricsRegistry) {
        self.registry = registry
    }

    /// The handles of one route.
    /// - Parameters:
    ///   - method: the request method in capitals.
    ///   - route: the template with its placeholders, never a path as requested; `unmatched` for everything else.
    public func route(method: String, route: String) -> HTTPRouteMetrics {
        HTTPRouteMetrics(registry: registry, method: method, route: route)
    }
}

/// The metrics of one route.
public struct HTTPRouteMetrics: Sendable {
    /// Statuses that the product answers with; any other one counts as `other`.
    private static let statuses = [
        200, 201, 202, 204, 207, 302, 303, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503,
    ]

    private let counters: [CounterMetric]
    private let duration: HistogramMetric

    init(registry: MetricsRegistry, method: String, route: String) {
        let labels = [("method", method), ("route", route)]
        counters = (Self.statuses.map(String.init) + ["other"]).map {
            registry.counter(
                "rapport_http_requests_total", help: "Requests answered.", labels: labels + [("status", $0)], omitsUnused: true)
        }
        duration = registry.histogram(
            "rapport_http_request_seconds", help: "Time from the request's head to the answer's.", labels: labels,
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5], omitsUnused: true)
    }

    /// Counts one answered request.
    public func record(status: Int, seconds: Double) {
        let position = Self.statuses.firstIndex(of: status) ?? Self.statuses.count
        if position < counters.count { counters[position].increment() }
        duration.observe(seconds)
    }
}
