import HTTPTypes

/// An ES module of ours.
enum Script {
    static func answer(_ asset: String) -> Answer {
        Answer(
            status: .ok, body: Asset.bytes(asset), contentType: "text/javascript; charset=utf-8", headers: [.cacheControl: "max-age=3600"])
    }
}
