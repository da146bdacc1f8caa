import HTTPTypes

/// The stylesheets of the pages, their icon, and the clients' script.
enum Stylesheet {
    /// What clients' pages look like.
    static func showPublic(_: Incoming) async throws -> Answer {
        Answer(status: .ok, body: Asset.bytes("pages/public.css"), contentType: MediaType.css, headers: [.cacheControl: "max-age=86400"])
    }

    /// Says at once what the server would say of the preference centre's form; the page works without it.
    static func showPreferencesScript(_: Incoming) async throws -> Answer {
        Answer(
            status: .ok, body: Asset.bytes("pages/preferences.js"), contentType: MediaType.javaScript,
            headers: [.cacheControl: "max-age=86400"])
    }

    /// What stands on the browser's tab; without it browsers ask for one that there is not.
    static func showIcon(_: Incoming) async throws -> Answer {
        Answer(status: .ok, body: Asset.bytes("pages/icon.svg"), contentType: "image/svg+xml", headers: [.cacheControl: "max-age=86400"])
    }

    static func show(_: Incoming) async throws -> Answer {
        Answer(status: .ok, body: Asset.bytes("pages/pages.css"), contentType: MediaType.css, headers: [.cacheControl: "max-age=3600"])
    }
}
