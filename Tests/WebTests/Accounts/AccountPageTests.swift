import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("One's own account")
struct AccountPageTests {
    @Test("a changed password ends every other session and goes on in this one", arguments: TestEngine.allCases)
    func password(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let (browser, other) = (Browser(api), Browser(api))
            _ = try await browser.signIn("ada@example.org", World.password)
            _ = try await other.signIn("ada@example.org", World.password)
            let before = browser.cookie
            let new = "another horse, another staple"
            let trials: [(String, String, String)] = [
                ("not my password at all", new, new), (World.password, new, "something else entirely"), (World.password, "short", "short"),
                (World.password, "ada@example.org", "ada@example.org"), (World.password, "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa"),
            ]
            for (current, wanted, again) in trials {
                let reply = try await browser.submit(
                    "/account/password", on: "/account",
                    ["current_password": current, "new_password": wanted, "new_password_again": again])
                #expect(reply.status == 200 && reply.text.contains("role=\"alert\""))
                #expect(!reply.text.contains(current) && !reply.text.contains("value=\"\(wanted)"))
            }
            let done = try await browser.submit(
                "/account/password", on: "/account",
                ["current_password": World.password, "new_password": new, "new_password_again": new])
            #expect(done.status == 303)
            #expect(browser.cookie != before)
            #expect(try await browser.isSignedIn)
            #expect(try await other.isSignedIn == false)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 401)
            #expect(try await Browser(api).signIn("ada@example.org", new).status == 303)
        }
    }

    @Test("the second step is on after its first code, and off after the password", arguments: TestEngine.allCases)
    func secondStep(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let user = try await world.person("ada@example.org", .agent)
            let browser = Browser(api)
            _ = try await browser.signIn("ada@example.org", World.password)
            #expect(try await browser.submit("/account/two-factor", on: "/account", ["password": "wrong"]).text.contains("role=\"alert\""))
            let page = try await browser.submit("/account/two-factor", on: "/account", ["password": World.password])
            #expect(page.text.contains("<svg class=\"qr\"") && page.text.contains("otpauth://totp/Rapport:ada%40example.org?secret="))
            #expect(!page.text.contains("style=") && !page.text.contains("<script"))
            // Proposed is not asked for.
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 303)
            let secret = try #require(try await world.database.read { tx in try tx.proposedTOTP(of: user.id) })
            let again = try await browser.submit("/account/two-factor/confirm", on: "/account", ["code": "000000"])
            #expect(again.text.contains("<svg class=\"qr\""))
            let codes = try await browser.submit(
                "/account/two-factor/confirm", on: "/account", ["code": world.code(of: user, secret: secret)])
            #expect(codes.text.matches(of: /<code>[A-Z2-7]{5}-[A-Z2-7]{5}<\/code>/).count == 10)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).header("set-cookie") == nil)
            #expect(try await browser.get("/account").text.contains("10 of 10 recovery codes"))
            let off = try await browser.submit("/account/two-factor/disable", on: "/account", ["password": World.password])
            #expect(off.status == 303)
            #expect(try await browser.isSignedIn)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 303)
        }
    }

    @Test("one's sessions are listed and can be ended, nobody else's")
    func sessions() async throws {
        try await World.run { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let bob = try await world.person("bob@example.org", .agent)
            let (browser, phone, stranger) = (Browser(api), Browser(api), Browser(api))
            phone.headers["User-Agent"] = "Mozilla/5.0 (Android 14; Mobile) Firefox/130.0 <script>"
            _ = try await browser.signIn("ada@example.org", World.password)
            _ = try await phone.signIn("ada@example.org", World.password)
            _ = try await stranger.signIn("bob@example.org", World.password)
            let page = try await browser.get("/account").text
            #expect(page.contains("Firefox on Android") && page.contains("This one"))
            let foreign = try #require(try await world.database.read { tx in try tx.sessions(of: bob.id).first })
            _ = try await browser.submit("/account/sessions/end", on: "/account", ["session_id": foreign.id.description])
            #expect(try await stranger.isSignedIn)
            _ = try await browser.submit("/account/sessions/end", on: "/account", [:])
            #expect(try await phone.isSignedIn == false)
            #expect(try await browser.isSignedIn)
        }
    }

    @Test("a person of two businesses changes from one to the other, and sees each with their role there", arguments: TestEngine.allCases)
    func places(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let user = try await world.person("ada@example.org", .admin)
            _ = try await world.person("ada@example.org", .viewer, at: world.elsewhere)
            _ = try await world.person("only@elsewhere.example", .admin, at: world.elsewhere)
            let browser = Browser(api)
            _ = try await browser.signIn("ada@example.org", World.password)
            let page = try await browser.get("/users").text
            #expect(page.contains("<option value=\"\(world.elsewhere.id)\">Elsewhere</option>"))
            #expect(!page.contains("only@elsewhere.example"))
            let old = browser.cookie
            let reply = try await browser.submit("/switch-business", on: "/users", ["business_id": world.elsewhere.id.description])
            #expect(reply.status == 303)
            #expect(try await browser.get("/users").status == 403)
            #expect(try await browser.get("/sandbox").text.contains("<option value=\"\(world.elsewhere.id)\" selected>Elsewhere</option>"))
            #expect(try await api.with(key: nil).with("Cookie", old ?? "").get("/account").status == 303)
            // One to which they do not belong.
            let stranger = try await browser.submit(
                "/switch-business", on: "/account", ["business_id": UUIDv7(at: world.clock.now).description])
            #expect(stranger.status == 404)
            // The next time they begin where they were last.
            let again = Browser(api)
            _ = try await again.signIn("ada@example.org", World.password)
            #expect(try await again.get("/users").status == 403)
            #expect(try await world.database.read { tx in try tx.memberships(of: user.id).count } == 2)
        }
    }
}
