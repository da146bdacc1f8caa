import Core
import HTTPTypes
import HummingbirdCore
import Storage

/// Where an invitation's link leads.
struct InvitationPage: Sendable {
    let database: Database
    let hasher: PasswordHasher
    let sessions: SessionStore
    let gate: Gatekeeper

    private struct Subject: Sendable {
        var invitation: Invitation
        var business: String
        /// Whoever has the address has an account already.
        var user: User?
    }

    func show(_ incoming: Incoming) async throws -> Answer {
        guard let subject = try await subject(incoming) else { return Self.gone }
        let viewer = try await sessions.viewer(incoming.headers)
        return try page(subject, viewer, incoming, notice: nil).answer()
    }

    func accept(_ incoming: Incoming) async throws -> Answer {
        guard let subject = try await subject(incoming) else { return Self.gone }
        if let user = subject.user { return try await join(subject, user, incoming) }
        return try await create(subject, incoming)
    }

    /// Only the account's owner, signed in, takes it into another business.
    private func join(_ subject: Subject, _ user: User, _ incoming: Incoming) async throws -> Answer {
        guard let viewer = try await sessions.viewer(incoming.headers), viewer.user?.id == user.id else {
            return try page(subject, nil, incoming, notice: nil).answer(.forbidden)
        }
        let call = Call(incoming: incoming, credential: viewer.credential, idempotencyKey: nil, viewer: viewer)
        try gate.checkForm(call)
        let joined = try await database.write { tx in try tx.accept(subject.invitation, as: user, incoming) }
        guard joined else { return Self.gone }
        let cookie = try await sessions.begin(
            user: user.id, business: subject.invitation.business, method: "invitation", origin: incoming.origin,
            requestID: incoming.requestID)
        _ = try await sessions.end(viewer, remoteAddress: incoming.remoteAddress, requestID: incoming.requestID)
        return .seeOther(.sandbox, cookie: cookie)
    }

    private func create(_ subject: Subject, _ incoming: Incoming) async throws -> Answer {
        var form = Query(String(decoding: incoming.body, as: UTF8.self))
        let name = form.string("name") ?? ""
        let wanted = form.string("new_password", maxLength: PasswordRule.longest) ?? ""
        let again = form.string("new_password_again", maxLength: PasswordRule.longest) ?? ""
        try form.finish()
        let email = subject.invitation.email
        let fault =
            PersonName.check(name).map { "The name \($0)." } ?? PasswordRule.check(wanted, email: email).map { "The new password \($0)." }
            ?? (SecretText.equal(wanted, again) ? nil : "The new password was typed in two ways.")
        if let fault {
            return try page(subject, nil, incoming, notice: .failed(fault), name: name).answer(.unprocessableContent)
        }
        let hash = try await hasher.hash(wanted)
        let user = try await database.write { tx -> User? in
            guard try tx.user(email: email) == nil else { return nil }
            let user = try tx.createUser(email: email, name: name, passwordHash: hash)
            // Somebody was faster: then there is no account either.
            guard try tx.accept(subject.invitation, as: user, incoming) else { throw Refusal.notFound }
            return user
        }
        // Somebody made the account meanwhile; the page now asks them to sign in.
        guard let user else { return .seeOther(incoming.request.uri.path) }
        let cookie = try await sessions.begin(
            user: user.id, business: subject.invitation.business, method: "invitation", origin: incoming.origin,
            requestID: incoming.requestID)
        return .seeOther(.sandbox, cookie: cookie)
    }

    private func subject(_ incoming: Incoming) async throws -> Subject? {
        let hash = AccountToken.hash(try incoming.parameter("token"))
        return try await database.read { tx in
            guard let invitation = try tx.invitation(tokenHash: hash) else { return nil }
            let business = try tx.business(invitation.business)?.name ?? ""
            return Subject(invitation: invitation, business: business, user: try tx.user(email: invitation.email))
        }
    }

    private static let gone = TokenPage.gone("This invitation does not work any more", "Ask whoever invited you for another one.")

    private func page(_ subject: Subject, _ viewer: Viewer?, _ incoming: Incoming, notice: Notice?, name: String = "") throws -> Page {
        let path = incoming.request.uri.path
        let form: HTML
        if let user = subject.user {
            if let viewer, viewer.user?.id == user.id {
                form = """
                    <form method="post" action="\(path)">\(viewer.csrfInput)<button type="submit">Accept</button></form>
                    """
            } else {
                form = """
                    <p>You have an account already. Sign in with it to accept.</p>
                    <p><a class="button" href="\(Path.signIn.rawValue)?next=\(path)">Sign in and accept</a></p>
                    """
            }
        } else {
            form = """
                <form method="post" action="\(path)">
                <label for="name">Your name</label>
                <input id="name" name="name" autocomplete="name" maxlength="\(String(PersonName.longest))" required autofocus value="\(name)">
                <input type="hidden" autocomplete="username" value="\(subject.invitation.email)">
                \(NewPassword.inputs)
                <button type="submit">Make my account</button>
                </form>
                """
        }
        return Page(
            title: "Invitation",
            content: """
                <section class="narrow">
                <h1>\(subject.business) invites you</h1>
                \(notice?.html ?? "")
                <p>As \(subject.invitation.role.title.lowercased()), with the address <strong>\(subject.invitation.email)</strong>.</p>
                \(form)
                </section>
                """)
    }
}

extension Transaction {
    /// Uses the invitation up and says so in the business's log.
    func accept(_ invitation: Invitation, as user: User, _ incoming: Incoming) throws -> Bool {
        guard try acceptInvitation(invitation, as: user.id) else { return false }
        let entry = AuditEntry(
            actor: user.actor, action: "invitation.accept", target: invitation.id.description, remoteAddress: incoming.remoteAddress,
            requestID: incoming.requestID)
        try audit(entry, business: invitation.business)
        return true
    }
}
