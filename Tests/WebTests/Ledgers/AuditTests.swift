import Core
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Audit log")
struct AuditTests {
    @Test("every writing call of the route table leaves an entry by its key, and a refused one leaves none", arguments: TestEngine.allCases)
    func everyRoute(engine: TestEngine) async throws {
        try await World.run(engine, whatsAppTemplates: { [WhatsAppTests.template] }) { world, api in
            let gate = Gatekeeper(
                keys: world.parts.keys, sessions: SessionStore(clock: world.clock.wallClock, secure: false),
                idempotency: Idempotency(database: world.database, cipher: world.cipher))
            // Those that are open to everybody are believed by their signature, or sign people in and out.
            let writing = Routes.table(world.parts, gate: gate).routes.filter { $0.method != .get && $0.permission != nil }
            let names = Set(writing.map(\.name)).subtracting(AuditExample.exempt.keys)
            #expect(names == Set(AuditExample.all.map(\.route)))

            var kept: [String: String] = [:]
            for example in AuditExample.all {
                if let prepare = example.prepare {
                    try await world.database.write { tx in try prepare(tx, world.here.id) }
                }
                let nonsense = example.body == nil ? nil : Array(#"{"no_such_field":1}"#.utf8)
                let before = try await entries(world)
                let refused = try await api.send(example.method, example.nowhere, nonsense)
                if refused.status >= 400 {
                    #expect(try await entries(world).count == before.count, "\(example.route) was refused")
                }
                world.clock.advance(milliseconds: 5)
                let start = try await entries(world)
                let reply = try await api.send(example.method, example.path(kept), example.body.map { Array($0.utf8) })
                #expect((200..<300).contains(reply.status), "\(example.route): \(reply.status) \(reply.text)")
                let new = try await entries(world).dropLast(start.count)
                #expect(!new.isEmpty, "\(example.route) leaves nothing in the audit log")
                for entry in new {
                    #expect(entry.actorKind == "key" && entry.actorID == world.here.keyID.description, "\(example.route)")
                    #expect(entry.action.split(separator: ".").count == 2, "\(entry.action)")
                }
                if let name = example.keeps { kept[name] = try #require(try reply.string(name), "\(example.route): \(reply.text)") }
            }
            let report = try await sealedReport(world)
            #expect(report.findings.isEmpty && report.sealed > AuditExample.all.count - 1)
            #expect(
                try await world.database.read { tx in
                    try tx.ledgerEntries(LedgerPlace(business: world.elsewhere.id, ledger: .audit), limit: 10).isEmpty
                })
        }
    }

    private func sealedReport(_ world: World) async throws -> LedgerReport {
        try await world.database.sealLedgers()
        return try await world.database.verifyLedger(LedgerPlace(business: world.here.id, ledger: .audit))
    }

    /// Newest first.
    private func entries(_ world: World) async throws -> [LedgerEntry] {
        try await world.database.read { tx in
            try tx.ledgerEntries(LedgerPlace(business: world.here.id, ledger: .audit), limit: 1_000)
        }
    }

    @Test("the log is listed by actor, action, client and time, page by page")
    func list() async throws {
        try await World.run { world, api in
            for number in 0..<5 {
                _ = try await api.put("/api/crm/clients/c\(number % 2)", #"{"name":"N"}"#)
                world.clock.advance(seconds: 60)
            }
            _ = try await api.put("/api/crm/business", #"{"name":"Ours"}"#)
            let all = try await api.get("/api/crm/audit").json["items"]
            #expect(all?.count == 6)
            let newest = all?.elements.first { _ in true }
            #expect(newest?["action"]?.string == "business.put" && newest?["actor"]?["name"]?.string == "test")
            #expect(newest?["details"]?["fields"]?.elements.compactMap(\.string) == ["name"])
            func count(_ query: String) async throws -> Int? { try await api.get("/api/crm/audit?" + query).json["items"]?.count }
            #expect(try await count("action=client") == 5)
            #expect(try await count("action=client.put") == 5)
            #expect(try await count("action=clien") == 0)
            #expect(try await count("client_id=c1") == 2)
            #expect(try await count("actor=\(world.here.keyID)") == 6)
            #expect(try await count("actor=somebody") == 0)
            let start = world.clock.now.adding(seconds: -300).rfc3339
            #expect(try await count("from=\(start)&to=\(world.clock.now.adding(seconds: -180).rfc3339)") == 2)
            let first = try await api.get("/api/crm/audit?limit=4")
            let cursor = try #require(try first.string("next_cursor"))
            let second = try await api.get("/api/crm/audit?limit=4&cursor=\(cursor)")
            #expect(try second.json["items"]?.count == 2 && second.json["next_cursor"]?.isNull == true)
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/audit").json["items"]?.count == 0)
            try await api.get("/api/crm/audit?actr=1").expectProblem(422, "validation")
        }
    }

    @Test("communications are audited by name, many in one entry, a repetition and a trial not at all", arguments: TestEngine.allCases)
    func communications(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.put("/api/crm/clients/ada", #"{"email":"a@example.org"}"#)
            let body = #"{"client_id":"ada","message_type":"welcome"}"#
            _ = try await api.post("/api/crm/communications?dry_run=true", body)
            var ids: Set<String> = []
            for _ in 0..<2 {
                ids.insert(
                    try #require(
                        try await api.with("Idempotency-Key", "k").post("/api/crm/communications", body).string("communication_id")))
            }
            #expect(ids.count == 1)
            try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<40 { group.addTask { try await api.post("/api/crm/communications", body).string("communication_id") } }
                for try await id in group { ids.insert(try #require(id)) }
            }
            let entries = try #require(try await api.get("/api/crm/audit?action=communication&limit=100").json["items"])
            let named = entries.elements.flatMap { $0["details"]?["communications"]?.elements.compactMap(\.string) ?? [] }
            #expect(named.count == ids.count && Set(named) == ids)
            #expect(entries.elements.allSatisfy { $0["action"]?.string == "communication.submit" })
        }
    }

    @Test("the export holds every entry once, and no cell that a spreadsheet takes for a formula")
    func export() async throws {
        try await World.run { world, api in
            for number in 0..<205 {
                _ = try await api.put("/api/crm/message-types/t\(number)", #"{"category":"transactional","channels":["sms"]}"#)
            }
            // The name of a key is somebody's free text.
            try await world.database.write { tx in
                let actor = Actor(.user, id: "u", name: "=HYPERLINK(\"http://evil.example\",\"x\")")
                try tx.audit(AuditEntry(actor: actor, action: "client.put", target: "@SUM(1+1)"), business: world.here.id)
            }
            let lines = try await api.get("/api/crm/audit/export").text.split(separator: "\n")
            #expect(lines.count == 206)
            #expect(Set(lines.map { try? JSONDocument(parsing: Array($0.utf8)).root["entry_id"]?.string }).count == 206)
            let csv = try await api.get("/api/crm/audit/export?format=csv&action=client")
            #expect(csv.header("content-type")?.hasPrefix("text/csv") == true)
            let rows = csv.text.split(separator: "\r\n")
            #expect(rows.count == 2 && rows[0].hasPrefix("sequence,entry_id,occurred_at"))
            #expect(rows[1].contains(#""'=HYPERLINK(""http://evil.example"",""x"")""#) && rows[1].contains(",'@SUM(1+1),"))
        }
    }
}
