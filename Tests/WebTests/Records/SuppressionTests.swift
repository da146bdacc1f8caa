import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("The suppression list over HTTP")
struct SuppressionTests {
    private static let path = "/api/crm/suppressions"

    @Test("an entry is made once, found by its address and its client, and taken off with a reason", arguments: TestEngine.allCases)
    func life(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", #"{"name":"Ada","email":"ada@example.org","phone_number":"+14155550100"}"#)
            let body = #"{"channel":"email","address":"Ada@example.org","reason":"asked_by_phone","note":"Ada called on Monday"}"#
            let made = try await api.post(Self.path, body)
            #expect(made.status == 201, "\(made.text)")
            let id = try #require(try made.string("suppression_id"))
            #expect(try made.string("scope") == "all" && made.string("reason") == "asked_by_phone" && made.string("source") == "api")
            #expect(try made.string("note") == "Ada called on Monday" && !made.text.contains("ada@"))
            #expect(try await api.post(Self.path, body).status == 200)
            for query in ["?address=ADA%40example.org", "?client_id=ada", "?channel=email&reason=asked_by_phone", ""] {
                #expect(try await api.get(Self.path + query).string("items.0.suppression_id") == id, "\(query)")
            }
            for query in ["?address=bob%40example.org", "?client_id=bob", "?channel=sms", "?reason=manual"] {
                #expect(try await api.get(Self.path + query).string("items.0.suppression_id") == nil, "\(query)")
            }
            let dry = try await api.post(
                "/api/crm/communications?dry_run=true", #"{"client_id":"ada","message_type":"reminder","preferred_channel":"email"}"#)
            #expect(try dry.string("channel_used") != "email", "\(dry.text)")
            try await api.send("DELETE", "\(Self.path)/\(id)", Array("{}".utf8)).expectProblem(422, "validation")
            try await api.send("DELETE", "\(Self.path)/\(id)", Array(#"{"reason":" "}"#.utf8)).expectProblem(422, "validation")
            #expect(try await api.send("DELETE", "\(Self.path)/\(id)", Array(#"{"reason":"typo"}"#.utf8)).status == 204)
            try await api.get("\(Self.path)/\(id)").expectProblem(404, "not-found")
            try await api.send("DELETE", "\(Self.path)/\(id)", Array(#"{"reason":"typo"}"#.utf8)).expectProblem(404, "not-found")
        }
    }

    @Test("another business neither sees an entry nor takes it off", arguments: TestEngine.allCases)
    func walls(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let made = try await api.post(Self.path, #"{"channel":"sms","address":"+14155550100"}"#)
            let id = try #require(try made.string("suppression_id"))
            let other = api.with(key: world.elsewhere.key)
            try await other.get("\(Self.path)/\(id)").expectProblem(404, "not-found")
            try await other.send("DELETE", "\(Self.path)/\(id)", Array(#"{"reason":"mine"}"#.utf8)).expectProblem(404, "not-found")
            #expect(try await other.get("\(Self.path)?address=%2B14155550100").string("items.0.suppression_id") == nil)
            #expect(try await api.get("\(Self.path)/\(id)").status == 200)
        }
    }

    @Test(
        "what can not be is named",
        arguments: [
            (#"{"channel":"email","address":"nobody"}"#, "address"), (#"{"channel":"sms","address":"ada@example.org"}"#, "address"),
            (#"{"address":"ada@example.org"}"#, "channel"), (#"{"channel":"email","address":"a@b.org","reason":"No Way"}"#, "reason"),
            (#"{"channel":"email","address":"a@b.org","scope":"half"}"#, "scope"), (#"{"channel":"email","address":""}"#, "address"),
        ])
    func refusals(body: String, field: String) async throws {
        try await World.run { _, api in
            let answer = try await api.post(Self.path, body)
            #expect(answer.status == 422 && answer.text.contains(#""field":"\#(field)""#), "\(answer.text)")
        }
    }

    @Test("a list is paged newest first, and none is left out", arguments: TestEngine.allCases)
    func pages(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            for number in 0..<7 {
                if number % 3 == 0 { world.clock.advance(seconds: 1) }
                _ = try await api.post(Self.path, #"{"channel":"email","address":"p\#(number)@example.org","scope":"marketing"}"#)
            }
            var seen: Set<String> = []
            var cursor: String?
            var rounds = 0
            repeat {
                let page = try await api.get("\(Self.path)?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""))
                for item in try page.value("items")?.elements.map({ $0 }) ?? [] { seen.insert(item["suppression_id"]?.string ?? "") }
                cursor = try page.string("next_cursor")
                rounds += 1
            } while cursor != nil && rounds < 10
            #expect(seen.count == 7 && rounds == 3)
        }
    }
}
