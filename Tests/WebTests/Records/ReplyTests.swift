import Communications
import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Replies over the API")
struct ReplyTests {
    private static func intake(_ world: World) -> ReplyIntake { world.parts.replies }

    private static func take(_ world: World, _ text: String, from: String, id: String) async throws {
        world.clock.advance(milliseconds: 2)
        _ = try await intake(world).take([
            InboundMessage(provider: "twilio", channel: .sms, providerMessageID: id, from: from, to: "+15005550006", text: text)
        ])
    }

    /// The two businesses as callers; strangers' replies go to the older one.
    private static func byAge(_ world: World, _ api: API) async throws -> (older: API, younger: API) {
        let oldest = try await world.database.read { tx in try tx.businessIDs().first }
        let (here, elsewhere) = (api.with(key: world.here.key), api.with(key: world.elsewhere.key))
        return oldest == world.here.id ? (here, elsewhere) : (elsewhere, here)
    }

    @Test("a reply as if by the client is kept, understood and moves the plan", arguments: TestEngine.allCases)
    func submit(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.question(world, api)
            #expect(try await api.get("/api/crm/workflow/plans/plan-1").object["pending_client_action"] as? String == "select_vendors")
            let reply = try await api.post("/api/crm/replies", #"{"client_id":"ada","channel":"sms","text":"Option 2"}"#)
            #expect(reply.status == 201, "\(reply.text)")
            let body = try reply.object
            #expect(body["action"] as? String == "select" && body["value"] as? String == "2" && body["plan_id"] as? String == "plan-1")
            #expect(body["text"] as? String == "Option 2" && body["from"] as? String == "+14155550100")
            let plan = try await api.get("/api/crm/workflow/plans/plan-1").object
            #expect(plan["pending_client_action"] is NSNull)
            let last = try #require(plan["last_reply"] as? [String: Any])
            #expect(last["action"] as? String == "select" && last["reply_id"] as? String == body["reply_id"] as? String)
            #expect(last["text"] == nil)
        }
    }

    /// A question that has gone out.
    private static func question(_ world: World, _ api: API) async throws {
        let request =
            #"{"client_id":"ada","message_type":"vendor_options","plan_id":"plan-1","recipient":{"email":"a@example.org","phone_number":"+14155550100"}}"#
        let answer = try await api.post("/api/crm/communications", request)
        let text = try #require(try answer.object["communication_id"] as? String)
        let id = try #require(UUIDv7(text))
        _ = try await world.database.write { tx in
            try tx.execute("UPDATE crm_communications SET status = 'sent', sent_at = \(tx.now) WHERE communication_id = \(id)")
        }
        world.clock.advance(milliseconds: 2)
    }

