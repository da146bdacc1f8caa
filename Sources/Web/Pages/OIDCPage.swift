import Core
import HTTPTypes
import Logging
import Storage

/// Signing in with another provider's account: the way there, and the way back.
struct OIDCPage: Sendable {
    /// Nil: there is no such provider.
    let provider: OIDCProvider?
    let database: Database
    let cipher: Cipher
    let clock: WallClock
    let sessions: SessionStore
    let limits: RequestLimits

    /// Sends the browser to the provider, with what only this browser and we will know when it comes back.
    func begin(_ incoming: Incoming) async throws -> Answer {
        guard let provider else { throw Refusal.notFound }
        var query = incoming.query
        let next = NextPage(query.string("next"))
        try query.finish()
        let (state, browser, nonce, verifier) = (AccountToken(), AccountToken(), AccountToken(), AccountToken())
        let url: String
        do throws(OIDCFailure) {
            url = try await provider.authorizationURL(state: state.text, nonce: nonce.text, verifier: verifier.text)
        } catch {
            return Self.failed(error, incoming)
        }
        let kept = OIDCState(browserHash: browser.hash, nonce: nonce.text, verifier: verifier.text, nextPath: next.path)
        try await database.write { tx in try tx.beginOIDC(kept, hash: state.hash) }
        return .seeOther(url, cookie: cookie(browser.text, maxAge: OIDCState.lifetimeSeconds))
    }

    func callback(_ incoming: Incoming) async throws -> Answer {
        guard let provider else { throw Refusal.notFound }
        do {
            return try await finish(provider, incoming)
        } catch let failure as OIDCFailure {
            if case .rejected = failure { limits.noteFailure(incoming.context) }
            return Self.failed(failure, incoming)
        }
    }

    private func finish(_ provider: OIDCProvider, _ incoming: Incoming) async throws -> Answer {
        try limits.checkFailures(incoming.context)
        var query = incoming.query
        let state = query.string("state") ?? ""
        let code = query.string("code", maxLength: 4_096)
        let issuer = query.string("iss", maxLength: 2_048)
        // Providers add what they like; nothing else of it is used.
        let begun = try await database.write { tx in try tx.endOIDC(hash: AccountToken.hash(state)) }
        guard let begun else { throw OIDCFailure.rejected("state") }
        // Another browser's state: somebody wants this person to sign in as someone else.
        guard let browser = browserToken(incoming.headers), AccountToken.hash(browser) == begun.browserHash else {
            throw OIDCFailure.rejected("browser")
        }
        // RFC 9207: whose answer this is.
        if let issuer, issuer != provider.configuration.issuer { throw OIDCFailure.rejected("issuer of the answer") }
        guard let code else { throw OIDCFailure.rejected("no code") }
        let identity = try await provider.identity(code: code, verifier: begun.verifier, nonce: begun.nonce)
        let outcome = try await OIDCSignIn(database: database, issuer: provider.configuration.issuer).resolve(identity, incoming)
        return try await answer(outcome, NextPage(begun.nextPath), incoming)
    }

    private func answer(_ outcome: OIDCSignIn.Outcome, _ next: NextPage, _ incoming: Incoming) async throws -> Answer {
        switch outcome {
        case .person(let user, let business):
            let session = try await sessions.begin(
                user: user.id, business: business, method: "oidc", origin: incoming.origin, requestID: incoming.requestID)
            var answer = Answer.seeOther(next.path, cookie: session)
            answer.headers.append(HTTPField(name: .setCookie, value: cookie("", maxAge: 0)))
            return answer
        case .codeRequired(let user):
            let ticket = SignInTicket(user: user, at: clock.now()).text(cipher)
            return SignInPage.CodeForm(ticket: ticket, next: next).page.answer()
        case .unknown:
            return Self.page("Nobody here has this account", "Ask for an invitation to the address that the provider knows.").answer(
                .forbidden)
        case .refused:
            return Self.page("This account may not sign in", "It is disabled, or belongs to no business any more.").answer(.forbidden)
        }
    }

    /// The reason is for the operator; a person can only try again.
    private static func failed(_ failure: OIDCFailure, _ incoming: Incoming) -> Answer {
        let (reason, status): (String, HTTPResponse.Status) =
            switch failure {
            case .provider(let reason): (reason, .badGateway)
            case .rejected(let reason): (reason, .badRequest)
            }
        incoming.logger.warning("oidc_sign_in_failed", metadata: ["request_id": "\(incoming.requestID)", "reason": "\(reason)"])
        return page("Signing in did not work", "Begin again. Should this come up every time, the server's log says why.").answer(status)
    }

    private static func page(_ title: String, _ text: String) -> Page {
        Page(
            title: title,
            content: """
                <section class="narrow">
                <h1>\(title)</h1>
                <p role="alert">\(text)</p>
                <p><a href="\(Path.signIn.rawValue)">Back to signing in</a></p>
                </section>
                """)
    }

    private var cookieName: String { sessions.secure ? "__Host-rapport_oidc" : "rapport_oidc" }

    /// Lax, since the provider's site sends the browser back.
    private func cookie(_ value: String, maxAge: Int64) -> String {
        "\(cookieName)=\(value); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax\(sessions.secure ? "; Secure" : "")"
    }

    private func browserToken(_ headers: HTTPFields) -> Substring? {
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.trimmed.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == cookieName, parts[1].utf8.count <= 128 { return parts[1] }
            }
        }
        return nil
    }
}
