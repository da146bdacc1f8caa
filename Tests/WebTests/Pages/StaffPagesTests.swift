import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Pages for those who look after clients")
struct StaffPagesTests {
    private static let form: [(String, String)] = [
        ("channel_1", "sms"), ("channel_2", "email"), ("timezone", "Europe/Paris"), ("quiet_hours_start", "21:00"),
        ("quiet_hours_end", "07:30"), ("language_preference", "fr"), ("no_marketing_email", "on"),
    ]

    /// Ada is known, an agent is signed in.
    private static func run(
        _ engine: TestEngine = .sqlite, as role: Role = .agent, _ body: @escaping @Sendable (World, API, Browser) async throws -> Void
    )
        async throws
    {
        try await World.run(engine) { world, api in
            let ada = #"{"name":"Ada <Lovelace>","email":"ada@example.org","phone_number":"+4915112345678","tags":["vip"]}"#
            #expect(try await api.put("/api/crm/clients/ada", ada).status < 300)
            _ = try await world.person("ruth@example.org", role)
            let browser = Browser(api)
            #expect(try await browser.signIn("ruth@example.org", World.password).status == 303)
            try await body(world, api, browser)
        }
    }

    @Test("clients are listed and found by name, id, address and tag, never another business's", arguments: TestEngine.allCases)
    func list(engine: TestEngine) async throws {
        try await Self.run(engine) { world, api, browser in
            #expect(try await api.put("/api/crm/clients/grace", #"{"name":"Grace","email":"grace@example.org"}"#).status < 300)
            let there = api.with(key: world.elsewhere.key)
            #expect(try await there.put("/api/crm/clients/eve", #"{"name":"Eve","email":"eve@example.org"}"#).status < 300)
            let all = try await browser.get("/clients").text
            #expect(all.contains("Ada &lt;Lovelace&gt;") && all.contains("Grace") && !all.contains("Eve"))
            for words in ["lovelace", "ada", "ada@example.org", "%2B49%20151%2012345678"] {
                let found = try await browser.get("/clients?q=\(words)").text
                #expect(found.contains("/clients/ada") && !found.contains("/clients/grace"), "\(words)")
            }
            let tagged = try await browser.get("/clients?tag=vip").text
            #expect(tagged.contains("/clients/ada") && !tagged.contains("/clients/grace"))
            #expect(try await browser.get("/clients?q=nobody").text.contains("Nobody fits."))
            #expect(try await browser.get("/clients/eve").status == 404)
            #expect(try await browser.submit("/clients/eve/preferences", on: "/clients/ada", Self.form).status == 404)
        }
    }

    @Test("preferences are saved with the form, spelled out, and kept in the client's history", arguments: TestEngine.allCases)
    func save(engine: TestEngine) async throws {
        try await Self.run(engine) { world, api, browser in
            let before = try await browser.get("/clients/ada").text
            #expect(before.contains("<button type=\"submit\">Save</button>"))
            #expect(before.contains("No decision of this client is known."))
            let reply = try await browser.submit("/clients/ada/preferences", on: "/clients/ada", Self.form)
            #expect(reply.status == 303)
            let location = try #require(reply.header("location"))
            let after = try await browser.get(location).text
            #expect(after.contains("role=\"status\">Saved."))
            #expect(after.contains("by SMS then by e-mail between 07:30 and 21:00, Paris time"))
            #expect(after.contains("timezone: none → Europe/Paris"))
            #expect(after.contains("<td>ruth@example.org</td>"))
            let stored = try await api.get("/api/crm/preferences/ada")
            #expect(try stored.string("timezone") == "Europe/Paris")
            #expect(try stored.string("preferred_channels.0") == "sms")
            #expect(try stored.string("language_preference") == "fr")
            let proof = try await api.get("/api/crm/consent/ada").text
            #expect(proof.contains("\"source\":\"staff\"") && proof.contains("\"withdrawn\""))
            let audit = try await api.get("/api/crm/audit?action=preferences.put").text
            #expect(audit.contains("\"user\"") && audit.contains("ada"))
        }
    }

