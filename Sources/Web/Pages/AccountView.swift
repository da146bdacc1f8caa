import Core
import Storage

/// A person's own page.
struct AccountView {
    var user: User
    var viewer: Viewer
    var sessions: [SessionSummary]
    var recoveryCodesLeft: Int
    var notice: Notice?

    var html: HTML {
        """
        <h1>Account</h1>
        \(notice?.html ?? "")
        <p class="lead">\(user.email)</p>
        <div class="panels">
        \(nameForm)
        \(passwordForm)
        \(user.hasTOTP ? secondStepOn : secondStepOff)
        \(sessionList)
        </div>
        """
    }

    private var nameForm: HTML {
        """
        <section class="panel">
        <h2>Name</h2>
        <form method="post" action="\(Path.accountName.rawValue)">\(viewer.csrfInput)
        <label for="name">Your name, as others see it</label>
        <input id="name" name="name" autocomplete="name" maxlength="\(String(PersonName.longest))" required value="\(user.name)">
        <button type="submit">Save</button>
        </form>
        </section>
        """
    }

    private var passwordForm: HTML {
        """
        <section class="panel">
        <h2>Password</h2>
        <form method="post" action="\(Path.accountPassword.rawValue)">\(viewer.csrfInput)
        <label for="current_password">Current password</label>
        <input id="current_password" name="current_password" type="password" autocomplete="current-password" required>
        \(NewPassword.inputs)
        <button type="submit">Change the password</button>
        </form>
        </section>
        """
    }

    private func passwordAsked(_ id: String) -> HTML {
        """
        <label for="\(id)">Your password</label>
        <input id="\(id)" name="password" type="password" autocomplete="current-password" required>
        """
    }

    private var secondStepOff: HTML {
        """
        <section class="panel">
        <h2>Second step</h2>
        <p>After the password, signing in asks for a code from an app on your phone. A stolen password alone is worth nothing then.</p>
        <form method="post" action="\(Path.accountTOTP.rawValue)">\(viewer.csrfInput)
        \(passwordAsked("totp_password"))
        <button type="submit">Set it up</button>
        </form>
        </section>
        """
    }

    private var secondStepOn: HTML {
        """
        <section class="panel">
        <h2>Second step <span class="badge">On</span></h2>
        <p>\(String(recoveryCodesLeft)) of \(String(RecoveryCode.count)) recovery codes are left.</p>
        <details><summary>Make new recovery codes</summary>
        <form method="post" action="\(Path.accountRecoveryCodes.rawValue)">\(viewer.csrfInput)
        \(passwordAsked("codes_password"))
        <button type="submit">Make new codes</button>
        </form></details>
        <details><summary>Switch it off</summary>
        <form method="post" action="\(Path.accountTOTPDisable.rawValue)">\(viewer.csrfInput)
        \(passwordAsked("off_password"))
        <button class="danger" type="submit">Switch off</button>
        </form></details>
        </section>
        """
    }

    private var sessionList: HTML {
        let endOthers: HTML =
            sessions.count > 1
            ? """
            <form method="post" action="\(Path.accountEndSession.rawValue)">\(viewer.csrfInput)
            <button class="quiet" type="submit">End all others</button></form>
            """ : ""
        return """
            <section class="panel">
            <h2>Where you are signed in</h2>
            <ul class="people plain">\(.joined(sessions.map(row)))</ul>
            \(endOthers)
            </section>
            """
    }

    private func row(_ session: SessionSummary) -> HTML {
        let isOwn = session.id == viewer.session.id
        let place = viewer.places.first { $0.id == session.business }?.name ?? ""
        let end: HTML = """
            <form method="post" action="\(Path.accountEndSession.rawValue)">\(viewer.csrfInput)<input type="hidden" name="session_id" value="\(session.id.description)">
            <button class="quiet" type="submit" aria-label="End the session since \(session.createdAt.rfc3339)">End</button></form>
            """
        let own: HTML = "<span class=\"badge soft\">This one</span>"
        return """
            <li>
            <div class="person"><strong>\(BrowserName.of(session.userAgent))</strong>
            <span class="hint">\(session.remoteAddress ?? "unknown address") · \(place) · used \(session.lastSeenAt.html)</span></div>
            \(isOwn ? own : end)
            </li>
            """
    }
}

/// The two inputs of a new password.
enum NewPassword {
    static let inputs: HTML = """
        <label for="new_password">New password</label>
        <input id="new_password" name="new_password" type="password" autocomplete="new-password" minlength="\(String(PasswordRule.shortest))" \
        maxlength="\(String(PasswordRule.longest))" required aria-describedby="password_rule">
        <p class="hint" id="password_rule">At least \(String(PasswordRule.shortest)) characters. A few words in a row do well.</p>
        <label for="new_password_again">The same once more</label>
        <input id="new_password_again" name="new_password_again" type="password" autocomplete="new-password" required>
        """
}

/// What a browser calls itself, in two words: enough to tell one's own devices apart.
enum BrowserName {
    static func of(_ userAgent: String?) -> String {
        guard let userAgent else { return "Unknown program" }
        let browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]
        let systems = [
            ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("Linux", "Linux"),
        ]
        guard let browser = browsers.first(where: { userAgent.contains($0.0) })?.1 else { return String(userAgent.prefix(40)) }
        guard let system = systems.first(where: { userAgent.contains($0.0) })?.1 else { return browser }
        return "\(browser) on \(system)"
    }
}
