import Communications
import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Links that are wrong, old or taken back")
struct LinkAccessTests {
    @Test("an altered, cut, swapped or foreign link is one friendly page in the browser's language")
    func unknown() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let token = ada.links.signer.token(ada.preferences)
            let altered = String(token.dropLast()) + (token.hasSuffix("A") ? "B" : "A")
            let paths = [
                "/p/x", "/p/\(altered)", "/p/\(token.dropLast(3))", "/u/\(token)", "/p/\(ada.links.signer.token(ada.unsubscribe()))",
                "/u/example", "/p/%00", "/p/%F0%9F", "/p/\(String(repeating: "A", count: 3_000))",
            ]
            for (language, words) in [
                ("de-CH,de;q=0.9,en;q=0.1", "Dieser Link funktioniert nicht"), ("ar", "هذا الرابط لا يعمل"),
                ("xx", "This link does not work"),
            ] {
                let browser = ada.api.with("Accept-Language", language)
                for path in paths {
                    let page = try await browser.get(path)
                    page.expectPage(404)
                    #expect(page.text.contains(words), "\(path)")
                    #expect(page.header("vary") == "Accept-Language")
                }
            }
            let arabic = try await ada.api.with("Accept-Language", "ar").get("/p/x").text
            #expect(arabic.contains("<html lang=\"ar\" dir=\"rtl\">"))
            for path in paths where path.hasPrefix("/p/") {
                try await ada.form.post(path, ada.fields()).expectPage(404)
                if !path.contains("%") { try await ada.form.post(path + "/renewal", "").expectPage(404) }
            }
            try await ada.form.post("/u/x", "List-Unsubscribe=One-Click").expectPage(404)
            #expect(try await ada.messages() == [])
        }
    }

    @Test("a link of one client never shows or changes another, nor the same name in another business", arguments: TestEngine.allCases)
    func walls(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api, "ada")
            let bob = try await PublicVisitor(world, api, "bob", record: #"{"email":"bob@example.net"}"#)
            let other = try await PublicVisitor(
                world, api, "ada", at: world.elsewhere, record: #"{"email":"other@example.com","phone_number":"+14155550111"}"#)
            #expect(try await ada.api.get(ada.path(ada.preferences)).text.contains("(\u{2068}a…@example.org\u{2069})"))
            #expect(try await bob.api.get(bob.path(bob.preferences)).text.contains("b…@example.net"))
            let theirs = try await other.api.get(other.path(other.preferences)).text
            #expect(theirs.contains("o…@example.com") && theirs.contains("Elsewhere") && !theirs.contains("…@example.org"))
            #expect(try await ada.form.post(ada.path(ada.preferences), ada.fields(["stop_email": "1"])).status == 303)
            #expect(try await ada.form.post(ada.path(ada.unsubscribe(.sms)), "List-Unsubscribe=One-Click").status == 200)
            #expect(try await ada.state().stopped == [.email])
            for untouched in [bob, other] {
                let state = try await untouched.state()
                #expect(state.stopped == [] && state.marketing == .all)
            }
        }
    }

    @Test(
        "an expired link is a page that mails a fresh one, to the client's own address, a few times a day", arguments: TestEngine.allCases)
    func renewal(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            world.clock.advance(seconds: 60 * 86_400)
            let expired = try await ada.api.get(path)
            expired.expectPage(410)
            #expect(expired.text.contains("action=\"\(path)/renewal\"") && !expired.text.contains("…@"))
            try await ada.form.post(path, ada.fields(["stop_email": "1"])).expectPage(410)
            #expect(try await ada.state().stopped == [])
            let sent = try await ada.form.post(path + "/renewal", "")
            sent.expectPage(200)
            #expect(sent.text.contains("A fresh link is on its way") && !sent.text.contains("/p/"))
            #expect(try await ada.messages() == ["preferences_link email"])
            let again = try await ada.form.post(path + "/renewal", "")
            again.expectPage(429)
            #expect(again.header("retry-after") == "600")
            for _ in 0..<6 {
                world.clock.advance(seconds: 601)
                _ = try await ada.form.post(path + "/renewal", "")
            }
            #expect(try await ada.messages().count == LinkRenewal.mostPerDay)
        }
    }

    @Test("whoever stopped e-mail gets no link by e-mail either")
    func noRenewal() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.preferences)
            #expect(try await ada.form.post(path, ada.fields(["stop_email": "1"])).status == 303)
            let before = try await ada.messages()
            world.clock.advance(seconds: 60 * 86_400)
            let expired = try await ada.api.get(path)
            expired.expectPage(410)
            #expect(!expired.text.contains("<form") && expired.text.contains("help@example.org"))
            try await ada.form.post(path + "/renewal", "").expectPage(410)
            #expect(try await ada.messages() == before)
        }
    }

    @Test("revoked links open nothing, those made later do; another business can not revoke them", arguments: TestEngine.allCases)
    func revoked(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            let (old, oldUnsubscribe) = (ada.path(ada.preferences), ada.path(ada.unsubscribe()))
            try await api.with(key: world.elsewhere.key).post("/api/crm/clients/ada/links/revoke", "{}").expectProblem(404, "not-found")
            #expect(try await ada.api.get(old).status == 200)
            let reply = try await api.post("/api/crm/clients/ada/links/revoke", "")
            #expect(reply.status == 200, "\(reply.text)")
            #expect(try reply.string("links_revoked_at") == world.clock.now.rfc3339)
            try await ada.api.get(old).expectPage(404)
            try await ada.form.post(oldUnsubscribe, "List-Unsubscribe=One-Click").expectPage(404)
            #expect(try await ada.state().marketing == .all)
            world.clock.advance(seconds: 1)
            #expect(try await ada.api.get(ada.path(ada.preferences)).status == 200)
            try await api.post("/api/crm/clients/nobody/links/revoke", "{}").expectProblem(404, "not-found")
        }
    }

    @Test("links of an erased client open nothing, also when somebody gets the same name later", arguments: TestEngine.allCases)
    func erased(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            let (path, unsubscribe) = (ada.path(ada.preferences), ada.path(ada.unsubscribe()))
            #expect(try await api.delete("/api/crm/clients/ada").status == 204)
            try await ada.api.get(path).expectPage(404)
            try await ada.form.post(unsubscribe, "List-Unsubscribe=One-Click").expectPage(404)
            world.clock.advance(seconds: 3_600)
            let next = try await PublicVisitor(world, api, "ada", record: #"{"email":"somebody@example.com"}"#)
            try await ada.api.get(path).expectPage(404)
            try await ada.form.post(unsubscribe, "List-Unsubscribe=One-Click").expectPage(404)
            #expect(try await next.state().marketing == .all)
            #expect(try await next.api.get(next.path(next.preferences)).status == 200)
        }
    }
}