    @Test("lists show a business its own replies, filtered and by pages", arguments: TestEngine.allCases)
    func list(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let (api, elsewhere) = try await Self.byAge(world, api)
            _ = try await api.put("/api/crm/clients/ada", #"{"phone_number":"+14155550100"}"#)
            _ = try await elsewhere.put("/api/crm/clients/eve", #"{"phone_number":"+14155550199"}"#)
            try await Self.take(world, "hello", from: "+14155550100", id: "SM1")
            try await Self.take(world, "please stop texting me", from: "+14155550100", id: "SM2")
            try await Self.take(world, "who is this?", from: "+4915112345678", id: "SM3")
            try await Self.take(world, "hi", from: "+14155550199", id: "SM4")
            func texts(_ query: String, _ api: API) async throws -> [String] {
                let items = try #require(try await api.get("/api/crm/replies" + query).object["items"] as? [[String: Any]])
                return items.compactMap { $0["text"] as? String }
            }
            #expect(try await texts("", api) == ["who is this?", "please stop texting me", "hello"])
            #expect(try await texts("?client_id=ada", api) == ["please stop texting me", "hello"])
            #expect(try await texts("?needs_attention=true", api) == ["who is this?", "please stop texting me"])
            #expect(try await texts("?needs_attention=false", api) == ["hello"])
            #expect(try await texts("?unmatched=true", api) == ["who is this?"])
            #expect(try await texts("?plan_id=none", api) == [])
            #expect(try await texts("", elsewhere) == ["hi"])
            let first = try await api.get("/api/crm/replies?limit=2").object
            let cursor = try #require(first["next_cursor"] as? String)
            #expect(try await texts("?limit=2&cursor=\(cursor)", api) == ["hello"])
            #expect(try await api.get("/api/crm/replies?colour=red").status == 422)
        }
    }

    @Test("a person resolves a reply and says whose it is", arguments: TestEngine.allCases)
    func resolve(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let (api, elsewhere) = try await Self.byAge(world, api)
            _ = try await api.put("/api/crm/clients/ada", #"{"name":"Ada"}"#)
            _ = try await api.put("/api/crm/clients/bob", #"{"name":"Bob"}"#)
            try await Self.take(world, "who is this?", from: "+4915112345678", id: "SM1")
            let items = try #require(try await api.get("/api/crm/replies").object["items"] as? [[String: Any]])
            let id = try #require(items.first?["reply_id"] as? String)
            let path = "/api/crm/replies/\(id)"
            #expect(try await elsewhere.get(path).status == 404)
            #expect(try await elsewhere.post(path + "/resolve", "").status == 404)
            #expect(try await api.post(path + "/resolve", #"{"client_id":"nobody"}"#).status == 422)
            let resolved = try await api.post(path + "/resolve", #"{"client_id":"ada"}"#).object
            #expect(resolved["client_id"] as? String == "ada" && resolved["needs_attention"] as? Bool == false)
            #expect(resolved["resolved_at"] is String && resolved["attention_reason"] as? String == "unknown_number")
            #expect(try await api.post(path + "/resolve", "").status == 200)
            #expect(try await api.post(path + "/resolve", #"{"client_id":"bob"}"#).status == 409)
            #expect(try await api.get("/api/crm/replies?needs_attention=true").object["items"] as? [[String: String]] == [])
        }
    }

    @Test("a stop word by the API opts out before it is answered", arguments: TestEngine.allCases)
    func stop(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/ada", #"{"phone_number":"+14155550100","language":"de"}"#)
            let reply = try await api.post("/api/crm/replies", #"{"client_id":"ada","channel":"sms","text":"Stop"}"#).object
            #expect(reply["keyword"] as? String == "stop")
            #expect((reply["answer"] as? String)?.contains("abgemeldet") == true)
            #expect(try await api.get("/api/crm/preferences/ada").object["opt_out_sms"] as? Bool == true)
            _ = try await api.post("/api/crm/replies", #"{"client_id":"ada","channel":"sms","text":"START"}"#)
            #expect(try await api.get("/api/crm/preferences/ada").object["opt_out_sms"] as? Bool == false)
        }
    }

    @Test("timeline and export tell of replies, and erasing takes them along", arguments: TestEngine.allCases)
    func wholeRecord(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.question(world, api)
            try await Self.take(world, "Option 3 \u{1F44D}", from: "+14155550100", id: "SM1")
            let timeline = try #require(try await api.get("/api/crm/clients/ada/timeline").object["items"] as? [[String: Any]])
            #expect(timeline.map { $0["event_type"] as? String } == ["replied", "accepted"])
            let reply = try #require(timeline.first?["reply"] as? [String: Any])
            #expect(reply["text"] as? String == "Option 3 \u{1F44D}" && reply["communication_id"] as? String != nil)
            #expect(timeline.first?["communication_id"] as? String == timeline.last?["communication_id"] as? String)
            let page = try await api.get("/api/crm/clients/ada/timeline?limit=1").object
            let next = try #require(page["next_cursor"] as? String)
            let rest = try #require(try await api.get("/api/crm/clients/ada/timeline?cursor=\(next)").object["items"] as? [[String: Any]])
            #expect(rest.map { $0["event_type"] as? String } == ["accepted"])
            let export = try #require(try await api.get("/api/crm/clients/ada/export").object["replies"] as? [[String: Any]])
            #expect(export.compactMap { $0["text"] as? String } == ["Option 3 \u{1F44D}"])
            #expect(try await api.delete("/api/crm/clients/ada").status == 204)
            #expect(try await api.get("/api/crm/replies").object["items"] as? [[String: String]] == [])
        }
    }

    @Test("patterns are a business's own, and refused where they say nothing", arguments: TestEngine.allCases)
    func patterns(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let path = "/api/crm/reply-patterns"
            let body =
                #"{"patterns":[{"pattern":"* premium *","action":"select","value":"p","message_type":"vendor_options"},{"pattern":"call {number}","action":"call"}]}"#
            #expect(try await api.put(path, body).status == 200)
            let shown = try #require(try await api.get(path).object["patterns"] as? [[String: Any]])
            #expect(shown.compactMap { $0["pattern"] as? String } == ["* premium *", "call {number}"])
            #expect(shown.first?["message_type"] as? String == "vendor_options" && shown.last?["value"] is NSNull)
            let theirs = try await api.with(key: world.elsewhere.key).get(path).object
            #expect((theirs["patterns"] as? [Any])?.isEmpty == true && (theirs["built_in"] as? [Any])?.isEmpty == false)
            for bad in [
                "{}", #"{"patterns":null}"#, #"{"patterns":[{"pattern":"*","action":"select"}]}"#,
                #"{"patterns":[{"pattern":"x","action":"No Such"}]}"#, #"{"patterns":[{"pattern":"x"}]}"#,
                #"{"patterns":[{"pattern":"x","action":"a","colour":1}]}"#,
                #"{"patterns":[{"pattern":"x","action":"a","message_type":"Not a name"}]}"#,
            ] {
                #expect(try await api.put(path, bad).status == 422, "\(bad)")
            }
            #expect(try await api.put(path, #"{"patterns":[]}"#).status == 200)
            #expect((try await api.get(path).object["patterns"] as? [Any])?.isEmpty == true)
        }
    }

    @Test(
        "what is wrong with a reply is said",
        arguments: [
            (#"{"client_id":"ada","channel":"sms"}"#, 422), (#"{"client_id":"ada","text":"x"}"#, 422),
            (#"{"client_id":"ada","channel":"sms","text":"x","communication_id":"nope"}"#, 422),
            (#"{"client_id":"ada","channel":"sms","text":"x","communication_id":"01980000-0000-7000-8000-000000000001"}"#, 422),
            (#"{"client_id":"ghost","channel":"sms","text":"x"}"#, 404), ("[]", 422), ("{", 400),
        ])
    func refused(body: String, status: Int) async throws {
        try await World.run { _, api in
            _ = try await api.put("/api/crm/clients/ada", #"{"phone_number":"+14155550100"}"#)
            #expect(try await api.post("/api/crm/replies", body).status == status)
        }
    }
}

extension Reply {
    /// The answer as a dictionary, for tests that look at many members.
    fileprivate var object: [String: Any] {
        get throws { try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]) }
    }
}
