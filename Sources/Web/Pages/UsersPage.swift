import Communications
import Core
import Storage

/// The people of a business, for its admins.
struct UsersPage: Sendable {
    let database: Database
    let actions: MemberActions

    /// What a form did before it led back here.
    private enum Done: String, CaseIterable {
        case role, disabled, enabled, removed, revoked, reset
        case resetFailed = "reset_failed"
        case resetSandbox = "reset_sandbox"

        var notice: Notice {
            switch self {
            case .role: .done("The role was changed. They sign in again.")
            case .disabled: .done("They are signed out and can not sign in here any more.")
            case .enabled: .done("They can sign in again.")
            case .removed: .done("They do not belong to this business any more.")
            case .revoked: .done("The invitation does not work any more.")
            case .reset: .done("A link to set another password is on its way to them.")
            case .resetFailed: .failed("The mail server did not take the letter. Try again later.")
            case .resetSandbox:
                .failed("E-mail is not set up on this server, so no link was sent. Its operator can run: rapport user reset-password")
            }
        }
    }

    func show(_ call: Call) async throws -> Answer {
        var query = call.query
        let done = query.oneOf("done", as: Done.self)
        let page = query.page()
        let after = query.id(of: page)
        try query.finish()
        return try await answer(call, notice: done?.notice, after: after)
    }

    private func answer(_ call: Call, notice: Notice?, link: (email: String, url: String)? = nil, after: UUIDv7? = nil) async throws
        -> Answer
    {
        let business = call.business
        let (members, invitations) = try await database.read { tx in
            (try tx.members(business: business, after: after, limit: 51), try tx.invitations(business: business))
        }
        let view = UsersView(
            members: Array(members.prefix(50)), invitations: invitations, hasMore: members.count > 50, notice: notice, link: link,
            mayWrite: call.credential.permissions.contains(.writeAccounts), viewer: call.viewer)
        return Page(title: "Users", content: view.html, viewer: call.viewer, current: .usersPage).answer()
    }

    func invite(_ call: Call) async throws -> Answer {
        var form = call.form()
        let email = form.string("email", maxLength: 254) ?? ""
        let role = form.oneOf("role", as: Role.self) ?? .viewer
        try form.finish()
        if let message = EmailAddressRule.check(email) {
            return try await answer(call, notice: .failed("The e-mail address \(message)."))
        }
        do {
            let invited = try await actions.invite(email: email, role: role, by: call)
            if let link = invited.link { return try await answer(call, notice: nil, link: (email, link)) }
            let notice: Notice =
                invited.delivery == .sent
                ? .done("An invitation is on its way to \(email).")
                : .failed("The mail server did not take the invitation to \(email). Revoke it and try again later.")
            return try await answer(call, notice: notice)
        } catch Refusal.conflict(let words) {
            return try await answer(call, notice: .failed(words))
        }
    }

    func changeRole(_ call: Call) async throws -> Answer {
        var form = call.form()
        let user = try Self.user(&form)
        let role = form.oneOf("role", as: Role.self)
        try form.finish()
        return try await attempt(call, .role) { _ = try await actions.change(user, MemberActions.Change(role: role), by: call) }
    }

    func changeAccess(_ call: Call) async throws -> Answer {
        var form = call.form()
        let user = try Self.user(&form)
        let disabled = form.bool("disabled") ?? true
        try form.finish()
        return try await attempt(call, disabled ? .disabled : .enabled) {
            _ = try await actions.change(user, MemberActions.Change(isDisabled: disabled), by: call)
        }
    }

    func remove(_ call: Call) async throws -> Answer {
        var form = call.form()
        let user = try Self.user(&form)
        try form.finish()
        return try await attempt(call, .removed) { try await actions.remove(user, by: call) }
    }

    func reset(_ call: Call) async throws -> Answer {
        var form = call.form()
        let user = try Self.user(&form)
        try form.finish()
        do {
            switch try await actions.resetPassword(of: user, by: call) {
            case .sent: return Self.back(.reset)
            case .failed: return Self.back(.resetFailed)
            case .sandbox: return Self.back(.resetSandbox)
            }
        } catch Refusal.conflict(let words) {
            return try await answer(call, notice: .failed(words))
        }
    }

    func revoke(_ call: Call) async throws -> Answer {
        var form = call.form()
        let id = form.string("invitation_id").flatMap { UUIDv7($0) }
        try form.finish()
        guard let id else { throw Refusal.notFound }
        return try await attempt(call, .revoked) { try await actions.revokeInvitation(id, by: call) }
    }

    private func attempt(_ call: Call, _ done: Done, _ work: () async throws -> Void) async throws -> Answer {
        do {
            try await work()
            // Whoever changed their own role or access has just been signed out.
            return Self.back(done)
        } catch Refusal.conflict(let words) {
            return try await answer(call, notice: .failed(words))
        }
    }

    private static func back(_ done: Done) -> Answer { .seeOther("\(Path.usersPage.rawValue)?done=\(done.rawValue)") }

    private static func user(_ form: inout Query) throws -> UUIDv7 {
        guard let id = form.string("user_id").flatMap({ UUIDv7($0) }) else { throw Refusal.notFound }
        return id
    }
}
