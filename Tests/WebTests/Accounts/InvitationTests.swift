import Communications
import Core
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Web

@Suite("Invitations and resets")
struct InvitationTests {
    private static func path(_ url: String) -> String { String(url.dropFirst("http://localhost:8080".count)) }

    @Test("whoever is invited makes an account, once", arguments: TestEngine.allCases)
    func newAccount(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await world.person("root@example.org", .admin)
            let admin = Browser(api)
            _ = try await admin.signIn("root@example.org", World.password)
            let page = try await admin.submit("/users/invite", on: "/users", ["email": "Eve@example.org", "role": "agent"]).text
            // Nothing can be sent, so the link is shown to whoever invited, this once.
            let url = String(try #require(page.firstMatch(of: /<code class="secret">([^<]+)<\/code>/)).1)
            #expect(try await !admin.get("/users").text.contains(url))
            #expect(try await admin.get("/users").text.contains("Eve@example.org"))
            let eve = Browser(api)
            #expect(try await eve.get(Self.path(url)).text.contains("Here invites you"))
            let weak = try await eve.post(
                Self.path(url), ["name": "Eve", "new_password": "eve@example.org", "new_password_again": "eve@example.org"])
            #expect(weak.status == 422)
            let fields: KeyValuePairs = ["name": "Eve", "new_password": World.password, "new_password_again": World.password]
            #expect(try await eve.post(Self.path(url), fields).status == 303)
            #expect(try await eve.isSignedIn)
            #expect(try await eve.get("/users").status == 403)
            #expect(try await Browser(api).post(Self.path(url), fields).status == 404)
            #expect(try await Browser(api).get(Self.path(url)).status == 404)
            #expect(try await admin.get("/users").text.contains("Eve@example.org"))
        }
    }

