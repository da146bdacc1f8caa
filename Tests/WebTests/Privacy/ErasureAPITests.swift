import Communications
import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Erasing a person over the API")
struct ErasureAPITests {
    private static let ada = #"{"name":"Ada","email":"ada@example.org","phone_number":"+14155550100","language":"de","timezone":"UTC"}"#

    @Test("it is done with the answer, whose receipt says what was removed and nothing of whom", arguments: TestEngine.allCases)
    func atOnce(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","opt_out_sms":true}"#)
            _ = try await api.get("/api/crm/preferences/ada")
            let sent = try await api.post("/api/crm/communications", #"{"client_id":"ada","message_type":"welcome"}"#)
            #expect(sent.status == 202)
            let erased = try await api.delete("/api/crm/clients/ada")
            #expect(erased.status == 204 && erased.bytes.isEmpty)
            let id = try #require(erased.header("erasure-receipt"))
            let receipt = try await api.get("/api/crm/erasures/\(id)")
            #expect(receipt.status == 200)
            #expect(try receipt.string("status") == "completed" && receipt.value("client_id")?.isNull == true)
            #expect(try receipt.string("requested_by.kind") == "key" && receipt.string("requested_by.id") == world.here.keyID.description)
            #expect(try receipt.value("removed.crm_communications")?.int64 == 1 && receipt.string("finished_at") != nil)
            #expect(!receipt.text.contains("\"ada"))
            for path in ["/api/crm/clients/ada", "/api/crm/clients/ada/export", "/api/crm/clients/ada/timeline"] {
                try await api.get(path).expectProblem(404, "not-found")
            }
            // The copy of the preferences is gone, too.
            #expect(try await api.get("/api/crm/preferences/ada").value("opt_out_sms")?.bool == false)
            try await api.delete("/api/crm/clients/ada").expectProblem(404, "not-found")
            #expect(try await api.get("/api/crm/erasures?client_id=ada").string("items.0.erasure_id") == id)
            #expect(try await api.get("/api/crm/erasures?client_id=bob").value("items")?.count == 0)
            try await api.with(key: world.elsewhere.key).get("/api/crm/erasures/\(id)").expectProblem(404, "not-found")
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/erasures?client_id=ada").value("items")?.count == 0)
        }
    }

    @Test("no copy of the preferences outlives them, wherever it is kept", arguments: World.CacheKind.allCases)
    func copies(_ cache: World.CacheKind) async throws {
        try await World.run(.sqlite, cache: cache) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","opt_out_sms":true}"#)
            for _ in 0..<2 { #expect(try await api.get("/api/crm/preferences/ada").value("opt_out_sms")?.bool == true) }
            #expect(try await api.delete("/api/crm/clients/ada").status == 204)
            #expect(try await api.get("/api/crm/preferences/ada").value("opt_out_sms")?.bool == false)
        }
    }

    @Test("somebody who is created again under the same number stays refused there", arguments: TestEngine.allCases)
    func resurrection(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","opt_out_sms":true}"#)
            #expect(try await api.delete("/api/crm/clients/ada").status == 204)
            _ = try await api.put("/api/crm/clients/ada-again", Self.ada)
            let sent = try await api.post(
                "/api/crm/communications", #"{"client_id":"ada-again","message_type":"welcome","preferred_channel":"sms"}"#)
            #expect(sent.status == 202)
            #expect(try sent.string("channel_used") != "sms" || sent.string("status") == "suppressed", "\(sent.text)")
            #expect(sent.text.contains("suppression"))
        }
    }

    @Test("a day can be set, nothing goes out until then, and it can be called off", arguments: TestEngine.allCases)
    func scheduled(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            let answer = try await api.delete("/api/crm/clients/ada?after_days=14")
            #expect(answer.status == 202)
            let id = try #require(try answer.string("erasure_id"))
            #expect(answer.header("erasure-receipt") == id)
            #expect(try answer.string("status") == "scheduled" && answer.string("client_id") == "ada")
            #expect(try answer.string("due_at") == "2026-03-16T12:00:00Z")
            let body = #"{"client_id":"ada","message_type":"welcome"}"#
            #expect(try await api.post("/api/crm/communications", body).string("status") == "suppressed")
            #expect(try await api.post("/api/crm/communications?dry_run=true", body).string("status") == "suppressed")
            #expect(try await api.get("/api/crm/clients/ada/export").string("erasure.erasure_id") == id)

            #expect(try await world.parts.erasures.runOnce() == 0)
            let cancelled = try await api.post("/api/crm/erasures/\(id)/cancel", "")
            #expect(try cancelled.status == 200 && cancelled.string("status") == "cancelled")
            #expect(try await api.post("/api/crm/communications", body).string("status") != "suppressed")
            try await api.post("/api/crm/erasures/\(id)/cancel", "").expectProblem(409, "conflict")
            try await api.post("/api/crm/erasures/\(UUIDv7(at: world.clock.now))/cancel", "").expectProblem(404, "not-found")

            let again = try await api.delete("/api/crm/clients/ada?after_days=30")
            world.clock.advance(seconds: 30 * 86_400)
            #expect(try await world.parts.erasures.runOnce() == 1)
            #expect(try await api.get("/api/crm/erasures/\(try #require(again.string("erasure_id")))").string("status") == "completed")
            try await api.get("/api/crm/clients/ada").expectProblem(404, "not-found")
        }
    }

    @Test("zero days is at once, with the receipt; other numbers are refused", arguments: TestEngine.allCases)
    func days(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            for query in ["after_days=31", "after_days=-1", "after_days=x", "days=3"] {
                try await api.delete("/api/crm/clients/ada?\(query)").expectProblem(422, "validation")
            }
            #expect(try await api.get("/api/crm/clients/ada").status == 200)
            let answer = try await api.delete("/api/crm/clients/ada?after_days=0")
            #expect(answer.status == 202)
            #expect(try answer.string("status") == "completed")
            try await api.delete("/api/crm/clients/ada?after_days=0").expectProblem(404, "not-found")
            try await api.delete("/api/crm/clients/ada?after_days=3").expectProblem(404, "not-found")
        }
    }

    @Test("erasing now whoever was to be erased later keeps the receipt", arguments: TestEngine.allCases)
    func broughtForward(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/ada", Self.ada)
            let id = try await api.delete("/api/crm/clients/ada?after_days=9").string("erasure_id")
            let erased = try await api.delete("/api/crm/clients/ada")
            #expect(erased.status == 204 && erased.header("erasure-receipt") == id)
        }
    }

    @Test("receipts are listed newest first, by status and in pages", arguments: TestEngine.allCases)
    func list(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            for number in 1...3 {
                world.clock.advance(seconds: 1)
                _ = try await api.put("/api/crm/clients/c\(number)", "{}")
                _ = try await api.delete("/api/crm/clients/c\(number)\(number == 3 ? "?after_days=2" : "")")
            }
            let first = try await api.get("/api/crm/erasures?limit=2")
            #expect(try first.string("items.0.status") == "scheduled" && first.value("items")?.count == 2)
            let cursor = try #require(try first.string("next_cursor"))
            #expect(try await api.get("/api/crm/erasures?limit=2&cursor=\(cursor)").value("items")?.count == 1)
            #expect(try await api.get("/api/crm/erasures?status=completed").value("items")?.count == 2)
            try await api.get("/api/crm/erasures?status=gone").expectProblem(422, "validation")
        }
    }
}
