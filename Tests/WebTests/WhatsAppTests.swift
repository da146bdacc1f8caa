import Communications
import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("WhatsApp mappings and templates", .timeLimit(.minutes(5)))
struct WhatsAppTests {
    static let place = "/api/crm/whatsapp/mappings/reminder"
    static let mapping = #"{"template":"order_update","language":"en_US","body":["{{client_name}}","{{plan_id}}"]}"#

    static let template = WhatsAppTemplate(
        name: "order_update", language: "en_US", status: "APPROVED", category: "MARKETING",
        components: Array(#"[{"type":"BODY","text":"Hi {{1}}, plan {{2}}."}]"#.utf8))

    @Test("a mapping is set, shown, changed and forgotten, by language", arguments: TestEngine.allCases)
    func lifecycle(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let created = try await api.put(Self.place, Self.mapping)
            #expect(created.status == 201)
            #expect(try created.string("message_type") == "reminder" && created.string("body.1") == "{{plan_id}}")
            #expect(try created.value("template_status")?.isNull == true && created.value("header")?.isNull == true)
            #expect(try await api.put(Self.place, Self.mapping).status == 200)
            let german =
                #"{"template":"bestellung","language":"de","header":{"type":"document"},"body":[{"name":"n","text":"{{client_name}}"}]}"#
            #expect(try await api.put(Self.place, german).status == 201)
            let shown = try await api.get(Self.place)
            #expect(try shown.string("mappings.0.language") == "de" && shown.string("mappings.0.header.type") == "document")
            #expect(try shown.string("mappings.0.body.0.name") == "n" && shown.string("mappings.1.language") == "en_US")
            let list = try await api.get("/api/crm/whatsapp/mappings?limit=1")
            #expect(try list.value("items")?.count == 1 && list.string("next_cursor") != nil)
            let rest = try await api.get("/api/crm/whatsapp/mappings?cursor=\(list.string("next_cursor") ?? "")")
            #expect(try rest.string("items.0.language") == "en_US" && rest.value("next_cursor")?.isNull == true)
            #expect(try await api.delete("\(Self.place)?language=de").status == 204)
            #expect(try await api.get(Self.place).value("mappings")?.count == 1)
            #expect(try await api.delete(Self.place).status == 204)
            try await api.delete(Self.place).expectProblem(404, "not-found")
            try await api.get(Self.place).expectProblem(404, "not-found")
        }
    }

    @Test("what is no mapping is refused field by field")
    func refused() async throws {
        try await World.run { _, api in
            let empty = try await api.put(Self.place, "{}")
            #expect(try empty.fields == ["template", "language"])
            let broken = #"{"template":"a","language":"en","body":["fine","{{#open}}"],"extra":1}"#
            #expect(try await api.put(Self.place, broken).fields == ["body[1]", "extra"])
            #expect(try await api.put("/api/crm/whatsapp/mappings/No%20Name", Self.mapping).fields == ["message_type"])
            #expect(try await api.get(Self.place).status == 404)
        }
    }

    @Test("a mapping has to fit the account's template; another business sees nothing of it")
    func checked() async throws {
        try await World.run(whatsAppTemplates: { [Self.template] }) { world, api in
            #expect(try await api.post("/api/crm/whatsapp/templates/sync", "").status == 200)
            let short = #"{"template":"order_update","language":"en_US","body":["{{client_name}}"]}"#
            let refused = try await api.put(Self.place, short)
            #expect(try refused.fields == ["body"] && refused.text.contains("must have 2 parameters"))
            let created = try await api.put(Self.place, Self.mapping)
            #expect(try created.status == 201 && created.string("template_status") == "APPROVED")
            // Allowed, and still worth knowing.
            #expect(try created.string("problems.0.message")?.contains("counts as marketing") == true)
            let other = api.with(key: world.elsewhere.key)
            try await other.get(Self.place).expectProblem(404, "not-found")
            try await other.delete(Self.place).expectProblem(404, "not-found")
            #expect(try await other.get("/api/crm/whatsapp/mappings").value("items")?.count == 0)
            #expect(try await api.get(Self.place).status == 200)
        }
    }

    @Test("the account is asked on demand, and its templates are listed", arguments: TestEngine.allCases)
    func sync(engine: TestEngine) async throws {
        try await World.run(engine, whatsAppTemplates: { [Self.template] }) { _, api in
            let synced = try await api.post("/api/crm/whatsapp/templates/sync", "{}")
            #expect(try synced.status == 200 && synced.value("templates")?.int64 == 1 && synced.value("approved")?.int64 == 1)
            let list = try await api.get("/api/crm/whatsapp/templates?status=approved")
            #expect(try list.string("items.0.body") == "Hi {{1}}, plan {{2}}." && list.value("items.0.parameters")?.count == 2)
            #expect(try list.value("items.0.components.0.type")?.string == "BODY")
            #expect(try await api.get("/api/crm/whatsapp/templates?status=PAUSED").value("items")?.count == 0)
            #expect(try await api.get("/api/crm/whatsapp/templates?name=none").value("items")?.count == 0)
        }
    }

    @Test("without an account there is nobody to ask; an account that is away is no fault of the caller")
    func away() async throws {
        try await World.run { _, api in
            try await api.post("/api/crm/whatsapp/templates/sync", "{}").expectProblem(409, "conflict")
        }
        struct Away: Error {}
        try await World.run(whatsAppTemplates: { throw Away() }) { _, api in
            let reply = try await api.post("/api/crm/whatsapp/templates/sync", "{}")
            #expect(reply.status == 503)
        }
    }

    private static func request(_ attachment: String) -> String {
        #"{"client_id":"ada","message_type":"reminder","recipient":{"email":"a@example.org"},"attachments":[\#(attachment)]}"#
    }

    @Test("an attachment is a file or a link to one, and the export shows which", arguments: TestEngine.allCases)
    func link(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let file = #"{"filename":"a.pdf","content_type":"application/pdf","link":"https://files.example/a%20b?x=1"}"#
            #expect(try await api.post("/api/crm/communications", Self.request(file)).status == 202)
            let export = try await api.get("/api/crm/clients/ada/export")
            #expect(try export.string("communications.0.attachments.0.link") == "https://files.example/a%20b?x=1")
            #expect(try export.value("communications.0.attachments.0.content_base64")?.isNull == true)
            #expect(try export.value("whatsapp_last_inbound_at")?.isNull == true)
        }
    }

