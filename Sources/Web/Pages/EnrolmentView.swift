import Core
import Storage

/// The key of an authenticator app, as a picture and as text.
struct EnrolmentView {
    var user: User
    var viewer: Viewer?
    var secret: [UInt8]
    var notice: Notice?

    var html: HTML {
        let uri = TOTP.uri(secret: secret, account: user.email, issuer: "Rapport")
        return """
            <section class="narrow">
            <h1>Set up the second step</h1>
            \(notice?.html ?? "")
            <ol class="steps">
            <li><p>Scan this with an authenticator app on your phone.</p>
            \(QRCode(uri)?.svg(label: "The key as a QR code; the same stands below as text") ?? "")
            <details><summary>Type the key instead</summary>
            <p>Account: \(user.email)<br>Key: <code class="secret">\(Self.grouped(Base32.encode(secret).uppercased()))</code></p>
            <p class="hint">The same as an address: <code>\(uri)</code></p></details></li>
            <li><form method="post" action="\(Path.accountTOTPConfirm.rawValue)">\(viewer?.csrfInput ?? "")
            <label for="code">Type the six digits that the app shows</label>
            <input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8" required autofocus>
            <button type="submit">Switch it on</button>
            </form></li>
            </ol>
            <p><a href="\(Path.accountPage.rawValue)">Not now</a></p>
            </section>
            """
    }

    /// In fours, so that people can copy it.
    private static func grouped(_ text: String) -> String {
        var groups: [Substring] = []
        var rest = Substring(text)
        while !rest.isEmpty {
            groups.append(rest.prefix(4))
            rest = rest.dropFirst(4)
        }
        return groups.joined(separator: " ")
    }
}

/// Recovery codes, shown once.
struct RecoveryCodesView {
    var codes: [String]

    var html: HTML {
        """
        <section class="narrow">
        <h1>Recovery codes</h1>
        <p class="done" role="status">The second step is on.</p>
        <p>Keep these codes where you keep what matters. Each opens your account once, in place of the phone. They are shown only now.</p>
        <ul class="codes">\(.joined(codes.map { code -> HTML in "<li><code>\(code)</code></li>" }))</ul>
        <p><a class="button" href="\(Path.accountPage.rawValue)">I have kept them</a></p>
        </section>
        """
    }
}
