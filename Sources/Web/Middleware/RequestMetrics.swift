import HTTPTypes
import Observability

/// Counts answers by route. The handles of every route are made once; what no route knows counts as `unmatched`.
struct RequestMetrics: Sendable {
    private struct Key: Hashable {
        var method: HTTPRequest.Method
        var path: String
    }

    private let routes: [Key: HTTPRouteMetrics]
    private let unmatched: HTTPRouteMetrics

    init(_ metrics: HTTPMetrics, routes: [Route]) {
        let pairs = routes.map { route in
            (
                Key(method: route.method, path: route.path.rawValue),
                metrics.route(method: route.method.rawValue, route: route.path.rawValue)
            )
        }
        self.routes = Dictionary(pairs) { first, _ in first }
        unmatched = metrics.route(method: "other", route: "unmatched")
    }

    func record(_ method: HTTPRequest.Method, path: String?, status: Int, took: Duration) {
        let method = method == .head ? .get : method
        let route = path.flatMap { routes[Key(method: method, path: $0)] } ?? unmatched
        let (seconds, attoseconds) = took.components
        route.record(status: status, seconds: Double(seconds) + Double(attoseconds) / 1e18)
    }
}
