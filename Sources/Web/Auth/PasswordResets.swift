import Communications
import Core
import Logging
import ServiceLifecycle
import Storage

/// Sends links with which people set another password.
///
/// Whoever asks gets the same answer after the same time, whether or not there is such an account: the work is done afterwards, here.
public final class PasswordResets: Service {
    private struct Wish: Sendable {
        var email: String
        var remoteAddress: String?
        var requestID: String
    }

    private let database: Database
    private let cipher: Cipher
    private let mail: StaffMail
    private let baseURL: String
    private let logger: Logger
    private let wishes: AsyncStream<Wish>
    private let post: AsyncStream<Wish>.Continuation

    /// More than this at once are forgotten: their senders ask again.
    static let mostWaiting = 256

    public init(database: Database, cipher: Cipher, mail: StaffMail, baseURL: String, logger: Logger = Logger(label: "rapport.web")) {
        self.database = database
        self.cipher = cipher
        self.mail = mail
        self.baseURL = baseURL
        self.logger = logger
        (wishes, post) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.mostWaiting))
    }

    /// Returns at once.
    func ask(email: String, from remoteAddress: String?, requestID: String) {
        post.yield(Wish(email: email, remoteAddress: remoteAddress, requestID: requestID))
    }

    public func run() async {
        await withGracefulShutdownHandler {
            for await wish in wishes { await fulfil(wish) }
        } onGracefulShutdown: {
            self.close()
        }
    }

    /// No more wishes; ``run()`` returns after those that wait.
    func close() { post.finish() }

    private func fulfil(_ wish: Wish) async {
        do {
            guard let (user, token) = try await prepare(wish) else { return }
            let outcome = await mail.send(letter(token), to: user.email, name: user.name)
            if outcome == .failed { logger.warning("password_reset_not_sent", metadata: ["user_id": "\(user.id)"]) }
        } catch {
            logger.warning("password_reset_failed", metadata: ["error": "\(String(reflecting: error))"])
        }
    }

    private func prepare(_ wish: Wish) async throws -> (User, AccountToken)? {
        // Counted apart from passwords; a mailbox must not be filled by strangers.
        let account = cipher.userEmailHash(wish.email) + Array("reset".utf8)
        let limits = SignInLimit.resets(account: account, address: wish.remoteAddress, cipher)
        return try await database.write { tx in
            guard try tx.beginSignInAttempt(limits).lockedUntil == nil, let user = try tx.user(email: wish.email),
                user.disabledAt == nil
            else { return nil }
            return (user, try tx.prepareReset(of: user, by: user.actor, from: wish.remoteAddress, requestID: wish.requestID))
        }
    }

    /// By an admin of a business that they belong to.
    func send(to user: User, by call: Call) async throws -> StaffMail.Outcome {
        // The link opens the account in all its businesses, so only its owner may see it.
        if mail.isSandbox {
            var json = JSONWriter()
            json.object { $0.member("delivery", StaffMail.Outcome.sandbox.rawValue) }
            let entry = call.audit("user.reset_requested", target: user.id.description, details: json.bytes)
            try await database.write { tx in try tx.audit(entry, business: call.business) }
            return .sandbox
        }
        let token = try await database.write { tx in
            try tx.prepareReset(
                of: user, by: call.credential.actor, from: call.remoteAddress, requestID: call.requestID, business: call.business)
        }
        return await mail.send(letter(token), to: user.email, name: user.name)
    }

    private func letter(_ token: AccountToken) -> StaffLetter {
        .passwordReset(
            url: baseURL + Path.resetPage.rawValue.replacing("{token}", with: token.text),
            minutes: Int(Transaction.resetLifetimeSeconds / 60))
    }
}

extension Transaction {
    /// - Parameter business: in whose log it stands; nil for all that know the person.
    fileprivate func prepareReset(
        of user: User, by actor: Actor, from remoteAddress: String?, requestID: String, business: BusinessID? = nil
    ) throws -> AccountToken {
        let token = AccountToken()
        try createPasswordReset(user: user.id, token: token)
        let entry = AuditEntry(
            actor: actor, action: "user.reset_requested", target: user.id.description, remoteAddress: remoteAddress, requestID: requestID)
        for business in try business.map({ [$0] }) ?? memberships(of: user.id).map(\.business) { try audit(entry, business: business) }
        return token
    }
}