    @Test("boxes that are not ticked refuse their topics; a topic that came after the page was shown stays as it is")
    func topics() async throws {
        try await Self.run { world, api, browser in
            let topics = [#"{"name":"news","title":{"en":"News"}}"#, #"{"name":"tips","title":{"en":"Tips"}}"#]
            #expect(try await api.put("/api/crm/topics", #"{"topics":[\#(topics.joined(separator: ","))]}"#).status < 300)
            let page = try await browser.get("/clients/ada").text
            #expect(page.contains("name=\"shown_topics\" value=\"news,tips\""))
            let later = topics + [#"{"name":"later","title":{"en":"Later"}}"#]
            #expect(try await api.put("/api/crm/topics", #"{"topics":[\#(later.joined(separator: ","))]}"#).status < 300)
            let fields = Self.form + [("shown_topics", "news,tips"), ("topic_news", "on")]
            #expect(try await browser.submit("/clients/ada/preferences", on: "/clients/ada", fields).status == 303)
            let stored = try await api.get("/api/crm/preferences/ada")
            #expect(try stored.value("topics_refused")?.count == 1 && stored.string("topics_refused.0") == "tips")
        }
    }

    @Test("what is wrong is named at its field, nothing is saved, and what was typed stays")
    func wrong() async throws {
        try await Self.run { world, api, browser in
            let cases: [(field: String, value: String)] = [
                ("timezone", "Mars/Base \"1\""), ("quiet_hours_start", "25:00"), ("quiet_hours_end", "7"),
                ("language_preference", "klingon!"),
                ("channel_1", "pigeon"), ("channel_2", "sms"),
            ]
            for (field, value) in cases {
                let reply = try await browser.submit(
                    "/clients/ada/preferences", on: "/clients/ada", Self.form.map { $0.0 == field ? (field, value) : $0 })
                #expect(reply.status == 422, "\(field)")
                #expect(reply.text.contains("Nothing was saved."), "\(field)")
                #expect(reply.text.contains("aria-invalid=\"true\""), "\(field)")
                #expect(!reply.text.contains("Saved."))
            }
            let typed = try await browser.submit(
                "/clients/ada/preferences", on: "/clients/ada", Self.form.map { $0.0 == "timezone" ? ($0.0, "Mars/Base \"1\"") : $0 })
            #expect(typed.text.contains("value=\"Mars/Base &quot;1&quot;\""))
            #expect(try await api.get("/api/crm/consent/ada").value("items")?.count == 0)
        }
    }

    @Test("who may only look sees the settings, no button, and cannot save")
    func viewer() async throws {
        try await Self.run(as: .viewer) { world, api, browser in
            let page = try await browser.get("/clients/ada").text
            #expect(page.contains("You may look at preferences, not change them."))
            #expect(!page.contains(">Save</button>") && page.contains("<fieldset disabled>"))
            #expect(try await browser.submit("/clients/ada/preferences", on: "/account", Self.form).status == 403)
            #expect(try await browser.get("/audit").status == 403)
            #expect(try await api.get("/api/crm/consent/ada").value("items")?.count == 0)
        }
    }

    @Test("looking at the list or at a client is noted with who looked")
    func looks() async throws {
        try await Self.run { world, api, browser in
            _ = try await browser.get("/clients")
            _ = try await browser.get("/clients/ada")
            let looks = try await api.get("/api/crm/clients/ada/access-log").text
            #expect(looks.matches(of: /"user"/).count == 2)
        }
    }

    @Test(
        "no page shows markup as text",
        arguments: ["/clients", "/clients?q=x", "/clients/ada", "/audit", "/users", "/account", "/sandbox", "/"])
    func markup(path: String) async throws {
        try await Self.run(as: .admin) { world, api, browser in
            #expect(try await api.put("/api/crm/clients/ada", #"{"name":"Ada"}"#).status < 300)
            _ = try await browser.submit("/clients/ada/preferences", on: "/clients/ada", Self.form)
            let page = try await browser.get(path)
            #expect(page.status == 200)
            #expect(page.text.firstMatch(of: /&lt;\/?[a-z]/) == nil)
        }
    }
}
