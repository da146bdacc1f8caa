import Core
import Storage

/// What came of an attempt to sign in.
public enum SignInResult: Sendable, Hashable {
    case signedIn(User)
    /// The password is right and there is a second factor. The ticket says so to ``SignIn/verify(ticket:code:from:)``.
    case codeRequired(ticket: String)
    /// Wrong, unknown or disabled: nobody learns which.
    case refused
    /// Too many failures.
    case locked(retryAfterSeconds: Int)
}

/// Checks passwords and codes: the only place where they are.
///
/// Every answer takes one password's time, whether or not there is such an account, and each try is counted before it is looked at.
public struct SignIn: Sendable {
    let database: Database
    let cipher: Cipher
    let clock: WallClock
    let hasher: PasswordHasher

    public init(database: Database, cipher: Cipher, clock: WallClock, hasher: PasswordHasher) {
        self.database = database
        self.cipher = cipher
        self.clock = clock
        self.hasher = hasher
    }

    /// A password, and the code where there is a second factor.
    ///
    /// - Parameters:
    ///   - code: a one-time or a recovery code; nil asks whether one is needed.
    ///   - remoteAddress: whose tries are counted together.
    public func verify(email: String, password: String, code: String?, from remoteAddress: String?) async throws -> SignInResult {
        let limits = SignInLimit.all(account: cipher.userEmailHash(email), address: remoteAddress, cipher)
        let begin = try await database.write { tx in
            let begin = try tx.beginSignInAttempt(limits)
            let user = try tx.user(email: email)
            if begin.began, let user { try tx.auditLock(of: user, from: remoteAddress) }
            return (lockedUntil: begin.lockedUntil, user: user)
        }
        if let end = begin.lockedUntil { return Self.locked(until: end, now: clock.now()) }
        // The placeholder of an account without a password costs the same.
        let verdict = try await hasher.verify(password, against: begin.user?.passwordHash)
        guard case .right(let upgrade) = verdict, let user = begin.user, user.disabledAt == nil else { return .refused }
        if user.hasTOTP {
            try await database.write { tx in try tx.endSignInAttempt(limits) }
            let ticket = SignInTicket(user: user, at: clock.now()).text(cipher)
            guard let code else { return .codeRequired(ticket: ticket) }
            return try await verify(ticket: ticket, code: code, from: remoteAddress)
        }
        return try await database.write { tx in
            // Everything may have changed while the password was looked at.
            guard let current = try tx.user(user.id), current.disabledAt == nil, !current.hasTOTP,
                current.credentialsVersion == user.credentialsVersion
            else { return .refused }
            if let upgrade, let old = user.passwordHash { try tx.upgradePasswordHash(upgrade, from: old, of: user.id) }
            try tx.endSignInAttempt(limits)
            return .signedIn(current)
        }
    }

    /// The code that was asked for.
    ///
    /// - Parameters:
    ///   - ticket: of ``SignInResult/codeRequired(ticket:)``; good for a few minutes.
    ///   - code: a one-time or a recovery code.
    public func verify(ticket: String, code: String, from remoteAddress: String?) async throws -> SignInResult {
        guard let ticket = SignInTicket(ticket, cipher, at: clock.now()) else { return .refused }
        return try await database.write { [cipher] tx in
            guard let user = try tx.user(ticket.user), user.disabledAt == nil, user.credentialsVersion == ticket.credentialsVersion else {
                return .refused
            }
            // Codes are counted apart from passwords: a right password must not forget wrong codes.
            let account = cipher.userEmailHash(user.email) + Array("code".utf8)
            let limits = SignInLimit.all(account: account, address: remoteAddress, cipher)
            let (end, began) = try tx.beginSignInAttempt(limits)
            if let end { return Self.locked(until: end, now: tx.now) }
            if began { try tx.auditLock(of: user, from: remoteAddress) }
            guard try tx.useSecondFactor(code, of: user.id) != nil else { return .refused }
            try tx.endSignInAttempt(limits)
            return .signedIn(user)
        }
    }

    /// Whether somebody who is signed in knows their password; asked before what matters. Counts as signing in does.
    public func confirm(password: String, of user: User, from remoteAddress: String?) async throws -> SignInResult {
        let limits = SignInLimit.all(account: cipher.userEmailHash(user.email), address: remoteAddress, cipher)
        let end = try await database.write { tx in
            let begin = try tx.beginSignInAttempt(limits)
            if begin.began { try tx.auditLock(of: user, from: remoteAddress) }
            return begin.lockedUntil
        }
        if let end { return Self.locked(until: end, now: clock.now()) }
        guard case .right = try await hasher.verify(password, against: user.passwordHash) else { return .refused }
        try await database.write { tx in try tx.endSignInAttempt(limits) }
        return .signedIn(user)
    }

    private static func locked(until end: Timestamp, now: Timestamp) -> SignInResult {
        .locked(retryAfterSeconds: Int(max(1, end.seconds &- now.seconds)))
    }
}

extension Transaction {
    /// In the log of every business that knows them: somebody guesses at this account.
    fileprivate func auditLock(of user: User, from remoteAddress: String?) throws {
        for membership in try memberships(of: user.id) {
            let entry = AuditEntry(
                actor: .system, action: "user.sign_in_locked", target: user.id.description, remoteAddress: remoteAddress)
            try audit(entry, business: membership.business)
        }
    }
}
