import Core

/// What we write to the people who work with the product, as plain text and as plain HTML.
public struct StaffLetter: Sendable, Hashable {
    public var subject: String
    public var before: [String]
    /// What to do, and where. Nil where there is nothing to do.
    public var link: Link?
    public var after: [String]

    /// What to do, and the address to do it at.
    public struct Link: Sendable, Hashable {
        public var title: String
        public var url: String
    }

    /// - Parameters:
    ///   - business: its name.
    ///   - days: for which the link is good.
    public static func invitation(business: String, role: Role, url: String, days: Int) -> StaffLetter {
        StaffLetter(
            subject: "You are invited to \(business)",
            before: ["Somebody at \(business) invites you to work with them in Rapport, as \(role.rawValue)."],
            link: Link(title: "Accept the invitation", url: url),
            after: ["The link is good for \(days) days and for one person. If you did not expect this message, leave it alone."])
    }

    /// - Parameter minutes: for which the link is good.
    public static func passwordReset(url: String, minutes: Int) -> StaffLetter {
        StaffLetter(
            subject: "Your password",
            before: ["Somebody, probably you, asked to set another password for your account in Rapport."],
            link: Link(title: "Set another password", url: url),
            after: ["The link is good for \(minutes) minutes and works once. If it was not you, nothing has changed; leave it alone."])
    }

    /// Said after the fact, so that nobody's account is taken over without their hearing of it.
    public static func credentialsChanged(_ what: String, url: String) -> StaffLetter {
        StaffLetter(
            subject: "Your account was changed",
            before: ["\(what) Everybody who was signed in with your account elsewhere was signed out."],
            link: Link(title: "If it was not you, set another password at once", url: url), after: [])
    }

    /// What a mail program shows that shows no HTML.
    public var text: String {
        var parts = before
        if let link { parts.append("\(link.title):\n\(link.url)") }
        return (parts + after).joined(separator: "\n\n") + "\n"
    }

    public var html: HTML {
        let button = link.map { link -> HTML in
            """
            <p style="margin:24px 0"><a href="\(link.url)" style="display:inline-block;padding:12px 20px;border-radius:6px;\
            background:#2f6f4f;color:#ffffff;text-decoration:none">\(link.title)</a></p>
            <p style="color:#5a655f;font-size:13px">\(link.url)</p>
            """
        }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(subject)</title></head>
            <body style="margin:0;padding:24px;background:#fbfaf7;color:#1d2521;font-family:Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5">
            <div style="max-width:560px;margin:0 auto">
            \(Self.paragraphs(before))
            \(button ?? "")
            \(Self.paragraphs(after))
            </div></body></html>

            """
    }

    private static func paragraphs(_ texts: [String]) -> HTML {
        .joined(texts.map { text -> HTML in "<p>\(text)</p>\n" })
    }
}
