import Communications
import Core
import Storage

/// What somebody does with their own account. What matters asks for the password once more.
struct AccountPage: Sendable {
    let database: Database
    let signIn: SignIn
    let hasher: PasswordHasher
    let sessions: SessionStore
    let mail: StaffMail
    let baseURL: String

    enum Done: String, CaseIterable {
        case password, name, sessions
        case noTOTP = "two_factor_off"

        var notice: Notice {
            switch self {
            case .password: .done("Your password was changed, and every other session of yours has ended.")
            case .name: .done("Your name was changed.")
            case .sessions: .done("The session has ended.")
            case .noTOTP: .done("The second step is off. Every other session of yours has ended.")
            }
        }
    }

    func show(_ call: Call) async throws -> Answer {
        var query = call.query
        let done = query.oneOf("done", as: Done.self)
        try query.finish()
        return try await answer(call, notice: done?.notice)
    }

    private func answer(_ call: Call, notice: Notice?) async throws -> Answer {
        let user = try Self.user(call)
        let (list, codes) = try await database.read { tx in (try tx.sessions(of: user.id), try tx.unusedRecoveryCodes(of: user.id)) }
        guard let viewer = call.viewer else { throw Refusal.forbidden }
        let view = AccountView(user: user, viewer: viewer, sessions: list, recoveryCodesLeft: codes, notice: notice)
        return Page(title: "Account", content: view.html, viewer: viewer, current: .accountPage).answer()
    }

    func changeName(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let name = form.string("name") ?? ""
        try form.finish()
        if let message = PersonName.check(name) { return try await answer(call, notice: .failed("The name \(message).")) }
        try await database.write { tx in
            try tx.renameUser(user.id, to: name)
            try tx.audit(call.audit("user.rename", target: user.id.description), business: call.business)
        }
        return Self.back(.name)
    }

    func changePassword(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let current = form.string("current_password", maxLength: PasswordRule.longest) ?? ""
        let wanted = form.string("new_password", maxLength: PasswordRule.longest) ?? ""
        let again = form.string("new_password_again", maxLength: PasswordRule.longest) ?? ""
        try form.finish()
        if let notice = Self.fault(wanted, again, user) { return try await answer(call, notice: notice) }
        if let notice = try await refusal(current, user, call) { return try await answer(call, notice: notice) }
        let hash = try await hasher.hash(wanted)
        let cookie = try await renewing(call, user, "user.password_change") { tx in try tx.changePassword(hash, of: user.id) }
        await tell(user, "Your password was changed.")
        return Self.back(.password, cookie)
    }

    /// Shows a new key; it is asked for only once a code of it has come back.
    func beginTOTP(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let password = form.string("password", maxLength: PasswordRule.longest) ?? ""
        try form.finish()
        if let notice = try await refusal(password, user, call) { return try await answer(call, notice: notice) }
        let secret = TOTP.makeSecret()
        guard try await database.write({ tx in try tx.proposeTOTP(secret, of: user.id) }) else {
            return try await answer(call, notice: .failed("The second step is on already."))
        }
        return enrolment(call, user, secret, notice: nil)
    }

    func confirmTOTP(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let code = form.string("code", maxLength: 20) ?? ""
        try form.finish()
        let codes = try await database.write { tx -> [String]? in
            guard let codes = try tx.enableTOTP(of: user.id, code: code.filter { $0 != " " }) else { return nil }
            try tx.audit(call.audit("user.two_factor_enable", target: user.id.description), business: call.business)
            return codes
        }
        if let codes { return recoveryCodes(call, codes) }
        guard let secret = try await database.read({ tx in try tx.proposedTOTP(of: user.id) }) else {
            return try await answer(call, notice: .failed("Begin again."))
        }
        return enrolment(call, user, secret, notice: .failed("This code is not the right one. Your phone's clock must be right."))
    }

    func disableTOTP(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let password = form.string("password", maxLength: PasswordRule.longest) ?? ""
        try form.finish()
        if let notice = try await refusal(password, user, call) { return try await answer(call, notice: notice) }
        let cookie = try await renewing(call, user, "user.two_factor_disable") { tx in try tx.disableTOTP(of: user.id) }
        await tell(user, "The second step of signing in was switched off.")
        return Self.back(.noTOTP, cookie)
    }

