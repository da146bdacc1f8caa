import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

private let path = "/api/crm/communications"

/// A request that is accepted as it is.
private func request(client: String = "client-1", plan: String? = nil, type: String = "welcome", extra: String = "") -> String {
    let plan = plan.map { #","plan_id":"\#($0)""# } ?? ""
    return #"""
        {"client_id":"\#(client)","message_type":"\#(type)"\#(plan),"context":{"client_name":"Ada"},
         "recipient":{"name":"Ada","email":"ada@example.org","timezone":"Europe/Berlin","language":"en"}\#(extra)}
        """#
}

@Suite("Sending and looking at communications")
struct CommunicationsTests {
    @Test("an accepted request is answered 202 and can be read back with its events and attempts", arguments: TestEngine.allCases)
    func acceptAndRead(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let accepted = try await api.post(path, request(plan: "plan-7"))
            #expect(accepted.status == 202, "\(accepted.text)")
            let id = try #require(try accepted.string("communication_id"))
            #expect(UUIDv7(id) != nil)
            #expect(try accepted.string("channel_used") == "email")
            #expect(try accepted.value("metadata.priority")?.int64 == 2)

            let read = try await api.get("\(path)/\(id)")
            #expect(read.status == 200)
            #expect(try read.string("communication_id") == id)
            #expect(try read.string("client_id") == "client-1")
            #expect(try read.string("plan_id") == "plan-7")
            #expect(try read.string("context.client_name") == "Ada")
            #expect(try read.string("events.0.event_type") == "accepted")
            #expect(try read.string("events.0.at") == "2026-03-02T12:00:00Z")
            #expect(try read.value("attempts")?.kind == .array)
            #expect(try read.value("metadata.decision")?.kind == .array)
        }
    }

    @Test("a dry run answers 200 with the rendered message and stores nothing", arguments: TestEngine.allCases)
    func dryRun(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let reply = try await api.post("\(path)?dry_run=true", request())
            #expect(reply.status == 200, "\(reply.text)")
            #expect(try reply.value("metadata.preview")?.kind == .object)
            #expect(try await api.get(path).value("items.0") == nil)
            #expect(try await api.post("\(path)?dry_run=perhaps", request()).fields == ["dry_run"])
        }
    }

    @Test("a dry run whose message grows beyond all bounds is refused, not a fault of ours")
    func boundlessPreview() async throws {
        try await World.run { _, api in
            let text = "{{#a}}{{#a}}\(String(repeating: "x", count: 1_000)){{/a}}{{/a}}"
            let template = #"{"subject_template":"s","content_template":"<p>\#(text)</p>"}"#
            let put = try await api.put("/api/crm/templates/email/welcome", template)
            #expect(put.status == 200 || put.status == 201)
            let list = "[\(Array(repeating: "1", count: 60).joined(separator: ","))]"
            let body = #"{"client_id":"c","message_type":"welcome","recipient":{"email":"a@example.org"},"context":{"a":\#(list)}}"#
            let reply = try await api.post("\(path)?dry_run=true", body)
            try reply.expectProblem(422, "validation")
            #expect(try reply.fields == ["context"])
        }
    }

    @Test(
        "every field that does not fit is named",
        arguments: [
            (#"{}"#, ["client_id", "message_type"]),
            (
                #"{"client_id":1,"message_type":[],"plan_id":{},"urgency":3,"preferred_channel":false,"send_at":0,"context":"x","recipient":[],"attachments":{}}"#,
                ["client_id", "message_type", "plan_id", "urgency", "preferred_channel", "send_at", "context", "recipient", "attachments"]
            ),
            (
                #"{"client_id":"a b","message_type":"welcome\n","plan_id":"","urgency":"URGENT","preferred_channel":"fax","send_at":"tomorrow"}"#,
                ["client_id", "message_type", "plan_id", "urgency", "preferred_channel", "send_at"]
            ),
            (#"{"client_id":"c","message_type":"welcome","colour":"red"}"#, ["colour"]),
            (#"{"client_id":"c\u0000","message_type":"welcome","context":{"a":"\u0000"}}"#, ["client_id", "context"]),
            (#"{"client_id":"c","message_type":"welcome","context":{"n":1e999}}"#, ["context"]),
            (
                #"{"client_id":"c","message_type":"welcome","recipient":{"name":"A\r\nBcc: x@example.org","email":"a@example.org,b@example.org","phone_number":"911","timezone":"Mars/Base","language":"english!","shoe_size":44}}"#,
                [
                    "recipient.name", "recipient.email", "recipient.phone_number", "recipient.timezone", "recipient.language",
                    "recipient.shoe_size",
                ]
            ),
            (
                #"{"client_id":"c","message_type":"welcome","attachments":[{},{"filename":"../x","content_type":"text/html\r\nX: y","content_base64":"!"},{"filename":"a","content_type":"multipart/mixed","content_base64":"YQ"}]}"#,
                [
                    "attachments[0].filename", "attachments[0].content_type", "attachments[0].content_base64", "attachments[1].filename",
                    "attachments[1].content_type", "attachments[1].content_base64", "attachments[2].content_type",
                    "attachments[2].content_base64",
                ]
            ),
            (#"{"client_id":"c","message_type":"no_such_type"}"#, ["message_type"]),
        ] as [(String, [String])])
    func fields(body: String, names: [String]) async throws {
        try await World.run { _, api in
            let reply = try await api.post(path, body)
            try reply.expectProblem(422, "validation")
            #expect(Set(try reply.fields) == Set(names))
        }
    }

    @Test("numbers beyond 64 bits in a context are kept as they were written", arguments: TestEngine.allCases)
    func hugeNumbers(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let body =
                #"{"client_id":"c","message_type":"welcome","context":{"n":9223372036854775808},"recipient":{"email":"a@example.org"}}"#
            let id = try #require(try await api.post(path, body).string("communication_id"))
            #expect(try await api.get("\(path)/\(id)").text.contains("9223372036854775808"))
        }
    }

    @Test("attachments are taken up to what a body of 26 MiB can hold")
    func attachments() async throws {
        try await World.run { _, api in
            func body(_ sizes: [Int]) -> String {
                let files = sizes.map { size in
                    let content = Data(repeating: 0x61, count: size).base64EncodedString()
                    return #"{"filename":"a.txt","content_type":"text/plain; charset=utf-8","content_base64":"\#(content)"}"#
                }
                return request(extra: #","attachments":[\#(files.joined(separator: ","))]"#)
            }
            let several = try await api.post(path, body([1, 2, 3]))
            #expect(several.status == 202)
            // Escaped slashes are the same text.
            let slashes = request(extra: #","attachments":[{"filename":"a","content_type":"a\/b","content_base64":"\/\/\/\/"}]"#)
            #expect(try await api.post(path, slashes).status == 202)
            #expect(try await api.post(path, body([1 << 20])).status == 202)
            // 25 MiB in base64 do not fit in 26 MiB: the body's limit comes first.
            #expect(try await api.post(path, body([25 << 20])).status == 413)
        }
    }

    @Test("an id that is none, unknown or another business's answers the same 404", arguments: TestEngine.allCases)
    func tenancy(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let other = api.with(key: world.elsewhere.key)
            let theirs = try #require(try await other.post(path, request(plan: "plan-1")).string("communication_id"))
            let unknown = UUIDv7(at: world.clock.now).description
            for call in ["", "/cancel", "/retry"] {
                let method = call.isEmpty ? "GET" : "POST"
                let missing = try await api.send(method, "\(path)/\(unknown)\(call)")
                try missing.expectProblem(404, "not-found")
                let foreign = try await api.send(method, "\(path)/\(theirs)\(call)")
                #expect(foreign.bytes == missing.bytes)
                #expect(foreign.status == 404)
                #expect(try await api.send(method, "\(path)/not-an-id\(call)").bytes == missing.bytes)
            }
            #expect(try await api.get("/api/crm/workflow/plans/plan-1").bytes == api.get("/api/crm/workflow/plans/plan-2").bytes)
            #expect(try await api.get("/api/crm/clients/client-1/timeline").bytes == api.get("/api/crm/clients/client-2/timeline").bytes)
            for query in ["", "?plan_id=plan-1", "?client_id=client-1"] {
                #expect(try await api.get(path + query).text == #"{"items":[],"next_cursor":null}"#)
            }
            #expect(try await other.get(path).value("items.0") != nil)
            #expect(try await other.get("\(path)/\(theirs)").string("status") == "queued")
        }
    }

    @Test("pages hold every communication once, newest first, while new ones arrive", arguments: TestEngine.allCases)
    func pages(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            var made: [String] = []
            for index in 0..<7 {
                made.append(try #require(try await api.post(path, request(client: "client-\(index % 2)")).string("communication_id")))
                world.clock.advance(seconds: 1)
            }
            var seen: [String] = []
            var cursor: String?
            repeat {
                let reply = try await api.get("\(path)?limit=3\(cursor.map { "&cursor=\($0)" } ?? "")")
                let items = try #require(try reply.value("items"))
                seen += items.elements.compactMap { $0["communication_id"]?.string }
                cursor = try reply.string("next_cursor")
                #expect(try await api.post(path, request()).status == 202)
                world.clock.advance(seconds: 1)
            } while cursor != nil
            #expect(seen == made.reversed())
            let filtered = try await api.get("\(path)?client_id=client-1&from=2026-03-02T12:00:02Z&to=2026-03-02T13:00:04%2B01:00")
            #expect(try filtered.value("items.0.communication_id")?.string == made[3])
            #expect(try filtered.value("items.1") == nil)
            #expect(try await api.get("\(path)?status=failed").value("items.0") == nil)
            #expect(try await api.get("\(path)?status=queued&channel=email&message_type=welcome&limit=1").value("items.0") != nil)
        }
    }

    @Test("a waiting communication can be cancelled once, and only failed ones are tried again", arguments: TestEngine.allCases)
    func cancelAndRetry(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let id = try #require(
                try await api.post(path, request(extra: #","send_at":"2026-03-03T12:00:00Z""#)).string("communication_id"))
            try await api.send("POST", "\(path)/\(id)/retry").expectProblem(409, "conflict")
            try await api.post("\(path)/\(id)/cancel", #"{"why":"x"}"#).expectProblem(422, "validation")
            let cancelled = try await api.send("POST", "\(path)/\(id)/cancel")
            #expect(cancelled.status == 200)
            #expect(try cancelled.string("status") == "cancelled")
            try await api.post("\(path)/\(id)/cancel", "{}").expectProblem(409, "conflict")
        }
    }

    @Test("a timeline holds the events of one client in order, page by page", arguments: TestEngine.allCases)
    func timeline(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let first = try #require(
                try await api.post(path, request(extra: #","send_at":"2026-03-03T12:00:00Z""#)).string("communication_id"))
            world.clock.advance(seconds: 60)
            _ = try await api.post(path, request(client: "client-2"))
            _ = try await api.post("\(path)/\(first)/cancel", "")
            let timeline = "/api/crm/clients/client-1/timeline"
            let page = try await api.get("\(timeline)?limit=1")
            #expect(try page.string("items.0.event_type") == "cancelled")
            let cursor = try #require(try page.string("next_cursor"))
            let rest = try await api.get("\(timeline)?limit=1&cursor=\(cursor)")
            #expect(try rest.string("items.0.event_type") == "accepted")
            #expect(try rest.string("items.0.communication_id") == first)
            #expect(try rest.string("next_cursor") == nil)
            try await api.get("/api/crm/clients/a%20b/timeline").expectProblem(404, "not-found")
            for parts in [
                ["x", first, "0"], ["1", "x", "0"], ["1", first, "99999999999999999999"], ["9223372036854775807", first, "0"],
            ] {
                let hostile = Base64.encode(url: Array(parts.joined(separator: "\u{1F}").utf8))
                #expect(try await api.get("\(timeline)?cursor=\(hostile)").fields == ["cursor"])
            }
        }
    }
}

@Suite("Batches and workflow")
struct BatchAndWorkflowTests {
    @Test("a batch gives each request its own result, in order", arguments: TestEngine.allCases)
    func batch(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let requests = (0..<300).map { index in
                index % 3 == 1 ? #"{"client_id":"c \#(index)","message_type":"welcome"}"# : request(client: "client-\(index)")
            }
            let reply = try await api.post("\(path)/batch", #"{"requests":[\#(requests.joined(separator: ","))]}"#)
            #expect(reply.status == 207)
            let results = try #require(try reply.value("results")).elements.map { $0 }
            #expect(results.count == 300)
            for (index, result) in results.enumerated() {
                if index % 3 == 1 {
                    #expect(result["status"]?.int64 == 422)
                    #expect(result["problem"]?["errors"]?.elements.first { _ in true }?["field"]?.string == "client_id")
                } else {
                    #expect(result["status"]?.int64 == 202)
                    let id = try #require(result["communication"]?["communication_id"]?.string)
                    #expect(try await api.get("\(path)/\(id)").string("client_id") == "client-\(index)")
                }
            }
        }
    }

    @Test("a batch of none, of too many or of something else is refused as a whole")
    func batchShape() async throws {
        try await World.run { _, api in
            #expect(try await api.post("\(path)/batch", #"{"requests":[]}"#).fields == ["requests"])
            #expect(try await api.post("\(path)/batch", #"{}"#).fields == ["requests"])
            #expect(try await api.post("\(path)/batch", #"{"requests":{}}"#).fields == ["requests"])
            let many = Array(repeating: "1", count: 1_001).joined(separator: ",")
            #expect(try await api.post("\(path)/batch", #"{"requests":[\#(many)]}"#).fields == ["requests"])
            let odd = try await api.post("\(path)/batch", #"{"requests":[1,null,[],{}]}"#)
            #expect(odd.status == 207)
            #expect(try odd.value("results")?.elements.map { $0["status"]?.int64 } == [422, 422, 422, 422])
        }
    }

    @Test("every node of the workflow sends its message", arguments: WorkflowHook.table)
    func hooks(hook: WorkflowHook) async throws {
        try await World.run { _, api in
            let body =
                #"{"node":"\#(hook.node)","plan_id":"plan/ä 1","client_id":"c","context":{"client_name":"Ada"},"recipient":{"email":"a@example.org","phone_number":"+14155550100"}}"#
            let reply = try await api.post("/api/crm/workflow/events", body)
            #expect(reply.status == 202, "\(reply.text)")
            let id = try #require(try reply.string("communications.0.communication_id"))
            let read = try await api.get("\(path)/\(id)")
            #expect(try read.string("message_type") == hook.messageType)
            #expect(try read.string("urgency") == hook.urgency.rawValue)
            let plan = try await api.get("/api/crm/workflow/plans/plan%2F%C3%A4%201")
            #expect(try plan.string("plan_id") == "plan/ä 1")
            #expect(try plan.string("communications.0.communication_id") == id)
            #expect(try plan.string("last_communication_at") == "2026-03-02T12:00:00Z")
            #expect(try plan.value("pending_client_action")?.isNull == true)
        }
    }

    @Test("a plan whose vendors were sent waits for the client's choice", arguments: TestEngine.allCases)
    func pendingAction(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let body = #"{"node":"beam_search_node","plan_id":"p","client_id":"c","recipient":{"email":"a@example.org"}}"#
            _ = try await api.post("/api/crm/workflow/events", body)
            _ = try await world.database.write { tx in try tx.execute("UPDATE crm_communications SET status = 'delivered'") }
            #expect(try await api.get("/api/crm/workflow/plans/p").string("pending_client_action") == "select_vendors")
            world.clock.advance(seconds: 1)
            _ = try await api.post("/api/crm/workflow/events", body.replacingOccurrences(of: "beam_search_node", with: "client_selection"))
            #expect(try await api.get("/api/crm/workflow/plans/p").value("pending_client_action")?.isNull == true)
        }
    }

    @Test("an unknown node is refused by name")
    func unknownNode() async throws {
        try await World.run { _, api in
            let reply = try await api.post("/api/crm/workflow/events", #"{"node":"nowhere","plan_id":"","client_id":"","context":[]}"#)
            #expect(Set(try reply.fields) == ["node", "plan_id", "client_id", "context"])
            try await api.get("/api/crm/workflow/plans/unknown").expectProblem(404, "not-found")
        }
    }
}

@Suite("How long word of a delivery is waited for")
struct FallbackAfterTests {
    @Test("the time is taken from requests and message types, within its limits")
    func accepted() async throws {
        try await World.run { world, api in
            let type = #"{"category": "transactional", "channels": ["email", "sms"], "fallback_after_s": 120}"#
            let made = try await api.put("/api/crm/message-types/ping", type)
            #expect(made.status == 201)
            #expect(try made.value("fallback_after_s")?.int64 == 120)
            let shown = try await api.get("/api/crm/message-types/ping")
            #expect(try shown.value("fallback_after_s")?.int64 == 120)
            let plain = try await api.put("/api/crm/message-types/ping", #"{"category": "transactional", "channels": ["email"]}"#)
            #expect(try plain.value("fallback_after_s")?.isNull == true)
            for wrong in ["9", "259201", "-1", "\"60\"", "1.5", "true"] {
                let reply = try await api.put(
                    "/api/crm/message-types/ping", #"{"category": "transactional", "channels": ["email"], "fallback_after_s": \#(wrong)}"#)
                #expect(reply.status == 422)
                #expect(try reply.fields == ["fallback_after_s"])
            }
            let body =
                #"{"client_id": "ada", "message_type": "reminder", "recipient": {"email": "ada@example.org"}, "fallback_after_s": 60}"#
            let sent = try await api.post("/api/crm/communications", body)
            #expect(sent.status == 202)
            let stored = try await world.database.read { tx in try tx.run("SELECT fallback_after_s FROM crm_communications")[0].int(0) }
            #expect(stored == 60)
            let refused = try await api.post("/api/crm/communications", body.replacing("60", with: "5"))
            #expect(try refused.fields == ["fallback_after_s"])
        }
    }
}
