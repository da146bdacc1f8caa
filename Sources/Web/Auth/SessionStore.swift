import Core
import HTTPTypes
import Storage

/// Who is signed in to the pages: a random cookie, of which the database keeps the hash.
///
/// Each page asks the database, so that a session ends everywhere with the password, the role, the membership or the key it began with.
public struct SessionStore: Sendable {
    /// A session's last use is written down when it is this old.
    static let touchSeconds: Int64 = 300

    let database: Database
    let keys: APIKeyCache
    let clock: WallClock
    /// Cookies only over TLS: set where the public address is `https`.
    let secure: Bool

    public init(database: Database, keys: APIKeyCache, clock: WallClock, secure: Bool) {
        self.database = database
        self.keys = keys
        self.clock = clock
        self.secure = secure
    }

    /// With the prefix, browsers take the cookie only over TLS, for this host alone and from itself.
    var cookieName: String { secure ? "__Host-rapport_session" : "rapport_session" }

    /// Begins the session of a person who proved who they are; the answer is the `Set-Cookie` field's value.
    ///
    /// - Parameters:
    ///   - method: how they proved it, for the audit log.
    ///   - origin: for the list of their sessions.
    /// - Throws: ``Refusal/forbidden`` where they may not sign in to the business.
    public func begin(
        user: UUIDv7, business: BusinessID, method: String = "password", origin: SessionOrigin = SessionOrigin(), requestID: String? = nil
    ) async throws -> String {
        let token = AccountToken()
        let details = Self.details(method)
        let began = try await database.write { tx in
            guard let session = try tx.beginSession(user: user, business: business, token: token, origin: origin),
                case .user(let person, _) = session.holder
            else { return false }
            let entry = AuditEntry(
                actor: person.actor, action: "session.begin", target: session.id.description, remoteAddress: origin.remoteAddress,
                requestID: requestID, details: details)
            try tx.audit(entry, business: business)
            return true
        }
        guard began else { throw Refusal.forbidden }
        return cookie(token.text, maxAge: Session.lifetimeSeconds)
    }

    /// Begins the session of whoever holds an API key.
    func begin(
        key: Credential, keyHash: [UInt8], origin: SessionOrigin = SessionOrigin(), requestID: String? = nil
    ) async throws -> String {
        let token = AccountToken()
        try await database.write { tx in
            let session = try tx.beginSession(keyHash: keyHash, business: key.business, token: token, origin: origin)
            let entry = AuditEntry(
                actor: key.actor, action: "session.begin", target: session.id.description, remoteAddress: origin.remoteAddress,
                requestID: requestID, details: Self.details("api_key"))
            try tx.audit(entry, business: key.business)
        }
        return cookie(token.text, maxAge: Session.lifetimeSeconds)
    }

    /// Ends a session; the answer is the `Set-Cookie` field's value that takes the cookie away.
    func end(_ viewer: Viewer, remoteAddress: String?, requestID: String?) async throws -> String {
        try await database.write { tx in
            guard try tx.endSession(viewer.session.id) else { return }
            let entry = AuditEntry(
                actor: viewer.credential.actor, action: "session.end", target: viewer.session.id.description,
                remoteAddress: remoteAddress, requestID: requestID)
            try tx.audit(entry, business: viewer.session.business)
        }
        return noCookie
    }

    /// Takes the browser's cookie away.
    var noCookie: String { cookie("", maxAge: 0) }

    /// Who sends this request; nil for nobody.
    func viewer(_ headers: HTTPFields) async throws -> Viewer? {
        guard let token = token(in: headers) else { return nil }
        let hash = AccountToken.hash(token)
        let found = try await database.read { tx -> (Session, [Viewer.Place])? in
            guard let session = try tx.session(tokenHash: hash) else { return nil }
            var businesses = [session.business]
            if case .user(let user, _) = session.holder {
                businesses = try tx.memberships(of: user.id).filter { $0.disabledAt == nil }.map(\.business)
            }
            let places = try businesses.compactMap { id in try tx.business(id).map { Viewer.Place(id: id, name: $0.name) } }
            return (session, places)
        }
        guard let (session, places) = found, let place = places.first(where: { $0.id == session.business }),
            let credential = try await credential(of: session)
        else { return nil }
        await touch(session)
        return Viewer(
            session: session, credential: credential, place: place, places: places, csrfToken: Viewer.csrfToken(of: token))
    }

    private func credential(of session: Session) async throws -> Credential? {
        switch session.holder {
        case .user(let user, let role):
            return Credential(
                business: session.business, actor: user.actor, permissions: role.permissions, expiresAt: session.expiresAt)
        case .key(let hash):
            // Not from the cache: a revoked key ends its sessions at once.
            guard let credential = try await keys.lookup(hash), credential.business == session.business else { return nil }
            if let end = credential.expiresAt, end <= clock.now() { return nil }
            return credential
        }
    }

    private func touch(_ session: Session) async {
        guard clock.now() >= session.lastSeenAt.adding(seconds: Self.touchSeconds) else { return }
        // A page is worth showing where nothing can be written; then the session ends a little early.
        try? await database.write { tx in try tx.touchSession(session.id) }
    }

    private func token(in headers: HTTPFields) -> Substring? {
        let name = cookieName
        // HTTP/2 may split cookies over several fields.
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.trimmed.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name, parts[1].utf8.count <= 128 { return parts[1] }
            }
        }
        return nil
    }

    private func cookie(_ value: String, maxAge: Int64) -> String {
        // Lax: whoever follows a link in a message is still signed in; what changes anything needs a token of its own.
        "\(cookieName)=\(value); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax\(secure ? "; Secure" : "")"
    }

    private static func details(_ method: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.member("method", method) }
        return json.bytes
    }
}
