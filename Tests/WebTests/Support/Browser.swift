import Core
import Crypto
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

/// Somebody at the pages: keeps the cookie, fills the forms.
final class Browser {
    let api: API
    private(set) var cookie: String?
    var headers: [String: String] = [:]

    init(_ api: API) {
        self.api = api.with(key: nil)
    }

    private var caller: API {
        var caller = api
        for (name, value) in headers { caller = caller.with(name, value) }
        return cookie.map { caller.with("Cookie", $0) } ?? caller
    }

    func get(_ path: String) async throws -> Reply { keep(try await caller.get(path)) }

    /// Sends a form as it is.
    func post(_ path: String, _ fields: KeyValuePairs<String, String>) async throws -> Reply {
        let body = fields.map { "\(Self.encoded($0.key))=\(Self.encoded($0.value))" }.joined(separator: "&")
        return keep(try await caller.with("Content-Type", "application/x-www-form-urlencoded").post(path, body))
    }

    /// Sends a form with the token that stands on `page`.
    func submit(_ path: String, on page: String, _ fields: KeyValuePairs<String, String>) async throws -> Reply {
        try await submit(path, on: page, fields.map { ($0.key, $0.value) })
    }

    func submit(_ path: String, on page: String, _ fields: [(String, String)]) async throws -> Reply {
        let token = try Self.csrfToken(in: try await get(page).text)
        let body = ([("csrf_token", token)] + fields)
            .map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }.joined(separator: "&")
        return keep(try await caller.with("Content-Type", "application/x-www-form-urlencoded").post(path, body))
    }

    func signIn(_ email: String, _ password: String) async throws -> Reply {
        try await post("/sign-in", ["email": email, "password": password])
    }

    /// Whether the pages know who this is.
    var isSignedIn: Bool {
        get async throws { try await get("/account").status == 200 }
    }

    private func keep(_ reply: Reply) -> Reply {
        if let set = reply.header("set-cookie") { cookie = String(set.prefix { $0 != ";" }) }
        return reply
    }

    static func csrfToken(in page: String) throws -> String {
        String(try #require(page.firstMatch(of: /name="csrf_token" value="([^"]+)"/)).1)
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }.joined()
    }
}

extension World {
    static let password = "correct horse battery staple"

    /// An account that belongs to `tenant`.
    func person(_ email: String, _ role: Role, at tenant: Tenant? = nil, password: String = World.password) async throws -> User {
        let hash = try await World.hasher.hash(password)
        let business = (tenant ?? here).id
        // Lists are in the order of time.
        clock.advance(milliseconds: 1)
        return try await database.write { tx in
            let user = try tx.user(email: email) ?? tx.createUser(email: email, name: "Person \(role.rawValue)", passwordHash: hash)
            try tx.addMembership(role, of: user.id, business: business)
            return user
        }
    }

    /// The code of the key that is in use or proposed, now.
    func code(of user: User, secret: [UInt8]) -> String {
        TOTP.code(secret: secret, step: TOTP.step(at: clock.now))
    }
}
