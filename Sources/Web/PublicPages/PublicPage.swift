import Communications
import Core
import HTTPTypes

/// A page for clients: in their language, without a session, whole without scripts.
struct PublicPage: Sendable {
    var title: String
    var content: HTML
    var translation: Translation
    /// Who writes to them; nil where nobody knows.
    var business: Business?
    var hasScript = false

    func answer(_ status: HTTPResponse.Status = .ok) -> Answer {
        var headers = Page.headers(policy: Self.contentPolicy)
        // The address is the credential: it goes nowhere, not even to our own pages.
        headers[.referrerPolicy] = "no-referrer"
        headers[.contentLanguage] = translation.language
        headers[.robots] = "noindex"
        return Answer(status: status, body: Array(document.text.utf8), contentType: MediaType.html, headers: headers)
    }

    /// Nothing inline, nothing from elsewhere, no frame around it: whoever could frame the form could have it pressed.
    private static let contentPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    private var document: HTML {
        """
        <!doctype html>
        <html lang="\(translation.language)" dir="\(translation.direction)">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>\(business.map { "\(title) · \($0.name)" } ?? title)</title>
        <link rel="stylesheet" href="\(Path.publicStylesheet.rawValue)">
        \(script)
        </head>
        <body>
        \(header)
        <main>
        \(content)
        </main>
        \(business.map(footer) ?? "")
        </body>
        </html>

        """
    }

    private var script: HTML {
        hasScript ? "<script type=\"module\" src=\"\(Path.preferencesScript.rawValue)\"></script>" : ""
    }

    private var header: HTML {
        guard let business else { return "" }
        return "<header><bdi>\(business.name)</bdi></header>"
    }

    private func footer(_ business: Business) -> HTML {
        let address: HTML =
            business.postalAddress.isEmpty ? "" : "<p><bdi>\(business.name), \(business.postalAddress)</bdi></p>"
        return "<footer>\(address)\(contact(business))</footer>"
    }

    /// The phrase with the address as a link.
    private func contact(_ business: Business) -> HTML {
        guard !business.supportEmail.isEmpty else { return "" }
        let place = "\u{1}"
        let parts = translation.text(.contact, ["email": place]).split(separator: place, omittingEmptySubsequences: false).map(String.init)
        let link: HTML = "<a href=\"mailto:\(business.supportEmail)\"><bdi>\(business.supportEmail)</bdi></a>"
        return "<p>\(parts.first ?? "")\(link)\(parts.dropFirst().joined())</p>"
    }
}
