import Core
import HTTPTypes
import Hummingbird

/// Whether a form comes from our own pages. Browsers say so; other programs carry no cookies that they were not given.
enum SameOrigin {
    /// - Parameter baseURL: the public address.
    /// - Throws: ``Refusal/forbidden`` where another site sent it.
    static func check(_ request: Request, baseURL: String) throws(Refusal) {
        if let site = request.headers[.fetchSite] {
            guard site == "same-origin" || site == "none" else { throw .forbidden }
            return
        }
        // Without TLS, and from older browsers, there is only this. It names the host that the browser asked, under whatever name.
        guard let origin = request.headers[.origin] else { return }
        if origin == Self.origin(of: baseURL) { return }
        guard let host = authority(of: origin), let asked = request.head.authority, host == asked else { throw .forbidden }
    }

    /// Scheme, host and port of a URL.
    static func origin(of url: String) -> Substring {
        guard let scheme = url.firstRange(of: "://") else { return url[...] }
        return url[..<(url[scheme.upperBound...].firstIndex(of: "/") ?? url.endIndex)]
    }

    private static func authority(of origin: String) -> Substring? {
        origin.firstRange(of: "://").map { origin[$0.upperBound...] }
    }
}
