import Core
import HTTPTypes

/// A whole page in the common layout, with the headers that every page carries.
struct Page: Sendable {
    var title: String
    var content: HTML
    var isSignedIn = false

    func answer(_ status: HTTPResponse.Status = .ok) -> Answer {
        Answer(
            status: status, body: Array(document.text.utf8), contentType: MediaType.html,
            headers: Self.headers(policy: Self.contentPolicy))
    }

    /// Nothing inline, nothing from elsewhere. Frames are for showing e-mails in their own cage.
    private static let contentPolicy =
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    static func headers(policy: String) -> HTTPFields {
        [
            .contentSecurityPolicy: policy, .referrerPolicy: "no-referrer", .crossOriginOpenerPolicy: "same-origin",
        ]
    }

    private var document: HTML {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(title) · Rapport</title>
        <link rel="stylesheet" href="\(Path.stylesheet.rawValue)">
        </head>
        <body>
        <header class="top">
        <a class="brand" href="\(Path.landing.rawValue)">Rapport</a>
        <nav>
        <a href="\(Path.sandbox.rawValue)">Sandbox</a>
        <a href="\(Path.openAPI.rawValue)">API description</a>
        \(isSignedIn ? signOut : "")
        </nav>
        </header>
        <main>
        \(content)
        </main>
        </body>
        </html>

        """
    }

    private var signOut: HTML {
        """
        <form method="post" action="\(Path.sandboxSignOut.rawValue)"><button class="quiet" type="submit">Sign out</button></form>
        """
    }
}
