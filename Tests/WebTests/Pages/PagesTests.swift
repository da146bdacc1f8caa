import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Pages")
struct PagesTests {
    /// Signs in and hands back an API that carries the session.
    private static func signIn(_ world: World, _ api: API, key: String) async throws -> API {
        let browser = api.with(key: nil).with("Content-Type", "application/x-www-form-urlencoded")
        let reply = try await browser.post("/sandbox/sign-in", "api_key=\(key)")
        #expect(reply.status == 303)
        #expect(reply.header("location") == "/sandbox")
        let cookie = try #require(reply.header("set-cookie"))
        #expect(cookie.contains("; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"))
        #expect(!cookie.contains(key))
        return api.with(key: nil).with("Cookie", "other=1; " + String(cookie.prefix { $0 != ";" }))
    }

    private static func keep(
        _ world: World, _ tenant: World.Tenant, channel: Core.Channel = .email, subject: String? = "Hello", html: String? = "<p>Hi</p>"
    ) async throws -> UUIDv7 {
        let id = UUIDv7(at: world.clock.now)
        let sealed = try world.cipher.seal("ada@example.org", .sandboxRecipient(tenant.id, id))
        try await world.database.write { tx in
            let communication = UUIDv7(at: tx.now)
            try tx.execute(
                """
                INSERT INTO crm_communications (communication_id, business_id, client_id, message_type, category, urgency, channel, status,
                    context, metadata, scheduled_for, created_at)
                VALUES (\(communication), \(tenant.id), \("c"), \("welcome"), \("transactional"), \("normal"), \(channel), \("sent"),
                    \(json: Array("{}".utf8)), \(json: Array("{}".utf8)), \(tx.now), \(tx.now))
                """)
            try tx.insertSandboxMessage(
                SandboxMessage(
                    id: id, business: tenant.id, communication: communication, channel: channel, recipient: sealed,
                    sender: "Here <here@example.org>",
                    subject: subject, text: "line one\n<b>line two</b>", html: html, createdAt: tx.now))
        }
        return id
    }

    @Test("pages carry a policy without inline code and are not kept or framed")
    func headers() async throws {
        try await World.run { world, api in
            let session = try await Self.signIn(world, api, key: world.here.key)
            for reply in [
                try await api.with(key: nil).get("/"), try await api.with(key: nil).get("/sandbox/sign-in"),
                try await session.get("/sandbox"),
            ] {
                #expect(reply.status == 200)
                let policy = try #require(reply.header("content-security-policy"))
                #expect(policy.contains("default-src 'none'"))
                #expect(policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe"))
                #expect(reply.header("x-content-type-options") == "nosniff")
                #expect(reply.header("referrer-policy") == "same-origin")
                #expect(reply.header("cache-control") == "no-store")
                #expect(!reply.text.contains("style=") && !reply.text.contains("<script"))
            }
            #expect(try await api.get("/assets/pages.css").text.contains("--accent"))
        }
    }

