import Core
import Crypto
import HTTPTypes
import Synchronization

/// Who signed in to the pages, in this process: a random cookie, kept as its hash, for the hash of an API key.
///
/// A restart signs everybody out; nothing of a session is ever stored.
final class SessionStore: Sendable {
    static let cookieName = "rapport_session"
    static let lifetimeSeconds: Int64 = 12 * 3_600
    static let maximumSessions = 1_000

    private struct Session {
        let keyHash: SHA256Digest
        let expiresAt: Timestamp
    }

    private let sessions = Mutex<[SHA256Digest: Session]>([:])
    private let clock: WallClock
    /// Cookies only over TLS: set where the public address is `https`.
    private let secure: Bool

    init(clock: WallClock, secure: Bool) {
        self.clock = clock
        self.secure = secure
    }

    /// Begins a session; the answer is the `Set-Cookie` field's value.
    func begin(keyHash: SHA256Digest) -> String {
        var generator = SystemRandomNumberGenerator()
        let token = Base64.encode(url: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        let now = clock.now()
        sessions.withLock { sessions in
            if sessions.count >= Self.maximumSessions { sessions = sessions.filter { $0.value.expiresAt > now } }
            if sessions.count >= Self.maximumSessions { sessions.removeAll() }
            sessions[SHA256.hash(data: Array(token.utf8))] = Session(keyHash: keyHash, expiresAt: now.adding(seconds: Self.lifetimeSeconds))
        }
        return cookie(token, maxAge: Self.lifetimeSeconds)
    }

    /// Ends the browser's session, if it has one; the answer is the `Set-Cookie` field's value.
    func end(_ headers: HTTPFields) -> String {
        if let token = Self.token(in: headers) { sessions.withLock { _ = $0.removeValue(forKey: token) } }
        return cookie("", maxAge: 0)
    }

    /// The hash of the API key that the browser signed in with.
    func keyHash(for headers: HTTPFields) -> SHA256Digest? {
        guard let token = Self.token(in: headers) else { return nil }
        let now = clock.now()
        return sessions.withLock { sessions in
            guard let session = sessions[token] else { return nil }
            if session.expiresAt > now { return session.keyHash }
            sessions[token] = nil
            return nil
        }
    }

    private static func token(in headers: HTTPFields) -> SHA256Digest? {
        // HTTP/2 may split cookies over several fields.
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.trimmed.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == cookieName { return SHA256.hash(data: Array(parts[1].utf8)) }
            }
        }
        return nil
    }

    private func cookie(_ value: String, maxAge: Int64) -> String {
        "\(Self.cookieName)=\(value); Path=/sandbox; Max-Age=\(maxAge); HttpOnly; SameSite=Strict\(secure ? "; Secure" : "")"
    }
}
