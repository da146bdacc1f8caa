import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Storage
@testable import Web

@Suite("Imports of clients over HTTP")
struct ClientImportTests {
    private static let path = "/api/crm/clients/import"

    private static func csv(_ api: API) -> API { api.with("Content-Type", "text/csv; charset=utf-8") }

    @Test("good lines are imported, each bad one is reported with its number and field", arguments: TestEngine.allCases)
    func lines(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let file = """
                client_id,name,email,phone_number,tags,opt_out_sms,attributes
                ada,"Ada, Countess",ada@example.org,+14155550100,vip;2026,yes,"{""size"": 3}"
                bob,Bob,not-an-address,12,,maybe,
                eve,"Eve
                the second",eve@example.org,,,no,
                short,line
                "",Nobody,,,,,

                zoe,Zoë,zoe@example.org,,,,[1]
                """
            let reply = try await Self.csv(api).post(Self.path, file)
            #expect(reply.status == 200, "\(reply.text)")
            let json = try reply.json
            #expect(json["state"]?.string == "completed")
            #expect(
                ["lines", "created", "updated", "rejected"].map { json[$0]?.int64 } == [6, 1, 0, 5], "\(reply.text)")
            let errors = Array(try #require(json["errors"]?.elements)).map { "\($0["line"]?.int64 ?? 0) \($0["field"]?.string ?? "?")" }
            #expect(
                errors == [
                    "3 opt_out_sms", "3 email", "3 phone_number", "4 name", "6 ", "7 client_id", "9 attributes",
                ], "\(reply.text)")
            let ada = try await api.get("/api/crm/clients/ada")
            #expect(try ada.string("name") == "Ada, Countess" && ada.value("attributes.size")?.int64 == 3)
            #expect(try Set([ada.string("tags.0"), ada.string("tags.1")]) == ["vip", "2026"])
            #expect(try await api.get("/api/crm/preferences/ada").value("opt_out_sms")?.bool == true)
            #expect(try await api.get("/api/crm/clients/bob").status == 404)