    func renewRecoveryCodes(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let password = form.string("password", maxLength: PasswordRule.longest) ?? ""
        try form.finish()
        guard user.hasTOTP else { throw Refusal.notFound }
        if let notice = try await refusal(password, user, call) { return try await answer(call, notice: notice) }
        let codes = try await database.write { tx in
            try tx.audit(call.audit("user.recovery_codes_renew", target: user.id.description), business: call.business)
            return try tx.renewRecoveryCodes(of: user.id)
        }
        return recoveryCodes(call, codes)
    }

    /// One of their sessions, or all but this one.
    func endSession(_ call: Call) async throws -> Answer {
        let user = try Self.user(call)
        var form = call.form()
        let id = form.string("session_id").flatMap { UUIDv7($0) }
        try form.finish()
        guard let own = call.viewer?.session.id else { throw Refusal.forbidden }
        try await database.write { tx in
            // That somebody wanted all others to end is worth knowing, also where there were none.
            let ended = if let id { try tx.endSession(id, of: user.id) } else { try tx.endSessions(of: user.id, except: own) >= 0 }
            if ended { try tx.audit(call.audit("session.end", target: id?.description ?? "others"), business: call.business) }
        }
        return Self.back(.sessions)
    }
}

extension AccountPage {
    /// An API key has no account.
    private static func user(_ call: Call) throws -> User {
        guard let user = call.viewer?.user else { throw Refusal.forbidden }
        return user
    }

    private static func back(_ done: Done, _ cookie: String? = nil) -> Answer {
        .seeOther("\(Path.accountPage.rawValue)?done=\(done.rawValue)", cookie: cookie)
    }

    /// What is wrong with a new password.
    static func fault(_ wanted: String, _ again: String, _ user: User) -> Notice? {
        if let message = PasswordRule.check(wanted, email: user.email) { return .failed("The new password \(message).") }
        return SecretText.equal(wanted, again) ? nil : .failed("The new password was typed in two ways.")
    }

    /// Why the password that was asked for once more does not do.
    private func refusal(_ password: String, _ user: User, _ call: Call) async throws -> Notice? {
        switch try await signIn.confirm(password: password, of: user, from: call.remoteAddress) {
        case .signedIn: nil
        case .locked(let seconds): .failed("Too many wrong passwords. The next try is possible in \(seconds) seconds.")
        case .refused, .codeRequired: .failed("The password is wrong.")
        }
    }

    /// Makes a change that ends all sessions, and goes on in a new one.
    private func renewing(
        _ call: Call, _ user: User, _ action: String, _ change: @escaping @Sendable (Transaction) throws -> Bool
    ) async throws -> String {
        let changed = try await database.write { tx in
            // Somebody else may have changed it since the password was looked at.
            guard try tx.user(user.id)?.credentialsVersion == user.credentialsVersion, try change(tx) else { return false }
            try tx.audit(call.audit(action, target: user.id.description), business: call.business)
            return true
        }
        guard changed else { throw Refusal.conflict("The account was changed elsewhere at the same time.") }
        return try await sessions.begin(
            user: user.id, business: call.business, method: "renewed", origin: call.incoming.origin, requestID: call.requestID)
    }

    private func tell(_ user: User, _ what: String) async {
        // Whether it arrives changes nothing of what was done.
        _ = await mail.send(.credentialsChanged(what, url: baseURL + Path.reset.rawValue), to: user.email, name: user.name)
    }

    private func enrolment(_ call: Call, _ user: User, _ secret: [UInt8], notice: Notice?) -> Answer {
        let view = EnrolmentView(user: user, viewer: call.viewer, secret: secret, notice: notice)
        return Page(title: "Second step", content: view.html, viewer: call.viewer, current: .accountPage).answer()
    }

    private func recoveryCodes(_ call: Call, _ codes: [String]) -> Answer {
        Page(title: "Recovery codes", content: RecoveryCodesView(codes: codes).html, viewer: call.viewer, current: .accountPage).answer()
    }
}
