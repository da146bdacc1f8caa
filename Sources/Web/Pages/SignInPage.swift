import Core
import Crypto
import HTTPTypes
import HummingbirdCore

/// The form that asks for an API key, and what comes of it.
struct SignInPage: Sendable {
    let keys: APIKeyCache
    let sessions: SessionStore

    static func redirect() -> Answer { seeOther(.sandboxSignIn) }

    private static func seeOther(_ path: Path, cookie: String? = nil) -> Answer {
        var answer = Answer(status: .seeOther, headers: [.location: path.rawValue])
        if let cookie { answer.headers[.setCookie] = cookie }
        return answer
    }

    func show(_: Incoming) async -> Answer { Self.page(refused: false).answer() }

    func signIn(_ incoming: Incoming) async throws -> Answer {
        try Self.checkOrigin(incoming)
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        let key = form.string("api_key", maxLength: 512) ?? ""
        try form.finish()
        guard try await keys.credential(of: key.utf8) != nil else { return Self.page(refused: true).answer(.unauthorized) }
        return Self.seeOther(.sandbox, cookie: sessions.begin(keyHash: SHA256.hash(data: Array(key.utf8))))
    }

    func signOut(_ incoming: Incoming) async throws -> Answer {
        try Self.checkOrigin(incoming)
        return Self.seeOther(.sandboxSignIn, cookie: sessions.end(incoming.headers))
    }

    /// Another site must not sign anybody in or out. Browsers say where a form comes from; other programs need not.
    private static func checkOrigin(_ incoming: Incoming) throws(Refusal) {
        guard let site = incoming.headers[.fetchSite] else { return }
        guard site == "same-origin" || site == "none" else { throw .forbidden }
    }

    private static func page(refused: Bool) -> Page {
        Page(
            title: "Sign in",
            content: """
                <section class="narrow">
                <h1>Sign in</h1>
                <p>The sandbox shows messages to your clients, so it asks for an API key. The server printed one on its first start.</p>
                \(refused ? refusal : "")
                <form method="post" action="\(Path.sandboxSignIn.rawValue)">
                <label for="api_key">API key</label>
                <input id="api_key" name="api_key" type="password" autocomplete="current-password" required autofocus>
                <button type="submit">Sign in</button>
                </form>
                </section>
                """)
    }

    private static let refusal: HTML = """
        <p class="error" role="alert">This key is not valid.</p>
        """
}
