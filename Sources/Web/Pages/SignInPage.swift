import Core
import Crypto
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Storage

/// The forms that ask who somebody is, and what comes of them.
struct SignInPage: Sendable {
    let signIn: SignIn
    let keys: APIKeyCache
    let sessions: SessionStore
    let database: Database
    let limits: RequestLimits
    /// What the button for another provider's accounts says; nil: there is none.
    let provider: String?

    /// To the form, and from there back to the page that was asked for.
    static func redirect(from request: Request? = nil) -> Answer {
        guard let path = request?.uri.path, path != Path.landing.rawValue, path != Path.sandbox.rawValue else { return .seeOther(.signIn) }
        return .seeOther("\(Path.signIn.rawValue)?next=\(path)")
    }

    func show(_ incoming: Incoming) async throws -> Answer {
        var query = incoming.query
        let next = NextPage(query.string("next"))
        try query.finish()
        return Form(provider: provider, next: next).page.answer()
    }

    /// The form has two halves: e-mail and password, or an API key.
    func submit(_ incoming: Incoming) async throws -> Answer {
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        let key = form.string("api_key", maxLength: 512)
        let email = form.string("email", maxLength: 254)
        let password = form.string("password", maxLength: PasswordRule.longest)
        let next = NextPage(form.string("next"))
        try form.finish()
        if let key { return try await submit(key: key, next, incoming) }
        guard let email, let password else {
            return Form(provider: provider, next: next, email: email, trouble: .incomplete).page.answer(.unprocessableContent)
        }
        let result = try await signIn.verify(email: email, password: password, code: nil, from: incoming.remoteAddress)
        return try await answer(result, next, incoming) { Form(provider: provider, next: next, email: email, trouble: $0).page }
    }

    /// The code after the password.
    func submitCode(_ incoming: Incoming) async throws -> Answer {
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        let ticket = form.string("ticket", maxLength: 400) ?? ""
        let code = form.string("code", maxLength: 20) ?? ""
        let next = NextPage(form.string("next"))
        try form.finish()
        let result = try await signIn.verify(ticket: ticket, code: code, from: incoming.remoteAddress)
        return try await answer(result, next, incoming) { CodeForm(ticket: ticket, next: next, trouble: $0).page }
    }

    func signOut(_ call: Call) async throws -> Answer {
        var form = call.form()
        try form.finish()
        guard let viewer = call.viewer else { return .seeOther(.signIn) }
        let cookie = try await sessions.end(viewer, remoteAddress: call.remoteAddress, requestID: call.requestID)
        return .seeOther(.signIn, cookie: cookie)
    }

    /// Begins a session at another business of theirs in place of this one.
    func switchBusiness(_ call: Call) async throws -> Answer {
        var form = call.form()
        let business = form.string("business_id").flatMap { UUIDv7($0) }
        try form.finish()
        guard let viewer = call.viewer, let user = viewer.user, let business, viewer.places.contains(where: { $0.id == business }) else {
            throw Refusal.notFound
        }
        let cookie = try await sessions.begin(
            user: user.id, business: business, method: "switch", origin: call.incoming.origin, requestID: call.requestID)
        _ = try await sessions.end(viewer, remoteAddress: call.remoteAddress, requestID: call.requestID)
        return .seeOther(.sandbox, cookie: cookie)
    }

    private func submit(key: String, _ next: NextPage, _ incoming: Incoming) async throws -> Answer {
        try limits.checkFailures(incoming.context)
        guard let credential = try await keys.credential(of: key.utf8) else {
            limits.noteFailure(incoming.context)
            return Form(provider: provider, next: next, trouble: .wrongKey).page.answer(.unauthorized)
        }
        let cookie = try await sessions.begin(
            key: credential, keyHash: Array(SHA256.hash(data: Array(key.utf8))), origin: incoming.origin, requestID: incoming.requestID)
        return .seeOther(next.path, cookie: cookie)
    }

    /// Where they were last, or where they were just invited to. Nil: they belong nowhere.
    private func begin(_ user: User, _ next: NextPage, _ incoming: Incoming) async throws -> Answer? {
        var business = try await accepted(next, user, incoming)
        let isNew = business != nil
        if business == nil {
            let memberships = try await database.read { tx in try tx.memberships(of: user.id) }.filter { $0.disabledAt == nil }
            business = (memberships.first { $0.business == user.lastBusiness } ?? memberships.first)?.business
        }
        guard let business else { return nil }
        let cookie = try await sessions.begin(
            user: user.id, business: business, method: user.hasTOTP ? "password_and_code" : "password", origin: incoming.origin,
            requestID: incoming.requestID)
        return .seeOther(isNew ? Path.sandbox.rawValue : next.path, cookie: cookie)
    }

    /// Whoever comes from an invitation's link with the account of its address has accepted it by signing in: they may belong nowhere
    /// else, and then there is no session in which they could.
    private func accepted(_ next: NextPage, _ user: User, _ incoming: Incoming) async throws -> BusinessID? {
        let prefix = Path.invitationPage.rawValue.replacing("{token}", with: "")
        guard next.path.hasPrefix(prefix) else { return nil }
        let hash = AccountToken.hash(next.path.dropFirst(prefix.count))
        return try await database.write { tx in
            guard let invitation = try tx.invitation(tokenHash: hash), try tx.user(email: invitation.email)?.id == user.id,
                try tx.accept(invitation, as: user, incoming)
            else { return nil }
            return invitation.business
        }
    }

    private func answer(
        _ result: SignInResult, _ next: NextPage, _ incoming: Incoming, _ again: (SignInTrouble) -> Page
    ) async throws -> Answer {
        switch result {
        case .signedIn(let user):
            return try await begin(user, next, incoming) ?? again(.noBusiness).answer(.forbidden)
        case .codeRequired(let ticket):
            return CodeForm(ticket: ticket, next: next).page.answer()
        case .refused:
            return again(.refused).answer(.unauthorized)
        case .locked(let seconds):
            var answer = again(.locked(seconds)).answer(.tooManyRequests)
            answer.headers[.retryAfter] = "\(seconds)"
            return answer
        }
    }
}

extension Answer {
    /// To a page of ours, after a form.
    static func seeOther(_ path: Path, cookie: String? = nil) -> Answer { .seeOther(path.rawValue, cookie: cookie) }

    static func seeOther(_ path: String, cookie: String? = nil) -> Answer {
        var answer = Answer(status: .seeOther, headers: [.location: path])
        if let cookie { answer.headers[.setCookie] = cookie }
        return answer
    }
}

extension Incoming {
    /// For the list of a person's sessions.
    var origin: SessionOrigin { SessionOrigin(remoteAddress: remoteAddress, userAgent: headers[.userAgent]) }
}
