import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("The end of sessions")
struct SessionEndTests {
    @Test("a session ends at once with the password, the role, the membership or the account", arguments: TestEngine.allCases)
    func causes(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let here = world.here.id
            let user = try await world.person("ada@example.org", .admin)
            _ = try await world.person("root@example.org", .admin)
            let other = try await World.hasher.hash("another password of hers")
            let causes: [(String, @Sendable (Transaction) throws -> Bool)] = [
                ("role", { tx in try tx.changeRole(.viewer, of: user.id, business: here) == .changed }),
                ("disabled here", { tx in try tx.setMembership(of: user.id, business: here, disabled: true) == .changed }),
                ("disabled everywhere", { tx in try tx.disableUser(user.id) }),
                ("removed", { tx in try tx.removeMembership(of: user.id, business: here) == .changed }),
                ("password", { tx in try tx.changePassword(other, of: user.id) }),
            ]
            for (name, cause) in causes {
                let browser = Browser(api)
                #expect(try await browser.signIn("ada@example.org", World.password).status == 303, "\(name)")
                #expect(try await browser.isSignedIn, "\(name)")
                #expect(try await world.database.write { tx in try cause(tx) }, "\(name)")
                #expect(try await browser.isSignedIn == false, "\(name)")
                try await world.database.write { tx in
                    _ = try tx.enableUser(user.id)
                    try tx.addMembership(.admin, of: user.id, business: here)
                    _ = try tx.setMembership(of: user.id, business: here, disabled: false)
                    _ = try tx.changeRole(.admin, of: user.id, business: here)
                }
            }
        }
    }

    @Test("another instance knows at once, even when the row of the session is still there", arguments: [TestEngine.postgresql])
    func otherInstance(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            try await World.serve(store, cache: nil) { world, api in
                let user = try await world.person("ada@example.org", .agent)
                let browser = Browser(api)
                _ = try await browser.signIn("ada@example.org", World.password)
                #expect(try await browser.isSignedIn)
                let other = try await store.openAnother()
                _ = try await other.write { tx in
                    try tx.execute("UPDATE crm_users SET credentials_version = credentials_version + 1 WHERE user_id = \(user.id)")
                }
                #expect(try await browser.isSignedIn == false)
                await other.close()
            }
        }
    }

    @Test("a session ends twelve hours after its last use and fourteen days after it began")
    func time() async throws {
        try await World.run { world, api in
            _ = try await world.person("ada@example.org", .agent)
            let idle = Browser(api)
            _ = try await idle.signIn("ada@example.org", World.password)
            world.clock.advance(seconds: Session.idleSeconds - 1)
            #expect(try await idle.isSignedIn)
            world.clock.advance(seconds: Session.idleSeconds)
            #expect(try await idle.isSignedIn == false)

            let busy = Browser(api)
            _ = try await busy.signIn("ada@example.org", World.password)
            for _ in 0..<(14 * 4 - 1) {
                world.clock.advance(seconds: 6 * 3_600)
                #expect(try await busy.isSignedIn)
            }
            world.clock.advance(seconds: 6 * 3_600)
            #expect(try await busy.isSignedIn == false)
            let purged = try await world.database.write { tx in try tx.purgeAccountRecords() }
            #expect(purged > 0)
            let left = try await world.database.read { tx in try tx.run("SELECT COUNT(*) FROM crm_sessions").first?.int(0) }
            #expect(left == 0)
        }
    }

    @Test("forms without the session's own token change nothing", arguments: ["none", "another session's", "cross-site"])
    func forgery(kind: String) async throws {
        try await World.run { world, api in
            let user = try await world.person("ada@example.org", .admin)
            let victim = Browser(api)
            _ = try await victim.signIn("ada@example.org", World.password)
            var token = ""
            switch kind {
            case "another session's":
                let attacker = Browser(api)
                _ = try await attacker.signIn("ada@example.org", World.password)
                token = try Browser.csrfToken(in: try await attacker.get("/account").text)
            case "cross-site":
                token = try Browser.csrfToken(in: try await victim.get("/account").text)
                victim.headers["Sec-Fetch-Site"] = "cross-site"
            default: break
            }
            for (path, field) in [
                ("/account/name", "name"), ("/users/invite", "email"), ("/sign-out", "x"), ("/switch-business", "business_id"),
                ("/account/sessions/end", "session_id"), ("/users/remove", "user_id"),
            ] {
                let reply = try await victim.post(path, ["csrf_token": token, field: "Mallory"])
                #expect(reply.status == 403, "\(path)")
            }
            victim.headers = [:]
            #expect(try await victim.isSignedIn)
            #expect(try await world.database.read { tx in try tx.user(user.id)?.name } == "Person admin")
        }
    }
}
