import Communications
import Core
import HTTPTypes
import HummingbirdCore
import Storage

/// For those who do not know their password any more.
struct ResetPage: Sendable {
    let database: Database
    let hasher: PasswordHasher
    let resets: PasswordResets
    let mail: StaffMail

    func show(_: Incoming) async -> Answer { request(notice: nil).answer() }

    /// The same answer, as fast, whoever is asked for.
    func ask(_ incoming: Incoming) async throws -> Answer {
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        let email = form.string("email", maxLength: 254) ?? ""
        try form.finish()
        if let message = EmailAddressRule.check(email) {
            return request(notice: .failed("The e-mail address \(message).")).answer(.unprocessableContent)
        }
        resets.ask(email: email, from: incoming.remoteAddress, requestID: incoming.requestID)
        return request(notice: .done("If there is an account with this address, a link is on its way to it.")).answer()
    }

    func open(_ incoming: Incoming) async throws -> Answer {
        let hash = AccountToken.hash(try incoming.parameter("token"))
        guard try await database.read({ tx in try tx.passwordReset(tokenHash: hash) }) != nil else { return Self.gone }
        return form(incoming, notice: nil).answer()
    }

    func change(_ incoming: Incoming) async throws -> Answer {
        let hash = AccountToken.hash(try incoming.parameter("token"))
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        let wanted = form.string("new_password", maxLength: PasswordRule.longest) ?? ""
        let again = form.string("new_password_again", maxLength: PasswordRule.longest) ?? ""
        try form.finish()
        guard let user = try await database.read({ tx in try tx.passwordReset(tokenHash: hash) }) else { return Self.gone }
        if let fault = AccountPage.fault(wanted, again, user) {
            return self.form(incoming, notice: fault).answer(.unprocessableContent)
        }
        let password = try await hasher.hash(wanted)
        let changed = try await database.write { tx in
            guard try tx.usePasswordReset(tokenHash: hash), try tx.changePassword(password, of: user.id) else { return false }
            let entry = AuditEntry(
                actor: user.actor, action: "user.password_reset", target: user.id.description, remoteAddress: incoming.remoteAddress,
                requestID: incoming.requestID)
            for membership in try tx.memberships(of: user.id) { try tx.audit(entry, business: membership.business) }
            return true
        }
        guard changed else { return Self.gone }
        // Not signed in: where there is a second step, the letter alone must not be enough.
        return TokenPage(
            title: "Your password was changed", words: "Everybody who was signed in with your account was signed out.",
            link: (Path.signIn.rawValue, "Sign in")
        ).page.answer()
    }

    private static let gone = TokenPage.gone("This link does not work any more", "It works once, for an hour. Ask for another one.")

    private func request(notice: Notice?) -> Page {
        let sandbox: HTML =
            mail.isSandbox
            ? """
            <p class="notice">E-mail is not set up on this server, so it can not send links. Ask its operator, who can run \
            <code>rapport user reset-password</code>.</p>
            """ : ""
        return Page(
            title: "Forgotten password",
            content: """
                <section class="narrow">
                <h1>Forgotten your password?</h1>
                \(notice?.html ?? "")
                \(sandbox)
                <p>Type the address of your account. We send a link with which you set another password.</p>
                <form method="post" action="\(Path.reset.rawValue)">
                <label for="email">E-mail</label>
                <input id="email" name="email" type="email" autocomplete="username" required autofocus>
                <button type="submit">Send the link</button>
                </form>
                <p><a href="\(Path.signIn.rawValue)">Back to signing in</a></p>
                </section>
                """)
    }

    private func form(_ incoming: Incoming, notice: Notice?) -> Page {
        Page(
            title: "Another password",
            content: """
                <section class="narrow">
                <h1>Set another password</h1>
                \(notice?.html ?? "")
                <form method="post" action="\(incoming.request.uri.path)">
                \(NewPassword.inputs)
                <button type="submit">Set the password</button>
                </form>
                </section>
                """)
    }
}

/// A page with a few words and one way to go on.
struct TokenPage {
    var title: String
    var words: String
    var link: (path: String, title: String)?

    /// A link that is used up, too old or wrong: nobody learns which.
    static func gone(_ title: String, _ words: String) -> Answer {
        TokenPage(title: title, words: words, link: (Path.signIn.rawValue, "Sign in")).page.answer(.notFound)
    }

    var page: Page {
        let way: HTML = link.map { link in "<p><a class=\"button\" href=\"\(link.path)\">\(link.title)</a></p>" } ?? ""
        return Page(
            title: title,
            content: """
                <section class="narrow">
                <h1>\(title)</h1>
                <p>\(words)</p>
                \(way)
                </section>
                """)
    }
}
