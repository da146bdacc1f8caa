import Core
import Storage
import TestSupport
import Testing

@testable import Web

private let full = #"""
    {"name":"Ada Lovelace","email":"Ada@Example.org","phone_number":"+14155550100","language":"en-GB","timezone":"Europe/London",
     "tags":["vip","b","vip"],"attributes":{"guests": 120, "nested": {"a": [1, null]}}}
    """#

@Suite("Clients over HTTP")
struct ClientTests {
    @Test("a client is created, read back whole, replaced, and erased", arguments: TestEngine.allCases)
    func life(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let created = try await api.put("/api/crm/clients/client-1", full)
            #expect(created.status == 201, "\(created.text)")
            let read = try await api.get("/api/crm/clients/client-1")
            #expect(read.status == 200 && read.bytes == created.bytes)
            #expect(try read.string("client_id") == "client-1")
            #expect(try read.string("email") == "Ada@Example.org")
            #expect(try read.string("phone_number") == "+14155550100")
            #expect(try read.string("timezone") == "Europe/London")
            #expect(try read.string("tags.0") == "b" && read.string("tags.1") == "vip" && read.value("tags.2") == nil)
            #expect(try read.value("attributes.guests")?.int64 == 120)
            #expect(try read.string("created_at") == "2026-03-02T12:00:00Z")

            world.clock.advance(seconds: 60)
            let replaced = try await api.put("/api/crm/clients/client-1", "{}")
            #expect(replaced.status == 200)
            #expect(try replaced.value("email")?.isNull == true)
            #expect(try replaced.value("tags")?.count == 0)
            #expect(try replaced.string("created_at") == "2026-03-02T12:00:00Z")
            #expect(try replaced.string("updated_at") == "2026-03-02T12:01:00Z")

            let erased = try await api.delete("/api/crm/clients/client-1")
            #expect(erased.status == 204 && erased.bytes.isEmpty)
            try await api.get("/api/crm/clients/client-1").expectProblem(404, "not-found")
            try await api.delete("/api/crm/clients/client-1").expectProblem(404, "not-found")
        }
    }

    @Test("addresses are not in the clear in the database", arguments: TestEngine.allCases)
    func sealed(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/client-1", full)
            let rows = try await world.database.read { tx in
                try tx.run("SELECT email, phone_number, email_hash FROM crm_clients").map { row in try (0..<3).map { try row.bytes($0) } }
            }
            for bytes in rows.flatMap({ $0 }) {
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(!text.lowercased().contains("example") && !text.contains("4155550100"))
            }
            #expect(rows.count == 1)
        }
    }

    @Test(
        "every field that does not fit is named, and nothing is stored",
        arguments: [
            (
                #"{"name":1,"email":2,"phone_number":3,"language":4,"timezone":5,"tags":6,"attributes":7,"surprise":8}"#,
                ["name", "email", "phone_number", "language", "timezone", "tags", "attributes", "surprise"]
            ),
            (
                #"{"name":"  ","email":"a@b.example, c@d.example","phone_number":"0415","language":"english please","timezone":"Mars/Olympus"}"#,
                ["name", "email", "phone_number", "language", "timezone"]
            ),
            (
                #"{"email":"a@b.example\r\nBcc: x@y.example","name":"a\u0000b","timezone":"../../etc/passwd"}"#,
                ["name", "email", "timezone"]
            ),
            (#"{"tags":["ok",""],"attributes":[]}"#, ["tags[1]", "attributes"]),
            (#"{"attributes":{"a":"\u0000"}}"#, ["attributes"]),
            (#"{"timezone":"EST5"}"#, ["timezone"]),
        ])
    func refusals(_ body: String, _ fields: [String]) async throws {
        try await World.run { _, api in
            let reply = try await api.put("/api/crm/clients/client-1", body)
            try reply.expectProblem(422, "validation")
            #expect(try Set(reply.fields) == Set(fields), "\(reply.text)")
            #expect(try await api.get("/api/crm/clients/client-1").status == 404)
        }
    }

    @Test("a path that is no client id can be neither written nor found", arguments: TestEngine.allCases)
    func badID(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let reply = try await api.put("/api/crm/clients/a%20b", "{}")
            try reply.expectProblem(422, "validation")
            #expect(try reply.fields == ["client_id"])
            try await api.get("/api/crm/clients/a%20b").expectProblem(404, "not-found")
            try await api.get("/api/crm/clients/\(String(repeating: "a", count: 129))").expectProblem(404, "not-found")
        }
    }

    @Test("another business's client is as good as unknown in every call", arguments: TestEngine.allCases)
    func walls(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/client-1", full)
            let stranger = api.with(key: world.elsewhere.key)
            for path in ["/api/crm/clients/client-1", "/api/crm/clients/client-1/export"] {
                let (theirs, nobodys) = (try await stranger.get(path), try await stranger.get(path.replacing("client-1", with: "client-0")))
                try theirs.expectProblem(404, "not-found")
                #expect(theirs.bytes == nobodys.bytes)
            }
            try await stranger.delete("/api/crm/clients/client-1").expectProblem(404, "not-found")
            #expect(try await stranger.get("/api/crm/clients").value("items")?.count == 0)
            #expect(try await stranger.get("/api/crm/clients?q=ada@example.org").value("items")?.count == 0)
            #expect(try await api.get("/api/crm/clients/client-1").status == 200)
        }
    }

    @Test("the list is searched by name, id, address and tag, and paged", arguments: TestEngine.allCases)
    func list(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            for index in 1...3 {
                world.clock.advance(seconds: 1)
                _ = try await api.put(
                    "/api/crm/clients/client-\(index)",
                    #"{"name":"Person \#(index)","email":"p\#(index)@example.org","phone_number":"+1415555010\#(index)","tags":["t\#(index % 2)"]}"#
                )
            }
            func ids(_ query: String) async throws -> [String] {
                let reply = try await api.get("/api/crm/clients\(query)")
                #expect(reply.status == 200, "\(reply.text)")
                return try (reply.value("items")?.elements).map { Array($0).compactMap { $0["client_id"]?.string } } ?? []
            }
            #expect(try await ids("") == ["client-3", "client-2", "client-1"])
            #expect(try await ids("?q=PERSON%202") == ["client-2"])
            #expect(try await ids("?q=lient-3") == ["client-3"])
            #expect(try await ids("?q=P1@EXAMPLE.org") == ["client-1"])
            #expect(try await ids("?q=p1@example") == [])
            #expect(try await ids("?q=%2B1%20415%20555%200102") == ["client-2"])
            for spelling in ["0014155550102", "1%20(415)%20555-0102", "whatsapp:%2B14155550102"] {
                #expect(try await ids("?q=\(spelling)") == ["client-2"])
            }
            #expect(try await ids("?tag=t1") == ["client-3", "client-1"])
            #expect(try await ids("?tag=t1&q=client-1") == ["client-1"])

            let first = try await api.get("/api/crm/clients?limit=2")
            let cursor = try #require(try first.string("next_cursor"))
            #expect(try await ids("?limit=2&cursor=\(cursor)") == ["client-1"])
            #expect(try await api.get("/api/crm/clients?limit=2&cursor=\(cursor)").value("next_cursor")?.isNull == true)
            for (query, field) in [
                ("cursor=%00", "cursor"), ("cursor=YWJj", "cursor"), ("limit=0", "limit"), ("limit=101", "limit"), ("x=1", "x"),
            ] {
                let reply = try await api.get("/api/crm/clients?\(query)")
                try reply.expectProblem(422, "validation")
                #expect(try reply.fields == [field])
            }
        }
    }

    @Test("the export holds the record, preferences and every communication with its files", arguments: TestEngine.allCases)
    func export(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/client-1", full)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-1","opt_out_sms":true}"#)
            for index in 0..<3 {
                world.clock.advance(seconds: 1)
                let sent = try await api.post(
                    "/api/crm/communications",
                    #"{"client_id":"client-1","message_type":"welcome","context":{"n":\#(index)},"attachments":[{"filename":"a.txt","content_type":"text/plain","content_base64":"aGVsbG8="}]}"#
                )
                #expect(sent.status == 202, "\(sent.text)")
            }
            let export = try await api.get("/api/crm/clients/client-1/export")
            #expect(export.status == 200 && export.header("content-type") == "application/json")
            #expect(try export.string("client.email") == "Ada@Example.org")
            #expect(try export.value("preferences.opt_out_sms")?.bool == true)
            #expect(try export.value("communications")?.count == 3)
            #expect(try export.value("communications.0.context.n")?.int64 == 2)
            #expect(try export.string("communications.2.events.0.event_type") == "accepted")
            #expect(try export.string("communications.1.attachments.0.content_base64") == "aGVsbG8=")
        }
    }

    @Test(
        "a repeated write with its key is answered again, and erasing a client forgets what was kept of them",
        arguments: TestEngine.allCases)
    func idempotency(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let keyed = api.with("Idempotency-Key", "k1")
            let first = try await keyed.put("/api/crm/clients/client-1", full)
            let again = try await keyed.put("/api/crm/clients/client-1", full)
            #expect(again.status == 201 && again.bytes == first.bytes && again.header("idempotency-replayed") == "true")
            _ = try await keyed.post("/api/crm/preferences", #"{"client_id":"client-1","language_preference":"de"}"#)
            let erase = api.with("Idempotency-Key", "k2")
            #expect(try await erase.delete("/api/crm/clients/client-1").status == 204)
            let replay = try await erase.delete("/api/crm/clients/client-1")
            #expect(replay.status == 204 && replay.header("idempotency-replayed") == "true")
            let kept = try await world.database.read { tx in
                try tx.run("SELECT route FROM crm_idempotency_records").map { try $0.text(0) }
            }
            #expect(kept == ["DELETE /api/crm/clients/{client_id}"])
        }
    }
}
