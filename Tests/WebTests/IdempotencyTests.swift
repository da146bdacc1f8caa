import Core
import Foundation
import Logging
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Idempotency keys")
struct IdempotencyTests {
    private static func body(_ client: String = "c") -> String {
        #"{"client_id":"\#(client)","message_type":"welcome","recipient":{"email":"a@example.org"}}"#
    }

    private static func event(_ client: String = "c") -> String {
        #"{"node":"initialize_planning","plan_id":"p","client_id":"\#(client)","recipient":{"email":"a@example.org"}}"#
    }

    private static func count(_ api: API) async throws -> Int {
        try await api.get("/api/crm/communications?limit=100").value("items")?.count ?? -1
    }

    @Test(
        "the same request gets the first answer again, another one 422",
        arguments: ["communications", "workflow/events", "communications/batch"], TestEngine.allCases)
    func replay(route: String, engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            func body(_ client: String) -> String {
                switch route {
                case "communications": Self.body(client)
                case "workflow/events": Self.event(client)
                default: #"{"requests":[\#(Self.body(client))]}"#
                }
            }
            let keyed = api.with("Idempotency-Key", "order 7/ä")
            let first = try await keyed.post("/api/crm/\(route)", body("c"))
            #expect((200..<300).contains(first.status))
            #expect(first.header("idempotency-replayed") == nil)
            world.clock.advance(seconds: 6 * 86_400)
            let again = try await keyed.post("/api/crm/\(route)", body("c"))
            #expect(again.status == first.status)
            #expect(again.bytes == first.bytes)
            #expect(again.header("idempotency-replayed") == "true")
            #expect(again.header("content-type") == "application/json")
            try await keyed.post("/api/crm/\(route)", body("d")).expectProblem(422, "idempotency-key-reused")
            #expect(try await Self.count(api) == 1)
            // Another business's key is another key.
            let other = try await keyed.with(key: world.elsewhere.key).post("/api/crm/\(route)", body("d"))
            #expect(other.status == first.status)
            #expect(other.header("idempotency-replayed") == nil)
        }
    }

    @Test("one key on two routes is two keys, on two addresses of one route a mistake", arguments: TestEngine.allCases)
    func routes(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let keyed = api.with("Idempotency-Key", "k")
            let later = Self.body().replacingOccurrences(of: #""message_type""#, with: #""send_at":"2026-03-04T12:00:00Z","message_type""#)
            let one = try #require(try await keyed.post("/api/crm/communications", later).string("communication_id"))
            let two = try #require(try await api.post("/api/crm/communications", later).string("communication_id"))
            let cancelled = try await keyed.post("/api/crm/communications/\(one)/cancel", "")
            #expect(cancelled.status == 200)
            let again = try await keyed.post("/api/crm/communications/\(one)/cancel", "")
            #expect(again.status == 200)
            #expect(again.bytes == cancelled.bytes)
            try await keyed.post("/api/crm/communications/\(two)/cancel", "").expectProblem(422, "idempotency-key-reused")
        }
    }

    @Test("a refused request keeps no key", arguments: TestEngine.allCases)
    func refusals(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let keyed = api.with("Idempotency-Key", "k")
            try await keyed.post("/api/crm/workflow/events", Self.event("a b")).expectProblem(422, "validation")
            try await keyed.post("/api/crm/communications", Self.body("a b")).expectProblem(422, "validation")
            #expect(try await keyed.post("/api/crm/workflow/events", Self.event()).status == 202)
            #expect(try await keyed.post("/api/crm/communications", Self.body()).status == 202)
        }
    }

    @Test("a key whose first request still runs is 409; a minute later its process is taken for dead", arguments: TestEngine.allCases)
    func running(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let keyed = api.with("Idempotency-Key", "k")
            let here = world.here.id
            var path: [UInt8] = Array("/api/crm/workflow/events".utf8) + [0]
            path += Array(Self.event().utf8)
            let claim = IdempotencyClaim(route: "POST /api/crm/workflow/events", key: "k", fingerprint: Digest.sha256(path))
            _ = try await world.database.write { tx in try tx.reserveIdempotencyKey(claim, business: here, abandonedBefore: tx.now) }
            try await keyed.post("/api/crm/workflow/events", Self.event()).expectProblem(409, "idempotency-key-in-use")
            try await keyed.post("/api/crm/workflow/events", Self.event("d")).expectProblem(422, "idempotency-key-reused")
            world.clock.advance(seconds: 61)
            let taken = try await keyed.post("/api/crm/workflow/events", Self.event())
            #expect(taken.status == 202)
            #expect(try await keyed.post("/api/crm/workflow/events", Self.event()).bytes == taken.bytes)
        }
    }

    @Test("a batch that was cut short sends nothing twice when it is repeated", arguments: TestEngine.allCases)
    func interruptedBatch(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let keyed = api.with("Idempotency-Key", "k")
            let body = #"{"requests":[\#(Self.body("a")),\#(Self.body("b"))]}"#
            let first = try await keyed.post("/api/crm/communications/batch", body)
            // As after a crash between the messages and the answer.
            _ = try await world.database.write { tx in
                try tx.execute(
                    "DELETE FROM crm_idempotency_records WHERE route = \("POST /api/crm/communications/batch") AND idempotency_key = \("k")"
                )
            }
            let again = try await keyed.post("/api/crm/communications/batch", body)
            #expect(again.bytes == first.bytes)
            #expect(try await Self.count(api) == 2)
        }
    }

    @Test("a caller's key never meets one that was derived for a batch's request")
    func batchKeysApart() async throws {
        try await World.run { _, api in
            let path = "/api/crm/communications/batch"
            let first = #"{"requests":[\#(Self.body("a"))]}"#
            let second = #"{"requests":[\#(Self.body("b"))]}"#
            let statuses = [
                try await api.with("Idempotency-Key", "k").post(path, first).status,
                try await api.with("Idempotency-Key", "k#0").post(path, second).status,
            ]
            #expect(statuses == [207, 207])
            #expect(try await Self.count(api) == 2)
        }
    }

    @Test("fifty at once with one key make one message", arguments: TestEngine.allCases)
    func concurrent(engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let keyed = api.with("Idempotency-Key", "k")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<50 { group.addTask { try await keyed.post("/api/crm/workflow/events", Self.event()).status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(statuses).isSubset(of: [202, 409]))
            #expect(statuses.contains(202))
            #expect(try await Self.count(api) == 1)
        }
    }

    @Test("a key is 1 to 255 printable characters")
    func syntax() async throws {
        try await World.run { _, api in
            for key in [String(repeating: "k", count: 256), "a\u{200B}b", "\u{E000}"] {
                let reply = try await api.with("Idempotency-Key", key).post("/api/crm/communications", Self.body())
                try reply.expectProblem(422, "validation")
                #expect(try reply.fields == ["Idempotency-Key"])
            }
            #expect(
                try await api.with("Idempotency-Key", String(repeating: "k", count: 255)).post("/api/crm/communications", Self.body())
                    .status == 202)
        }
    }

    @Test("answers with addresses are not readable in the store", arguments: TestEngine.allCases)
    func sealed(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.with("Idempotency-Key", "k").post("/api/crm/workflow/events", Self.event())
            let kept = try await world.database.read { tx in
                try tx.run("SELECT answer FROM crm_idempotency_records WHERE route = \("POST /api/crm/workflow/events")").compactMap {
                    try $0.bytesOrNil(0)
                }
            }
            #expect(kept.count == 1)
            #expect(kept.allSatisfy { !String(decoding: $0, as: UTF8.self).contains("communication_id") })
        }
    }

    @Test("keys are forgotten after seven days and not before", arguments: TestEngine.allCases)
    func purge(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let keyed = api.with("Idempotency-Key", "k")
            let purge = IdempotencyPurge(database: world.database, logger: Logger(label: "test"))
            _ = try await keyed.post("/api/crm/workflow/events", Self.event())
            world.clock.advance(seconds: 7 * 86_400)
            #expect(try await purge.runOnce() == 0)
            world.clock.advance(seconds: 1)
            // The event's own key and the one that it hands on to its message.
            #expect(try await purge.runOnce() == 2)
            #expect(try await keyed.post("/api/crm/workflow/events", Self.event("d")).status == 202)
        }
    }
}
