import Core

/// Where somebody goes after they signed in: a page of ours, never another site.
struct NextPage: Sendable, Hashable {
    let path: String

    init(_ text: String?) {
        let isOurs =
            text.map { text in
                text.hasPrefix("/") && !text.hasPrefix("//") && text.utf8.count <= 200
                    && text.utf8.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
                        default: false
                        }
                    }
            } ?? false
        path = isOurs ? text ?? Path.sandbox.rawValue : Path.sandbox.rawValue
    }

    var input: HTML { "<input type=\"hidden\" name=\"next\" value=\"\(path)\">" }
}

/// Why nobody was signed in.
enum SignInTrouble: Sendable, Hashable {
    case refused, incomplete, wrongKey, noBusiness
    case locked(Int)

    var message: HTML {
        switch self {
        case .refused: Self.alert("This did not work. Check what you typed.")
        case .incomplete: Self.alert("Type your e-mail address and your password.")
        case .wrongKey: Self.alert("This key is not valid.")
        case .noBusiness: Self.alert("This account belongs to no business any more. Ask for an invitation.")
        case .locked(let seconds): Self.alert("Too many tries. The next one is possible in \(Self.words(seconds)).")
        }
    }

    private static func alert(_ text: String) -> HTML { "<p class=\"error\" role=\"alert\">\(text)</p>" }

    private static func words(_ seconds: Int) -> String {
        seconds < 120 ? "\(seconds) seconds" : "\((seconds + 59) / 60) minutes"
    }
}

extension SignInPage {
    /// E-mail and password; below it an API key.
    struct Form {
        var provider: String?
        var next: NextPage
        var email: String?
        var trouble: SignInTrouble?

        private var providerLink: HTML {
            guard let provider else { return "" }
            return "<p><a class=\"button\" href=\"\(Path.oidc.rawValue)?next=\(next.path)\">Sign in with \(provider)</a></p>"
        }

        var page: Page {
            let isKey = trouble == .wrongKey
            return Page(
                title: "Sign in",
                content: """
                    <section class="narrow">
                    <h1>Sign in</h1>
                    \(isKey ? "" : trouble?.message ?? "")
                    <form method="post" action="\(Path.signIn.rawValue)">
                    \(next.input)
                    <label for="email">E-mail</label>
                    <input id="email" name="email" type="email" autocomplete="username" required\(email == nil && !isKey ? " autofocus" : "") value="\(email ?? "")">
                    <label for="password">Password</label>
                    <input id="password" name="password" type="password" autocomplete="current-password" maxlength="\(String(PasswordRule.longest))" required\(email == nil ? "" : " autofocus")>
                    <button type="submit">Sign in</button>
                    </form>
                    \(providerLink)
                    <p><a href="\(Path.reset.rawValue)">Forgotten your password?</a></p>
                    <details\(isKey ? " open" : "")>
                    <summary>Sign in with an API key</summary>
                    \(isKey ? trouble?.message ?? "" : "")
                    <form method="post" action="\(Path.signIn.rawValue)">
                    \(next.input)
                    <label for="api_key">API key</label>
                    <input id="api_key" name="api_key" type="password" autocomplete="off" required\(isKey ? " autofocus" : "")>
                    <p class="hint">The server printed one on its first start. It opens the pages as the key, not as you.</p>
                    <button type="submit">Sign in with the key</button>
                    </form>
                    </details>
                    </section>
                    """)
        }
    }

    /// The code of the second factor.
    struct CodeForm {
        var ticket: String
        var next: NextPage
        var trouble: SignInTrouble?

        var page: Page {
            Page(
                title: "Sign in",
                content: """
                    <section class="narrow">
                    <h1>One more step</h1>
                    <p>Type the six digits that your authenticator app shows, or one of your recovery codes.</p>
                    \(trouble?.message ?? "")
                    <form method="post" action="\(Path.signInCode.rawValue)">
                    \(next.input)
                    <input type="hidden" name="ticket" value="\(ticket)">
                    <label for="code">Code</label>
                    <input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" maxlength="20" required autofocus>
                    <button type="submit">Sign in</button>
                    </form>
                    <p><a href="\(Path.signIn.rawValue)">Begin again</a></p>
                    </section>
                    """)
        }
    }
}