    @Test("whoever has an account joins with it, and nobody in their place", arguments: TestEngine.allCases)
    func knownAccount(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await world.person("ada@example.org", .agent, at: world.elsewhere)
            _ = try await world.person("bob@example.org", .agent, at: world.elsewhere)
            let reply = try await api.post("/api/crm/invitations", #"{"email":"ADA@example.org","role":"viewer"}"#)
            #expect(reply.status == 201)
            let path = Self.path(try #require(try reply.string("link")))
            // The link alone sets nobody's password.
            let thief = Browser(api)
            let stolen = try await thief.post(
                path, ["name": "T", "new_password": "a password of the thief", "new_password_again": "a password of the thief"])
            #expect(stolen.status == 403)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 303)
            // Neither does somebody else's session.
            _ = try await thief.signIn("bob@example.org", World.password)
            #expect(try await thief.submit(path, on: "/account", [:]).status == 403)
            #expect(try await world.database.read { tx in try tx.memberships(of: ada.id).count } == 1)
            // Signing in from the link accepts it.
            let owner = Browser(api)
            let joined = try await owner.post("/sign-in", ["email": "ada@example.org", "password": World.password, "next": path])
            #expect(joined.status == 303)
            #expect(try await owner.get("/sandbox").text.contains("<option value=\"\(world.here.id)\" selected>Here</option>"))
            #expect(try await Browser(api).get(path).status == 404)
        }
    }

    @Test("an invitation ends with its time, its revocation and the next one to the same address")
    func ends() async throws {
        try await World.run { world, api in
            func invite() async throws -> (id: String, path: String) {
                let reply = try await api.post("/api/crm/invitations", #"{"email":"eve@example.org","role":"agent"}"#)
                return (try #require(try reply.string("invitation_id")), Self.path(try #require(try reply.string("link"))))
            }
            let first = try await invite()
            let second = try await invite()
            #expect(try await Browser(api).get(first.path).status == 404)
            #expect(try await Browser(api).get(second.path).status == 200)
            let foreign = api.with(key: world.elsewhere.key)
            #expect(try await foreign.delete("/api/crm/invitations/\(second.id)").status == 404)
            #expect(try await foreign.get("/api/crm/invitations").text.contains("eve@") == false)
            #expect(try await api.delete("/api/crm/invitations/\(second.id)").status == 204)
            #expect(try await Browser(api).get(second.path).status == 404)
            let third = try await invite()
            world.clock.advance(seconds: Invitation.lifetimeSeconds)
            #expect(try await Browser(api).get(third.path).status == 404)
        }
    }

    @Test("a reset's link goes by mail only, works once, and ends every session", arguments: TestEngine.allCases)
    func reset(engine: TestEngine) async throws {
        try await TestDatabase.with(engine) { store in
            let post = Letterbox()
            try await World.serve(store, cache: nil, mail: post) { world, api in
                _ = try await world.person("ada@example.org", .agent)
                let browser = Browser(api)
                _ = try await browser.signIn("ada@example.org", World.password)
                let known = try await Browser(api).post("/reset", ["email": "ada@example.org"])
                let unknown = try await Browser(api).post("/reset", ["email": "nobody@example.org"])
                #expect(known.status == 200 && known.text == unknown.text)
                world.parts.passwordResets.close()
                await world.parts.passwordResets.run()
                let letters = post.letters
                #expect(letters.map(\.address) == ["ada@example.org"])
                let link = try #require(letters.first?.text.firstMatch(of: /http:\/\/localhost:8080(\/reset\/\S+)/))
                let path = String(link.1)
                #expect(try await browser.isSignedIn)
                let new = "another horse, another staple"
                let fields: KeyValuePairs = ["new_password": new, "new_password_again": new]
                #expect(try await Browser(api).get(path).status == 200)
                #expect(try await Browser(api).post(path, fields).status == 200)
                #expect(try await browser.isSignedIn == false)
                #expect(try await Browser(api).post(path, fields).status == 404)
                #expect(try await Browser(api).signIn("ada@example.org", new).status == 303)
            }
        }
    }

    @Test("a mailbox is not filled: the fourth reset in a row is not sent")
    func resetLimit() async throws {
        try await TestDatabase.with(.sqlite) { store in
            let post = Letterbox()
            try await World.serve(store, cache: nil, mail: post) { world, api in
                _ = try await world.person("ada@example.org", .agent)
                for _ in 0..<6 { #expect(try await Browser(api).post("/reset", ["email": "ada@example.org"]).status == 200) }
                world.parts.passwordResets.close()
                await world.parts.passwordResets.run()
                #expect(post.letters.count == 3)
            }
        }
    }

    @Test("with a mail server the invitation is sent and its link is in no answer")
    func invitationByMail() async throws {
        try await TestDatabase.with(.sqlite) { store in
            let post = Letterbox()
            try await World.serve(store, cache: nil, mail: post) { _, api in
                let reply = try await api.post("/api/crm/invitations", #"{"email":"eve@example.org","role":"agent"}"#)
                #expect(try reply.string("delivery") == "sent")
                #expect(try reply.value("link")?.isNull == true)
                let letter = try #require(post.letters.first)
                #expect(letter.address == "eve@example.org" && letter.text.contains("/invitation/"))
                #expect(letter.html?.contains("Accept the invitation") == true)
                #expect(!reply.text.contains("/invitation/"))
            }
        }
    }
}

/// A mail server that keeps what it is given.
final class Letterbox: Transport {
    struct Letter: Sendable {
        var address: String
        var text: String
        var html: String?
    }

    let provider = "letterbox"
    let isSandbox = false
    let capacity = 1
    private let kept = Mutex<[Letter]>([])

    var letters: [Letter] { kept.withLock { $0 } }

    func send(_ deliveries: [Delivery]) {
        for delivery in deliveries {
            guard let message = try? delivery.render() else { continue }
            kept.withLock { $0.append(Letter(address: delivery.address, text: message.text, html: message.html)) }
            delivery.complete(.success(TransportReceipt(providerMessageID: nil, response: nil)))
        }
    }

    func check() async -> String? { nil }
    func stop(within: Duration) async {}
}
