import Core
import HTTPTypes

/// A whole page in the common layout, with the headers that every page carries.
struct Page: Sendable {
    var title: String
    var content: HTML
    /// Who looks at it; nil for anybody.
    var viewer: Viewer?
    /// Marked in the navigation.
    var current: Path?
    /// An ES module of ours that makes the page more comfortable; it works without.
    var script: Path?

    func answer(_ status: HTTPResponse.Status = .ok) -> Answer {
        Answer(
            status: status, body: Array(document.text.utf8), contentType: MediaType.html,
            headers: Self.headers(policy: script == nil ? Self.contentPolicy : "\(Self.contentPolicy); script-src 'self'"))
    }

    /// Nothing inline, nothing from elsewhere. Frames are for showing e-mails in their own cage.
    private static let contentPolicy =
        "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    static func headers(policy: String) -> HTTPFields {
        [
            // Other sites learn nothing of our addresses; our own forms say where they come from.
            .contentSecurityPolicy: policy, .referrerPolicy: "same-origin", .crossOriginOpenerPolicy: "same-origin",
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
        <link rel="icon" href="\(Path.icon.rawValue)">
        <link rel="stylesheet" href="\(Path.stylesheet.rawValue)">
        \(script.map { "<script type=\"module\" src=\"\($0.rawValue)\"></script>" } ?? "")
        </head>
        <body>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
        <a class="brand" href="\(Path.landing.rawValue)">Rapport</a>
        \(viewer.map(navigation) ?? Self.openNavigation)
        </header>
        <main id="content">
        \(content)
        </main>
        </body>
        </html>

        """
    }

    private static let openNavigation: HTML = """
        <nav aria-label="Main">
        <a href="\(Path.sandbox.rawValue)">Sandbox</a>
        <a href="\(Path.openAPI.rawValue)">API description</a>
        <a href="\(Path.signIn.rawValue)">Sign in</a>
        </nav>
        """

    private func navigation(_ viewer: Viewer) -> HTML {
        let links = Navigation.items(for: viewer).map { item -> HTML in
            let mark: HTML = item.path == current ? " aria-current=\"page\"" : ""
            return "<a href=\"\(item.path.rawValue)\"\(mark)>\(item.title)</a>\n"
        }
        return """
            <nav aria-label="Main">
            \(.joined(links))</nav>
            <div class="who">
            \(place(viewer))
            <form method="post" action="\(Path.signOut.rawValue)">\(viewer.csrfInput)<button class="quiet" type="submit">Sign out</button></form>
            </div>
            """
    }

    /// The business; a choice where there are several.
    private func place(_ viewer: Viewer) -> HTML {
        guard viewer.places.count > 1 else { return "<span class=\"place\">\(viewer.place.name)</span>" }
        let options = viewer.places.map { place -> HTML in
            let mark: HTML = place.id == viewer.place.id ? " selected" : ""
            return "<option value=\"\(place.id.description)\"\(mark)>\(place.name)</option>"
        }
        return """
            <form class="switch" method="post" action="\(Path.switchBusiness.rawValue)">\(viewer.csrfInput)
            <select name="business_id" aria-label="Business">\(.joined(options))</select>
            <button class="quiet" type="submit">Switch</button></form>
            """
    }
}

extension Viewer {
    /// Belongs into every form that is sent by `POST`.
    var csrfInput: HTML { "<input type=\"hidden\" name=\"\(Call.csrfField)\" value=\"\(csrfToken)\">" }
}