    @Test(
        "a link that is no https address is refused",
        arguments: [
            "http://files.example/a", "ftp://files.example", "javascript:alert(1)", "https://", "https:///a", "https://:443/",
            "https://me:secret@files.example/", "https://files.example/a b", "https://files.example/é",
            "https://files.example/\\\"><script>",
            "//files.example", "",
        ])
    func badLink(link: String) async throws {
        try await World.run { _, api in
            let reply = try await api.post(
                "/api/crm/communications?dry_run=true",
                Self.request(#"{"filename":"a.pdf","content_type":"application/pdf","link":"\#(link)"}"#))
            #expect(try reply.status == 422 && reply.fields == ["attachments[0].link"], "\(reply.text)")
        }
    }

    @Test("a file has content or a link, never both and never neither")
    func oneOf() async throws {
        try await World.run { _, api in
            func fields(_ more: String) async throws -> [String] {
                try await api.post(
                    "/api/crm/communications?dry_run=true", Self.request(#"{"filename":"a.pdf","content_type":"application/pdf"\#(more)}"#)
                ).fields
            }
            let neither = try await fields("")
            #expect(neither == ["attachments[0].content_base64"])
            #expect(try await fields(#","link":null,"content_base64":null"#) == ["attachments[0].content_base64"])
            #expect(try await fields(#","link":"https://a.example/","content_base64":"AAA=""#) == ["attachments[0].link"])
            #expect(try await fields(#","link":null,"content_base64":"AAA=""#) == [])
        }
    }

    @Test("the sandbox shows the form of a message and what an account would not have taken")
    func sandbox() async throws {
        try await World.run { world, api in
            let id = UUIDv7(at: world.clock.now)
            let business = world.here.id
            let sealed = try world.cipher.seal("+14155550100", .sandboxRecipient(business, id))
            let accepted = try await api.post(
                "/api/crm/communications",
                #"{"client_id":"ada","message_type":"reminder","recipient":{"email":"a@example.org"},"send_at":"2090-01-01T00:00:00Z"}"#)
            let communication = try #require(try accepted.string("communication_id").flatMap(UUIDv7.init))
            try await world.database.write { tx in
                try tx.insertSandboxMessage(
                    SandboxMessage(
                        id: id, business: business, communication: communication, channel: .whatsapp, recipient: sealed, sender: "sandbox",
                        subject: nil, text: "Hi", html: nil, form: "template <b> (en)", note: "it is outside", createdAt: tx.now))
            }
            let browser = api.with(key: nil).with("Content-Type", "application/x-www-form-urlencoded")
            let reply = try await browser.post("/sandbox/sign-in", "api_key=\(world.here.key)")
            let session = api.with(key: nil).with("Cookie", String((reply.header("set-cookie") ?? "").prefix { $0 != ";" }))
            let page = try await session.get("/sandbox/messages/\(id)")
            #expect(page.text.contains("template &lt;b&gt; (en)") && page.text.contains("would not have taken it: it is outside"))
            let export = try await api.get("/api/crm/clients/ada/export")
            #expect(try export.string("communications.0.sandbox_messages.0.form") == "template <b> (en)")
        }
    }
}
