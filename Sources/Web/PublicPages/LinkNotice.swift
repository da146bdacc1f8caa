import Communications
import Core
import Storage

/// Pages about links that do not open what they were made for.
enum LinkNotice {
    static func unknown(_ translation: Translation) -> PublicPage {
        notice(.unknownTitle, .unknownText, translation)
    }

    static func unavailable(_ translation: Translation) -> PublicPage {
        notice(.unavailableTitle, .unavailableText, translation)
    }

    /// With a button for a fresh link, where it can be mailed.
    static func expired(_ visit: LinkVisit, token: String) -> PublicPage {
        let t = visit.translation
        let button: HTML = """
            <form method="post" action="\(Path.preferencesRenewal.rawValue.replacing("{token}", with: token))">
            <button type="submit">\(t.text(.renewButton))</button>
            </form>
            """
        return visit.page(
            .expiredTitle,
            """
            <h1>\(t.text(.expiredTitle))</h1>
            <p>\(t.text(.expiredText))</p>
            \(visit.state.reachable.contains(.email) ? button : "")
            """)
    }

    private static func notice(_ title: Phrase, _ text: Phrase, _ translation: Translation) -> PublicPage {
        PublicPage(
            title: translation.text(title), content: "<h1>\(translation.text(title))</h1>\n<p>\(translation.text(text))</p>",
            translation: translation)
    }
}
