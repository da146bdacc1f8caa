import Core
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Audit log")
struct AuditTests {
    @Test("whatever the route table can write is walked here or left out by name and with a reason")
    func everyRoute() async throws {
        try await World.run { world, _ in
            let writing = Set(Routes.table(world.parts, gate: Gatekeeper(world.parts)).routes.filter { $0.method != .get }.map(\.name))
            let walked = Set(AuditExample.all.map(\.route)).union(AuditFormExample.all.map(\.route))
            #expect(writing.subtracting(AuditExample.exempt.keys).subtracting(walked).sorted() == [], "neither walked nor left out")
            #expect(walked.subtracting(writing).sorted() == [], "no route")
            #expect(walked.intersection(AuditExample.exempt.keys).isEmpty)
        }
    }

    @Test("every writing call leaves an entry by its key, and a refused one leaves none", arguments: TestEngine.allCases)
    func calls(engine: TestEngine) async throws {
        try await World.run(engine, whatsAppTemplates: { [WhatsAppTests.template] }) { world, api in
            var kept = ["user_id": try await world.person("ada@example.org", .agent).id.description]
            _ = try await world.person("root@example.org", .admin)
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
                let caller = example.contentType == "application/json" ? api : api.with("Content-Type", example.contentType)
                let reply = try await caller.send(example.method, example.path(kept), example.body.map { Array($0.utf8) })
                #expect((200..<300).contains(reply.status), "\(example.route): \(reply.status) \(reply.text)")
                let new = try await entries(world).dropLast(start.count)
                #expect(!new.isEmpty, "\(example.route) leaves nothing in the audit log")
                for entry in new where entry.action != "ledger.erase" {
                    #expect(entry.actorKind == "key" && entry.actorID == world.here.keyID.description, "\(example.route)")
                    #expect(entry.action.split(separator: ".").count == 2, "\(entry.action)")
                }
                if let name = example.keeps { kept[name] = try #require(try reply.string(name), "\(example.route): \(reply.text)") }
            }
            let report = try await sealedReport(world)
            #expect(report.findings.isEmpty && report.sealed >= AuditExample.all.count)
            let theirs = try await world.database.read { tx in
                try tx.ledgerEntries(LedgerPlace(business: world.elsewhere.id, ledger: .audit), limit: 10)
            }
            #expect(theirs.isEmpty)
        }
    }

    @Test("every form of the pages leaves an entry by the person who sent it", arguments: TestEngine.allCases)
    func forms(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let root = try await world.person("root@example.org", .admin)
            _ = try await world.person("second@example.org", .admin)
            _ = try await world.person("root@example.org", .admin, at: world.elsewhere)
            var kept = [
                "{user}": try await world.person("ada@example.org", .agent).id.description, "{business}": world.elsewhere.id.description,
            ]
            _ = try await api.put("/api/crm/clients/grace", #"{"name":"Grace"}"#)
            let browser = Browser(api)
            _ = try await Browser(api).signIn("root@example.org", World.password)
            _ = try await browser.signIn("root@example.org", World.password)
            for example in AuditFormExample.all {
                if example.fields.contains(where: { $0.value == "{code}" }) {
                    _ = try await browser.submit("/account/two-factor", on: "/account", ["password": World.password])
                    let secret = try #require(try await world.database.read { tx in try tx.proposedTOTP(of: root.id) })
                    kept["{code}"] = world.code(of: root, secret: secret)
                }
                if example.fields.contains(where: { $0.value == "{invitation}" }) {
                    let invitations = try await api.get("/api/crm/invitations")
                    kept["{invitation}"] = try #require(try invitations.string("items.0.invitation_id"))
                }
                world.clock.advance(milliseconds: 5)
                let start = try await entries(world, of: root)
                let path = String(example.route.dropFirst("POST ".count)).replacing("{client_id}", with: "grace")
                let reply = try await browser.submit(path, on: example.page, example.fields.map { ($0.key, kept[$0.value] ?? $0.value) })
                let new = try await entries(world, of: root).count - start.count
                #expect(new > 0, "\(example.route) leaves nothing in the audit log: \(reply.status) \(reply.text.suffix(600))")
            }
        }
    }

    /// Of both businesses: a person may go from one to the other.
    private func entries(_ world: World, of user: User) async throws -> [LedgerEntry] {
        try await world.database.read { tx in
            try [world.here.id, world.elsewhere.id].flatMap { business in
                try tx.ledgerEntries(
                    LedgerPlace(business: business, ledger: .audit), LedgerFilter(actor: user.id.description), limit: 1_000)
            }
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
