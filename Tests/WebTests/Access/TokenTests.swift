import Core
import Crypto
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Access tokens")
struct TokenTests {
    struct Tokens {
        let access: String
        let refresh: String
    }

    static func begin(_ api: API, _ email: String, more: String = "") async throws -> Tokens {
        try tokens(await grant(api, #""grant_type":"password","email":"\#(email)","password":"\#(World.password)"\#(more)"#))
    }

    static func grant(_ api: API, _ members: String) async throws -> Reply {
        try await api.with(key: nil).post("/api/auth/token", "{\(members)}")
    }

    static func refresh(_ api: API, _ token: String) async throws -> Reply {
        try await grant(api, #""grant_type":"refresh_token","refresh_token":"\#(token)""#)
    }

    static func tokens(_ reply: Reply) throws -> Tokens {
        try #require(reply.status == 200, "\(reply.text)")
        return Tokens(access: try #require(try reply.string("access_token")), refresh: try #require(try reply.string("refresh_token")))
    }

    private static func revoke(_ api: API, _ token: String) async throws -> Reply {
        try await api.with(key: nil).post("/api/auth/revoke", #"{"token":"\#(token)"}"#)
    }

    @Test("a token does what the person's role may, in the business it was given for", arguments: TestEngine.allCases)
    func use(engine: TestEngine) async throws {
        try await World.run(engine, prepare: { $0.hasher = World.hasher }) { world, api in
            let ada = try await world.person("ada@example.org", .viewer)
            _ = try await world.person("ada@example.org", .admin, at: world.elsewhere)
            let here = try await Self.begin(api, "ada@example.org", more: #","business_id":"\#(world.here.id)""#)
            let viewer = api.with(key: here.access)
            #expect(try await viewer.get("/api/crm/clients").status == 200)
            try await viewer.put("/api/crm/clients/c", "{}").expectProblem(403, "forbidden")
            let there = try await Self.begin(api, "ada@example.org", more: #","business_id":"\#(world.elsewhere.id)""#)
            let admin = api.with(key: there.access)
            #expect(try await admin.put("/api/crm/clients/c", "{}").status == 201)
            // The walls stand: what is there is not here.
            #expect(try await viewer.get("/api/crm/clients/c").status == 404)
            let key = try await admin.post("/api/crm/api-keys", #"{"name":"n","role":"agent"}"#)
            #expect(try key.string("created_by") == "user:\(ada.id)")
            #expect(
                try await Self.grant(
                    api, #""grant_type":"password","email":"ada@example.org","password":"\#(World.password)","business_id":"\#(ada.id)""#
                ).status == 403)
        }
    }

    @Test("scopes make it less than the role, never more")
    func scopes() async throws {
        try await World.run(prepare: { $0.hasher = World.hasher }) { world, api in
            _ = try await world.person("ada@example.org", .viewer)
            let less = try await Self.begin(api, "ada@example.org", more: #","scopes":["clients:read","clients:erase"]"#)
            let caller = api.with(key: less.access)
            #expect(try await caller.get("/api/crm/clients").status == 200)
            #expect(try await caller.delete("/api/crm/clients/c").status == 403)
            #expect(try await caller.get("/api/crm/communications").status == 403)
            let next = try Self.tokens(await Self.refresh(api, less.refresh))
            #expect(try await api.with(key: next.access).get("/api/crm/communications").status == 403)
        }
    }

    @Test("wrong, unknown and disabled are refused alike; a second factor is asked for")
    func refusals() async throws {
        try await World.run(prepare: { $0.hasher = World.hasher }) { world, api in
            let ada = try await world.person("ada@example.org", .agent)
            for (email, password) in [("ada@example.org", "wrong password"), ("nobody@example.org", World.password)] {
                try await Self.grant(api, #""grant_type":"password","email":"\#(email)","password":"\#(password)""#)
                    .expectProblem(401, "invalid-grant")
            }
            let members = #""grant_type":"password","email":"ada@example.org","password":"\#(World.password)""#
            let secret = try await world.secondFactor(of: ada)
            try await Self.grant(api, members).expectProblem(401, "code-required")
            try await Self.grant(api, members + #","code":"000000""#).expectProblem(401, "invalid-grant")
            // The code with which it was enabled is used up.
            world.clock.advance(seconds: 30)
            let code = world.code(of: ada, secret: secret)
            #expect(try await Self.grant(api, members + #","code":"\#(code)""#).status == 200)
            _ = try await world.database.write { tx in try tx.disableUser(ada.id) }
            try await Self.grant(api, members).expectProblem(401, "invalid-grant")
        }
    }

    @Test(
        "what is no request for tokens is named",
        arguments: [
            ("{}", "grant_type"), (#"{"grant_type":"client_credentials"}"#, "grant_type"),
            (#"{"grant_type":"refresh_token"}"#, "refresh_token"),
            (#"{"grant_type":"password","email":"a","password":"b","role":"admin"}"#, "role"),
        ])
    func validation(body: String, field: String) async throws {
        try await World.run { _, api in
            let reply = try await api.with(key: nil).post("/api/auth/token", body)
            #expect(try reply.status == 422 && reply.fields.contains(field), "\(reply.text)")
        }
    }

    @Test(
        "a token lives a quarter of an hour, a refresh token is good once, and a second use ends them all", arguments: TestEngine.allCases)
    func rotation(engine: TestEngine) async throws {
        try await World.run(engine, prepare: { $0.hasher = World.hasher }) { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let first = try await Self.begin(api, "ada@example.org")
            func status(_ tokens: Tokens) async throws -> Int { try await api.with(key: tokens.access).get("/api/crm/clients").status }
            world.clock.advance(milliseconds: 899_000)
            #expect(try await status(first) == 200)
            world.clock.advance(milliseconds: 1_000)
            #expect(try await status(first) == 401)
            let second = try Self.tokens(await Self.refresh(api, first.refresh))
            #expect(try await status(second) == 200)
            // Somebody has a copy: thief and owner both stand outside.
            try await Self.refresh(api, first.refresh).expectProblem(401, "invalid-grant")
            #expect(try await status(second) == 401)
            try await Self.refresh(api, second.refresh).expectProblem(401, "invalid-grant")
            // Another sign-in is not concerned.
            #expect(try await status(Self.begin(api, "ada@example.org")) == 200)
        }
    }

    @Test("of many who refresh at once at most one is served", arguments: TestEngine.allCases)
    func race(engine: TestEngine) async throws {
        try await World.run(engine, prepare: { $0.hasher = World.hasher }) { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let first = try await Self.begin(api, "ada@example.org")
            let served = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await Self.refresh(api, first.refresh).status } }
                var served = 0
                for try await status in group where status == 200 { served += 1 }
                return served
            }
            #expect(served <= 1)
        }
    }

    @Test("an idle refresh token ends after 14 days, a sign-in after 90")
    func lifetimes() async throws {
        try await World.run(prepare: { $0.hasher = World.hasher }) { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let idle = try await Self.begin(api, "ada@example.org")
            var busy = try await Self.begin(api, "ada@example.org")
            for _ in 0..<8 {
                world.clock.advance(seconds: 11 * 86_400)
                busy = try Self.tokens(await Self.refresh(api, busy.refresh))
            }
            try await Self.refresh(api, idle.refresh).expectProblem(401, "invalid-grant")
            world.clock.advance(seconds: 2 * 86_400)
            try await Self.refresh(api, busy.refresh).expectProblem(401, "invalid-grant")
            #expect(try await world.database.write { tx in try tx.purgeTokens() } > 0)
        }
    }

    enum End: String, CaseIterable, Sendable {
        case password, role, membership, removal, account, revokedByAccess, revokedByRefresh
    }

    @Test("tokens end at once with what they rest on", arguments: End.allCases, TestEngine.allCases)
    func death(end: End, engine: TestEngine) async throws {
        try await World.run(engine, prepare: { $0.hasher = World.hasher }) { world, api in
            let ada = try await world.person("ada@example.org", .agent)
            _ = try await world.person("admin@example.org", .admin)
            let tokens = try await Self.begin(api, "ada@example.org")
            let caller = api.with(key: tokens.access)
            #expect(try await caller.get("/api/crm/clients").status == 200)
            let hash = try await World.hasher.hash("another password")
            let here = world.here.id
            switch end {
            case .revokedByAccess: #expect(try await Self.revoke(api, tokens.access).status == 200)
            case .revokedByRefresh: #expect(try await Self.revoke(api, tokens.refresh).status == 200)
            default:
                _ = try await world.database.write { tx in
                    switch end {
                    case .password: _ = try tx.changePassword(hash, of: ada.id)
                    case .role: _ = try tx.changeRole(.viewer, of: ada.id, business: here)
                    case .membership: _ = try tx.setMembership(of: ada.id, business: here, disabled: true)
                    case .removal: _ = try tx.removeMembership(of: ada.id, business: here)
                    default: _ = try tx.disableUser(ada.id)
                    }
                }
            }
            #expect(try await caller.get("/api/crm/clients").status == 401)
            try await Self.refresh(api, tokens.refresh).expectProblem(401, "invalid-grant")
        }
    }

    @Test("revoking what nobody knows looks the same")
    func unknownRevocation() async throws {
        try await World.run { _, api in
            for token in ["x", "eyJhbGciOiJub25lIn0.e30.", String(repeating: "y", count: 2_000)] {
                let reply = try await Self.revoke(api, token)
                #expect(reply.status == 200 && reply.text == "{}")
            }
        }
    }
}

@Suite("Forged access tokens")
struct ForgedTokenTests {
    /// A token of ours, taken apart.
    private struct Parts {
        var head: String
        var claims: String
        var signature: String

        init(_ token: String) throws {
            let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            head = String(decoding: try #require(Base64.decode(url: Array(parts[0].utf8))), as: UTF8.self)
            claims = String(decoding: try #require(Base64.decode(url: Array(parts[1].utf8))), as: UTF8.self)
            signature = parts[2]
        }

        var signed: String { Base64.encode(url: Array(head.utf8)) + "." + Base64.encode(url: Array(claims.utf8)) }
        var text: String { signed + "." + signature }

        /// Signed with the store's own key: what only the check of the claims can find.
        func text(signedBy cipher: Cipher) -> String {
            let key = SymmetricKey(data: cipher.authenticationCode(of: [UInt8](), purpose: "access token key"))
            return signed + "." + Base64.encode(url: Array(HMAC<SHA256>.authenticationCode(for: Array(signed.utf8), using: key)))
        }
    }

    /// What stands in a good token's claims, and what may not stand there instead.
    private static func changedClaims(_ world: World, _ ada: User, _ eve: User) -> [(String, String)] {
        let now = world.clock.now.seconds
        return [
            ("\"iss\":\"http://localhost:8080\"", "\"iss\":\"http://evil.example\""),
            ("\"aud\":\"http://localhost:8080\"", "\"aud\":\"http://evil.example\""),
            ("\"aud\":\"http://localhost:8080\"", "\"aud\":[\"http://evil.example\"]"),
            ("\"exp\":\(now + 900)", "\"exp\":\(now)"), ("\"exp\":\(now + 900)", "\"exp\":\(now + 901)"),
            ("\"exp\":\(now + 900)", "\"exp\":\"\(now + 900)\""), ("\"exp\":\(now + 900),", ""),
            ("\"nbf\":\(now)", "\"nbf\":\(now + 31)"), ("\"nbf\":\(now),", ""), ("\"iat\":\(now),", ""),
            ("\"iat\":\(now)", "\"iat\":\(now + 31)"),
            ("\(ada.id)", "\(eve.id)"), ("\(world.here.id)", "\(world.elsewhere.id)"), ("\"jti\":\"", "\"jtx\":\""),
            ("\"sid\":\"", "\"sid\":\"0"),
        ]
    }

    @Test("nothing but an unaltered token of ours, for us, now, is taken")
    func forgeries() async throws {
        try await World.run(prepare: { $0.hasher = World.hasher }) { world, api in
            let ada = try await world.person("ada@example.org", .viewer)
            let eve = try await world.person("eve@example.org", .admin, at: world.elsewhere)
            let good = try Parts(await TokenTests.begin(api, "ada@example.org").access)
            func status(_ token: String) async throws -> Int { try await api.with(key: token).get("/api/crm/clients").status }
            #expect(try await status(good.text) == 200)
            #expect(try await status(good.text(signedBy: world.cipher)) == 200)

            var unsigned = good
            unsigned.head = #"{"alg":"none","typ":"at+jwt"}"#
            #expect(try await status(unsigned.text) == 401)
            unsigned.signature = ""
            #expect(try await status(unsigned.text) == 401)
            #expect(try await status(unsigned.text(signedBy: world.cipher)) == 401)
            for algorithm in ["HS512", "RS256", "hs256", "EdDSA", "None", ""] {
                var other = good
                other.head = #"{"alg":"\#(algorithm)","typ":"at+jwt"}"#
                #expect(try await status(other.text(signedBy: world.cipher)) == 401, "\(algorithm)")
            }
            for head in [
                #"{"alg":"HS256","typ":"JWT"}"#, #"{"alg":"HS256"}"#, #"{"alg":"HS256","typ":"at+jwt","crit":["x"],"x":1}"#,
                #"{"alg":"HS256","typ":"at+jwt","alg":"none"}"#, "[]", "",
            ] {
                var other = good
                other.head = head
                #expect(try await status(other.text(signedBy: world.cipher)) == 401, "\(head)")
            }
            for (from, to) in Self.changedClaims(world, ada, eve) {
                var other = good
                try #require(other.claims.contains(from), "\(from)")
                other.claims = other.claims.replacingOccurrences(of: from, with: to)
                #expect(try await status(other.text(signedBy: world.cipher)) == 401, "\(to)")
                #expect(try await status(other.text) == 401)
            }
            // More scope than the role has is worth nothing: what may be done stands in the store.
            var more = good
            more.claims = more.claims.replacingOccurrences(of: "clients:read", with: "clients:erase")
            #expect(try await api.with(key: more.text(signedBy: world.cipher)).delete("/api/crm/clients/c").status == 403)
            // Other spellings of the same bytes.
            for spelling in [good.text + "=", good.text + ".", "." + good.text, good.text.replacingOccurrences(of: ".", with: "..")] {
                #expect(try await status(spelling) == 401)
            }
            // Another business's server, or another database, has another key.
            let foreign = good.text
            try await World.run { _, other in
                let reply = try await other.with(key: foreign).get("/api/crm/clients")
                #expect(reply.status == 401)
            }
        }
    }

    @Test("thousands of random changes of a token trap nobody and are never taken")
    func fuzz() async throws {
        try await World.run(prepare: { $0.hasher = World.hasher }) { world, api in
            _ = try await world.person("ada@example.org", .viewer)
            let good = Array(try await TokenTests.begin(api, "ada@example.org").access.utf8)
            let tokens = world.parts.tokens
            var generator = SeededGenerator(seed: 11)
            for _ in 0..<5_000 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    guard let place = bytes.indices.randomElement(using: &generator) else { break }
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: bytes[place] = UInt8.random(in: 0x21...0x7E, using: &generator)
                    case 1: bytes.remove(at: place)
                    default: bytes.insert(UInt8.random(in: 0x21...0x7E, using: &generator), at: place)
                    }
                }
                guard bytes != good else { continue }
                #expect(try await tokens.verdict(on: Substring(String(decoding: bytes, as: UTF8.self))) == .foreign)
            }
        }
    }
}

extension World {
    /// From now on their account asks for codes; the key that makes them.
    func secondFactor(of user: User) async throws -> [UInt8] {
        let secret = TOTP.makeSecret()
        let codes = try await database.write { tx in
            _ = try tx.proposeTOTP(secret, of: user.id)
            return try tx.enableTOTP(of: user.id, code: TOTP.code(secret: secret, step: TOTP.step(at: tx.now)))
        }
        _ = try #require(codes)
        return secret
    }
}