            let id = try #require(try reply.string("import_id"))
            let page = try await api.get("/api/crm/client-imports/\(id)/errors?limit=5")
            #expect(try page.value("items")?.count == 5)
            let rest = try await api.get(
                "/api/crm/client-imports/\(id)/errors?limit=5&cursor=\(try #require(try page.string("next_cursor")))")
            #expect(try rest.value("items")?.count == 2 && rest.value("items.1.line")?.int64 == 9)
            #expect(try await api.get("/api/crm/client-imports/\(id)").text == reply.text)
            let stranger = api.with(key: world.elsewhere.key)
            try await stranger.get("/api/crm/client-imports/\(id)").expectProblem(404, "not-found")
            try await stranger.get("/api/crm/client-imports/\(id)/errors").expectProblem(404, "not-found")
            try await stranger.get("/api/crm/clients/ada").expectProblem(404, "not-found")
        }
    }

    @Test("a list kept elsewhere adds a no and never takes one back", arguments: TestEngine.allCases)
    func refusals(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put(
                "/api/crm/topics", #"{"topics":[{"name":"news","title":{"en":"News"}},{"name":"art","title":{"en":"Art"}}]}"#)
            _ = try await api.post(
                "/api/crm/preferences",
                #"{"client_id":"ada","opt_out_email":true,"topics_refused":["news"],"marketing_consent":{"sms":"refused"}}"#)
            let hash = world.cipher.lookupHash("bob@example.org", business: world.here.id)
            _ = try await world.database.write { tx in
                try tx.suppress(hash, channel: .email, reason: "complaint", business: world.here.id)
            }
            let file = """
                {"client_id":"ada","opt_out_email":false,"topics_refused":["art"],"marketing_sms":"granted","marketing_whatsapp":"granted","consent_evidence":"list 7"}
                {"client_id":"bob","email":"Bob@Example.org","marketing_email":"confirmed","consent_evidence":"list 7"}
                {"client_id":"eve","email":"eve@example.org","marketing_email":"granted"}
                {"client_id":"zoe","topics_refused":["else"]}
                {"client_id":"zoe"
                {"client_id":"zoe","a\\u0000b":1}
                """
            let ndjson = api.with("Content-Type", "application/x-ndjson")
            for isDryRun in [true, false] {
                let reply = try await ndjson.post("\(Self.path)?dry_run=\(isDryRun)", file)
                let json = try reply.json
                #expect(
                    ["lines", "created", "updated", "rejected", "kept_refusals", "suppressed"].map { json[$0]?.int64 }
                        == [6, 2, 0, 4, 2, 1], "\(reply.text)")
                let errors = Array(try #require(json["errors"]?.elements)).map { "\($0["line"]?.int64 ?? 0) \($0["field"]?.string ?? "?")" }
                #expect(errors == ["3 marketing_email", "4 topics_refused", "5 ", "6 a\u{FFFD}b"], "\(reply.text)")
                #expect(try await api.get("/api/crm/clients/bob").status == (isDryRun ? 404 : 200))
            }
            let ada = try await api.get("/api/crm/preferences/ada")
            #expect(try ada.value("opt_out_email")?.bool == true)
            #expect(try ada.string("marketing_consent.sms") == "refused" && ada.string("marketing_consent.whatsapp") == "granted")
            #expect(try ada.string("topics_refused.0") == "art" && ada.string("topics_refused.1") == "news")
            #expect(try await api.get("/api/crm/preferences/bob").string("marketing_consent.email") == "none")
        }
    }

    @Test("a file in another encoding, or with line ends of its own, is told as such")
    func files() async throws {
        try await World.run { world, api in
            let text = "client_id,name\r\nada,Ada\r\n"
            let utf16 = Array(text.utf16)
            let little = utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
            let big = utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
            let files: [([UInt8], String)] = [
                ([0xFF, 0xFE] + little, "UTF-8"), ([0xFE, 0xFF] + big, "UTF-8"), (little, "UTF-8"), (big, "UTF-8"),
                (Array(text.replacing("\r\n", with: "\r").utf8), "LF or CRLF"),
                (Array("\"client_id,name\nada,Ada\n".utf8), "never ends"),
            ]
            for (bytes, words) in files {
                let reply = try await Self.csv(api).send("POST", Self.path, bytes)
                try reply.expectProblem(422, "validation")
                #expect(reply.text.contains(words), "\(reply.text)")
            }
            let marked = try await Self.csv(api).send("POST", Self.path, [0xEF, 0xBB, 0xBF] + Array(text.utf8))
            #expect(try marked.value("created")?.int64 == 1)
        }
    }

    @Test("what a file leaves out stays as it was", arguments: TestEngine.allCases)
    func absent(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put(
                "/api/crm/clients/ada",
                #"{"name":"Ada","email":"ada@example.org","language":"fr","tags":["vip"],"attributes":{"a":1}}"#)
            let reply = try await Self.csv(api).post(Self.path, "client_id;email;name;tags\r\nada;new@example.org;;\r\n")
            #expect(try reply.value("updated")?.int64 == 1 && reply.value("created")?.int64 == 0, "\(reply.text)")
            let ada = try await api.get("/api/crm/clients/ada")
            #expect(try ada.string("email") == "new@example.org" && ada.string("name") == "Ada" && ada.string("language") == "fr")
            #expect(try ada.string("tags.0") == "vip" && ada.value("attributes.a")?.int64 == 1)
        }
    }

    @Test("names and attributes of a file are sealed as everybody's, and found by the names' beginnings", arguments: TestEngine.allCases)
    func sealed(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let file = "client_id,name,attributes\r\nc1,Ada Lovelace,\"{\"\"note\"\": \"\"Lovelace\"\"}\"\r\n"
            #expect(try await Self.csv(api).post(Self.path, file).value("created")?.int64 == 1)
            #expect(try await Self.stored(world).contains("Lovelace") == false)
            #expect(try await api.get("/api/crm/clients?q=love").string("items.0.name") == "Ada Lovelace")
            #expect(try await api.get("/api/crm/clients?q=lace").value("items")?.count == 0)
            // A later file changes what they are found by, and one without a name does not.
            _ = try await Self.csv(api).post(Self.path, "client_id,name\r\nc1,Ada King\r\n")
            _ = try await Self.csv(api).post(Self.path, "client_id,language\r\nc1,fr\r\n")
            let found = try await api.get("/api/crm/clients?q=king")
            #expect(try found.string("items.0.name") == "Ada King" && found.string("items.0.attributes.note") == "Lovelace")
            #expect(try await api.get("/api/crm/clients?q=love").value("items")?.count == 0)
            #expect(try await Self.stored(world).contains("King") == false)
        }
    }

    /// Names and attributes as the tables hold them.
    private static func stored(_ world: World) async throws -> String {
        let columns: SQL = "SELECT COALESCE(CAST(name AS TEXT), '') || COALESCE(CAST(attributes AS TEXT), '') FROM crm_clients"
        return try await world.database.read { tx in try tx.run(columns).map { try $0.text(0) }.joined(separator: "\n") }
    }

    @Test("a column that nobody knows, a missing id column, another type and another business's hands are refused")
    func refused() async throws {
        try await World.run { _, api in
            for (file, fields) in [
                ("client_id,opt_out_emial\nada,true\n", ["column 2"]), ("name\nAda\n", ["client_id"]),
                ("client_id,email,email\n", ["email"]), ("", ["client_id"]),
            ] {
                let reply = try await Self.csv(api).post(Self.path, file)
                #expect(try reply.status == 422 && reply.fields == fields, "\(reply.text)")
            }
            #expect(try await api.get("/api/crm/clients/ada").status == 404)
            try await api.post(Self.path, "{}").expectProblem(415, "unsupported-media-type")
            try await Self.csv(api).with(key: nil).post(Self.path, "client_id\n").expectProblem(401, "unauthorized")
        }
    }

    @Test("the same file under the same key is imported once; another file under it is refused", arguments: TestEngine.allCases)
    func repeated(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let keyed = Self.csv(api).with("Idempotency-Key", "import-1")
            let first = try await keyed.post(Self.path, "client_id\nada\n")
            let second = try await keyed.post(Self.path, "client_id\nada\n")
            #expect(first.status == 200 && second.text == first.text && second.header("Idempotency-Replayed") == "true")
            #expect(try await keyed.post(Self.path, "client_id\nbob\n").status == 422)
            #expect(try await api.get("/api/crm/clients/bob").status == 404)
        }
    }
}
