import Communications
import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Unsubscribing by a link")
struct UnsubscribeTests {
    private static let oneClick = "List-Unsubscribe=One-Click"

    @Test("looking at the link changes nothing; the button does, and once is enough", arguments: TestEngine.allCases)
    func asksFirst(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.unsubscribe())
            for _ in 0..<2 {
                let page = try await ada.api.get(path)
                page.expectPage(200)
                #expect(page.text.contains("<form method=\"post\">") && page.text.contains("no more news and offers by e-mail from Here"))
                #expect(try await ada.api.send("HEAD", path).status == 200)
            }
            #expect(try await ada.state().marketing == .all)
            for _ in 0..<2 {
                let done = try await ada.form.post(path, Self.oneClick)
                done.expectPage(200)
                #expect(done.header("location") == nil && done.text.contains("You are unsubscribed"))
                let state = try await ada.state()
                #expect(state.marketing == [.sms, .whatsapp] && state.stopped == [])
                #expect(state.preferences.marketing[.email] == .refused)
            }
        }
    }

    @Test("mail programs may send multipart/form-data, without a cookie and from anywhere")
    func multipart() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let body = "--b 1\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b 1--\r\n"
            let reply = try await ada.api.with("Content-Type", "multipart/form-data; boundary=\"b 1\"")
                .with("Sec-Fetch-Site", "cross-site").with("Origin", "https://mail.example").post(ada.path(ada.unsubscribe()), body)
            reply.expectPage(200)
            #expect(try await ada.state().marketing == [.sms, .whatsapp])
        }
    }

    @Test("a POST that does not say One-Click changes nothing")
    func otherBodies() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.unsubscribe())
            for body in ["", "x=1", "List-Unsubscribe=one-click", "List-Unsubscribe=", "List-Unsubscribe=One-Click2", "=", "%zz=1&&&"] {
                try await ada.form.post(path, body).expectPage(400)
            }
            try await ada.api.with("Content-Type", "application/json").post(path, #"{"List-Unsubscribe":"One-Click"}"#).expectPage(400)
            try await ada.api.with("Content-Type", "text/plain").post(path, Self.oneClick).expectPage(400)
            try await ada.api.with("Content-Type", "multipart/form-data").post(path, Self.oneClick).expectPage(400)
            try await ada.form.post(path, Self.oneClick + "&" + String(repeating: "x", count: 20_000)).expectProblem(
                413, "payload-too-large")
            #expect(try await ada.state().marketing == .all)
        }
    }

    @Test("the second choice stops everything on that channel, and only there", arguments: TestEngine.allCases)
    func everything(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.unsubscribe(.sms))
            let offer = try await ada.form.post(path, Self.oneClick)
            #expect(offer.text.contains("name=\"scope\" value=\"all\"") && offer.text.contains("Stop all messages by SMS"))
            let done = try await ada.form.post(path, Self.oneClick + "&page=1&scope=all")
            done.expectPage(200)
            #expect(done.text.contains("All messages are stopped"))
            #expect(try await ada.state().stopped == [.sms])
            let preferences = try await api.get("/api/crm/preferences/ada")
            #expect(try preferences.value("opt_out_sms")?.bool == true && preferences.value("opt_out_email")?.bool == false)
        }
    }

    @Test("the page leads to the preference centre, with a link that ends when the message's own would")
    func leadsOn() async throws {
        try await World.run { world, api in
            let ada = try await PublicVisitor(world, api)
            let path = ada.path(ada.unsubscribe())
            func next() async throws -> String {
                let page = try await ada.api.get(path).text
                return try String(#require(page.firstMatch(of: /href="http:\/\/localhost:8080(\/p\/[^"]+)"/)).1)
            }
            #expect(try await ada.api.get(next()).status == 200)
            world.clock.advance(seconds: 61 * 86_400)
            #expect(try await ada.api.get(path).status == 200)
            #expect(try await ada.api.get(next()).status == 410)
        }
    }

    @Test("a request says what is to stop, and whether our own page was read before")
    func request() {
        func request(_ fields: String) -> UnsubscribeRequest? {
            UnsubscribeRequest(contentType: "application/x-www-form-urlencoded", body: Array((Self.oneClick + fields).utf8))
        }
        #expect(request("").map { [$0.isFromPage, $0.stopsEverything] } == [false, false])
        #expect(request("&page=1").map { [$0.isFromPage, $0.stopsEverything] } == [true, false])
        #expect(request("&page=1&scope=all").map { [$0.isFromPage, $0.stopsEverything] } == [true, true])
        #expect(request("&scope=everything").map { [$0.isFromPage, $0.stopsEverything] } == [false, false])
    }

    @Test("the ledger tells who, how, and what they had read; a mail program's words are not ours to tell", arguments: TestEngine.allCases)
    func evidence(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            for (id, fields, wording, version) in [
                ("ada", "&page=1", "Do you want no more news and offers by e-mail from Here?", "unsubscribe/en/1"),
                ("bob", "", nil, "one_click"),
            ] as [(String, String, String?, String)] {
                let client = try await PublicVisitor(world, api, id)
                let link = client.unsubscribe()
                for _ in 0..<2 { #expect(try await client.form.post(client.path(link), Self.oneClick + fields).status == 200) }
                let history = try await api.get("/api/crm/consent/\(id)")
                let items = try #require(try history.value("items")).elements.map { $0 }
                #expect(items.count == 1, "\(history.text)")
                #expect(try history.string("items.0.decision") == "withdrawn" && history.string("items.0.purpose") == "marketing")
                #expect(try history.string("items.0.channel") == "email" && history.string("items.0.actor.kind") == "client")
                #expect(try history.string("items.0.wording") == wording && history.string("items.0.wording_version") == version)
                #expect(try history.string("items.0.evidence") == link.communication?.description, "\(history.text)")
            }
            let audit = try await api.get("/api/crm/audit?action=client.unsubscribe")
            #expect(try #require(try audit.value("items")).elements.map { $0 }.count == 2, "\(audit.text)")
        }
    }

    @Test("forms are read in both encodings; broken ones hold nothing")
    func forms() {
        func read(_ type: String?, _ body: String) -> [String: String] { FormFields.read(contentType: type, body: Array(body.utf8)) }
        #expect(read("application/x-www-form-urlencoded; charset=UTF-8", "a=1+2%26&b=&c&a=9") == ["a": "1 2&", "b": "", "c": ""])
        #expect(read("APPLICATION/X-WWW-FORM-URLENCODED", "a=%zz&b=1") == ["b": "1"])
        let part = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: text/plain\r\n\r\none\r\ntwo\r\n"
        #expect(read("multipart/form-data; boundary=x", part + "--x--\r\n") == ["a": "one\r\ntwo"])
        #expect(read("multipart/form-data; boundary=y", part) == [:])
        #expect(read("multipart/form-data; boundary=", part) == [:])
        #expect(read("multipart/form-data", part) == [:])
        #expect(read(nil, "a=1") == [:])
        #expect(read("multipart/form-data; boundary=x", "--x\r\n\r\n\r\n--x\r\nname=\"\r\n\r\nv--x") == [:])
    }
}
