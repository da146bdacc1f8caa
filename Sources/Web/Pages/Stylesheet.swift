import HTTPTypes

/// The one stylesheet of all pages.
enum Stylesheet {
    static func show(_: Incoming) async throws -> Answer {
        Answer(status: .ok, body: Asset.bytes("pages/pages.css"), contentType: MediaType.css, headers: [.cacheControl: "max-age=3600"])
    }
}
