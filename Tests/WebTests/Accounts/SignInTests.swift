import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Signing in")
struct SignInTests {
    @Test("a password opens a session that a wrong one does not", arguments: TestEngine.allCases)
    func password(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await world.person("Ada@Example.org", .agent)
            let browser = Browser(api)
            let refused = try await browser.signIn("ada@example.org", "wrong password of hers")
            #expect(refused.status == 401)
            #expect(refused.header("set-cookie") == nil)
            let reply = try await browser.signIn("ADA@example.ORG", World.password)
            #expect(reply.status == 303)
            #expect(reply.header("location") == "/sandbox")
            #expect(try await browser.isSignedIn)
            #expect(try await browser.get("/account").text.contains("Ada@Example.org"))
            // An agent does not see the users.
            #expect(try await browser.get("/users").status == 403)
            #expect(try await browser.get("/sandbox").text.contains("href=\"/users\"") == false)
        }
    }

    @Test("an unknown address gets the same answer as a wrong password, byte for byte")
    func noEnumeration() async throws {
        try await World.run { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let disabled = try await world.person("bob@example.org", .agent)
            _ = try await world.database.write { tx in try tx.disableUser(disabled.id) }
            let wrong = try await Browser(api).signIn("ada@example.org", "wrong password of hers")
            for (email, password) in [("xyz@example.org", World.password), ("bob@example.org", World.password)] {
                let reply = try await Browser(api).signIn(email, password)
                #expect(reply.status == wrong.status)
                #expect(reply.text.replacing(email, with: "ada@example.org") == wrong.text)
            }
        }
    }

    @Test("the cookie is hidden from scripts; behind TLS it is bound to the host")
    func cookies() async throws {
        try await World.run { world, api in
            let user = try await world.person("ada@example.org", .agent)
            let plain = try await world.parts.sessions.begin(user: user.id, business: world.here.id)
            #expect(plain.hasPrefix("rapport_session="))
            #expect(plain.hasSuffix("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"))
            let secure = SessionStore(database: world.database, keys: world.parts.keys, clock: world.clock.wallClock, secure: true)
            let cookie = try await secure.begin(user: user.id, business: world.here.id)
            #expect(cookie.hasPrefix("__Host-rapport_session="))
            #expect(cookie.hasSuffix("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax; Secure"))
            await #expect(throws: Refusal.forbidden) { try await secure.begin(user: user.id, business: world.elsewhere.id) }
        }
    }

    @Test("five wrong passwords make the next tries wait, also with the right one; the wait doubles", arguments: TestEngine.allCases)
    func limits(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await world.person("ada@example.org", .agent)
            for email in ["ada@example.org", "nobody@example.org"] {
                for _ in 0..<5 { #expect(try await Browser(api).signIn(email, "wrong password of hers").status == 401) }
                let locked = try await Browser(api).signIn(email, World.password)
                #expect(locked.status == 429)
                #expect(locked.header("retry-after") == "2")
            }
            world.clock.advance(seconds: 2)
            #expect(try await Browser(api).signIn("ada@example.org", "wrong password of hers").status == 401)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).header("retry-after") == "4")
            world.clock.advance(seconds: 4)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 303)
            // Forgotten with the success.
            #expect(try await Browser(api).signIn("ada@example.org", "wrong password of hers").status == 401)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 303)
        }
    }

    @Test("fifty guesses at once are not all looked at", arguments: TestEngine.allCases)
    func burst(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<50 {
                    group.addTask { try await Browser(api).signIn("ada@example.org", "guess number \(index) of many").status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 401 } == 5)
            #expect(statuses.count { $0 == 429 } == 45)
        }
    }

    @Test("the second step asks for a code that is good once; wrong codes are counted apart from passwords", arguments: TestEngine.allCases)
    func secondStep(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let user = try await world.person("ada@example.org", .agent)
            let secret = TOTP.makeSecret()
            let codes = try await world.database.write { tx in
                _ = try tx.proposeTOTP(secret, of: user.id)
                return try tx.enableTOTP(of: user.id, code: TOTP.code(secret: secret, step: TOTP.step(at: tx.now)))
            }
            let recovery = try #require(codes)
            world.clock.advance(seconds: 60)
            let browser = Browser(api)
            func ticket() async throws -> String {
                let page = try await browser.signIn("ada@example.org", World.password)
                #expect(page.status == 200 && page.header("set-cookie") == nil)
                return String(try #require(page.text.firstMatch(of: /name="ticket" value="([^"]+)"/)).1)
            }
            let first = try await ticket()
            #expect(try await browser.post("/sign-in/code", ["ticket": first, "code": "000000"]).status == 401)
            let code = world.code(of: user, secret: secret)
            #expect(try await browser.post("/sign-in/code", ["ticket": first, "code": code]).status == 303)
            #expect(try await browser.isSignedIn)
            // The same code again, by somebody who looked over the shoulder.
            #expect(try await Browser(api).post("/sign-in/code", ["ticket": first, "code": code]).status == 401)
            #expect(try await Browser(api).post("/sign-in/code", ["ticket": first, "code": recovery[0].lowercased()]).status == 303)
            #expect(try await Browser(api).post("/sign-in/code", ["ticket": first, "code": recovery[0]]).status == 401)

            // The right password between the wrong codes does not forget them.
            var statuses: [Int] = []
            for _ in 0..<6 {
                let ticket = try await ticket()
                statuses.append(try await browser.post("/sign-in/code", ["ticket": ticket, "code": "111111"]).status)
            }
            #expect(statuses.contains(429))
            world.clock.advance(seconds: 1_000)
            #expect(try await browser.post("/sign-in/code", ["ticket": first, "code": world.code(of: user, secret: secret)]).status == 401)
        }
    }

    @Test("tickets, cookies and tokens that nobody made are refused and nothing breaks")
    func hostile() async throws {
        try await World.run { world, api in
            let browser = Browser(api)
            let nasty = ["", "x", String(repeating: "A", count: 400), "Li4vLi4", "\u{0}", "%", "ßßß", "a.b.c.d", "1\u{1F}2\u{1F}3\u{1F}4"]
            for text in nasty {
                let encoded = Cursor(text, "1", "9999999999999", text).text
                for ticket in [text, encoded] {
                    let reply = try await browser.post("/sign-in/code", ["ticket": ticket, "code": text])
                    #expect([401, 422].contains(reply.status), "\(reply.status)")
                }
                #expect([401, 422].contains(try await browser.signIn(text, text).status))
                #expect(
                    try await api.with(key: nil).with("Cookie", "rapport_session=\(text.filter(\.isASCII).filter { $0 != "\0" })").get(
                        "/account"
                    ).status == 303)
            }
            for path in [
                "/invitation/x", "/reset/x", "/invitation/%00", "/reset/%FF", "/invitation/\(String(repeating: "a", count: 3_000))",
            ] {
                #expect(try await browser.get(path).status == 404)
            }
            for next in ["//evil.example", "https://evil.example", "/\\evil.example", "/a?b", "javascript:alert(1)"] {
                let page = try await browser.get(
                    "/sign-in?next=" + (next.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
                ).text
                #expect(page.contains("name=\"next\" value=\"/sandbox\""))
            }
        }
    }
}