    @Test("without a session the sandbox sends to the form; a wrong key gets none")
    func access() async throws {
        try await World.run { world, api in
            let stranger = api.with(key: nil)
            for path in ["/sandbox", "/sandbox/messages/\(UUIDv7(at: world.clock.now))", "/sandbox/messages/x/html"] {
                let reply = try await stranger.get(path)
                #expect(reply.status == 303)
                #expect(reply.header("location")?.hasPrefix("/sign-in") == true)
                #expect(try await stranger.with("Cookie", "rapport_session=\(world.here.key)").get(path).status == 303)
            }
            let form = stranger.with("Content-Type", "application/x-www-form-urlencoded")
            let refused = try await form.post("/sandbox/sign-in", "api_key=wrong")
            #expect(refused.status == 401)
            #expect(refused.header("set-cookie") == nil)
            let key = "api_key=\(world.here.key)"
            for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Origin", "null")] {
                let reply = try await form.with(name, value).post("/sign-in", key)
                #expect(reply.status == 403 && reply.header("set-cookie") == nil, "\(name): \(value)")
            }
            #expect(try await form.with("Origin", "http://localhost:8080").post("/sign-in", key).status == 303)
            #expect(try await stranger.post("/sandbox/sign-in", "{}").status == 415)
            #expect(try await form.post("/sandbox/sign-in", "api_key=" + String(repeating: "x", count: 20_000)).status == 413)
        }
    }

    @Test("a session ends with its time, its sign-out or its key")
    func sessionEnds() async throws {
        try await World.run { world, api in
            let first = try await Self.signIn(world, api, key: world.here.key)
            #expect(try await first.get("/sandbox").status == 200)
            let form = first.with("Content-Type", "application/x-www-form-urlencoded")
            #expect(try await form.post("/sandbox/sign-out", "").status == 403)
            let token = try Browser.csrfToken(in: try await first.get("/sandbox").text)
            let out = try await form.post("/sandbox/sign-out", "csrf_token=\(token)")
            #expect(out.status == 303)
            #expect(try await first.get("/sandbox").status == 303)

            let second = try await Self.signIn(world, api, key: world.here.key)
            world.clock.advance(seconds: Session.idleSeconds)
            #expect(try await second.get("/sandbox").status == 303)

            let third = try await Self.signIn(world, api, key: world.here.key)
            let here = world.here
            _ = try await world.database.write { tx in try tx.revokeAPIKey(here.keyID, business: here.id) }
            world.parts.keys.forgetAll()
            #expect(try await third.get("/sandbox").status == 303)
        }
    }

    @Test("the list is newest first, filtered by channel, and holds only one's own messages", arguments: TestEngine.allCases)
    func list(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            for index in 0..<51 {
                _ = try await Self.keep(world, world.here, channel: index == 7 ? .sms : .email, subject: "Message <\(index)>")
                world.clock.advance(seconds: 1)
            }
            let foreign = try await Self.keep(world, world.elsewhere, subject: "Foreign")
            let session = try await Self.signIn(world, api, key: world.here.key)
            let page = try await session.get("/sandbox").text
            #expect(!page.contains("Foreign"))
            #expect(!page.contains("Message &lt;0&gt;"))
            let newest = try #require(page.range(of: "Message &lt;50&gt;"))
            let older = try #require(page.range(of: "Message &lt;49&gt;"))
            #expect(newest.lowerBound < older.lowerBound)
            let next = try #require(page.firstMatch(of: /href="(\/sandbox\?cursor=[^"]+)"/)).1
            let second = try await session.get(String(next)).text
            #expect(second.contains("Message &lt;0&gt;") && !second.contains("Message &lt;1&gt;"))
            let sms = try await session.get("/sandbox?channel=sms").text
            #expect(sms.contains("Message &lt;7&gt;") && !sms.contains("Message &lt;8&gt;"))
            for suffix in ["", "/html"] {
                #expect(try await session.get("/sandbox/messages/\(foreign)\(suffix)").status == 404)
            }
        }
    }

    @Test("a message is shown escaped, its HTML only in a cage without scripts")
    func message() async throws {
        try await World.run { world, api in
            let hostile = "<img src=x onerror=alert(1)>\"'&"
            let id = try await Self.keep(world, world.here, subject: hostile, html: "<script>alert(1)</script><p>Hi</p>")
            let session = try await Self.signIn(world, api, key: world.here.key)
            let page = try await session.get("/sandbox/messages/\(id)")
            #expect(page.status == 200)
            #expect(!page.text.contains("<img src=x") && !page.text.contains("<b>line two") && !page.text.contains("<script"))
            #expect(page.text.contains("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"))
            #expect(page.text.contains("ada@example.org"))
            #expect(page.text.contains("were not sent to anyone"))
            #expect(page.text.contains("<iframe class=\"mail\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\""))
            let html = try await session.get("/sandbox/messages/\(id)/html")
            #expect(html.text == "<script>alert(1)</script><p>Hi</p>")
            let policy = try #require(html.header("content-security-policy"))
            #expect(policy.hasPrefix("sandbox allow-popups"))
            #expect(policy.contains("default-src 'none'") && !policy.contains("script-src") && !policy.contains("allow-scripts"))
            let sms = try await Self.keep(world, world.here, channel: .sms, subject: nil, html: nil)
            #expect(try await session.get("/sandbox/messages/\(sms)").status == 200)
            #expect(try await session.get("/sandbox/messages/\(sms)/html").status == 404)
        }
    }
}
