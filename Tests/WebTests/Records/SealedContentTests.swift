import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Storage
@testable import Web

@Suite("Sealed content")
struct SealedContentTests {
    /// Written into every field that is sealed, and nowhere else.
    private static let word = "Quetzalcoatl"

    /// Fills every sealed column of both businesses through the product, twice.
    private static func fill(_ world: World, _ api: API) async throws {
        for (tenant, api) in [(world.here, api), (world.elsewhere, api.with(key: world.elsewhere.key))] {
            for client in ["one", "two"] {
                let record = """
                    {"name":"\(word) \(client)","email":"\(word)-\(client)@example.org","phone_number":"+1415555010\(client == "one" ? 1 : 2)",
                    "attributes":{"note":"\(word)"}}
                    """
                let put = try await api.with("Idempotency-Key", "put-\(client)").put("/api/crm/clients/\(client)", record)
                #expect(put.status == 201, "\(put.text)")
                let file = Data("\(word) file".utf8).base64EncodedString()
                let sent = try await api.with("Idempotency-Key", "send-\(client)").post(
                    "/api/crm/communications",
                    """
                    {"client_id":"\(client)","message_type":"welcome","context":{"client_name":"\(word)"},"attachments":[
                    {"filename":"\(word).txt","content_type":"text/plain","content_base64":"\(file)"}]}
                    """)
                #expect(sent.status == 202, "\(sent.text)")
                let reply = try await api.post("/api/crm/replies", #"{"client_id":"\#(client)","channel":"sms","text":"\#(word)"}"#)
                #expect(reply.status == 201, "\(reply.text)")
                let endpoint = try await api.post("/api/crm/webhook-endpoints", #"{"url":"https://example.org/\#(client)"}"#)
                let id = try #require(try endpoint.string("endpoint_id"))
                #expect(try await api.post("/api/crm/webhook-endpoints/\(id)/rotate-secret", "").status == 200)
                let communication = try #require(try sent.string("communication_id"))
                try await keep(try #require(UUIDv7(communication)), tenant.id, world)
                try await tell(try #require(ClientID(client)), try #require(UUIDv7(id)), tenant.id, world)
                let suppressed = try await api.post(
                    "/api/crm/suppressions", #"{"channel":"email","address":"spam-\#(client)@example.org","note":"\#(word)"}"#)
                #expect(suppressed.status == 201, "\(suppressed.text)")
                try await people("\(client)-\(tenant.id)", ClientID(client), tenant.id, world)
            }
        }
    }

    /// An account, an invitation, a request to confirm.
    private static func people(_ name: String, _ client: ClientID?, _ business: BusinessID, _ world: World) async throws {
        let (client, request) = (try #require(client), UUIDv7(at: world.clock.now))
        let statement = try world.cipher.seal(word, .optInStatement(business, request))
        try await world.database.write { tx in
            let user = try tx.createUser(email: "\(word)-\(name)@example.org", name: word, passwordHash: nil)
            _ = try tx.proposeTOTP(Array("secret".utf8), of: user.id)
            _ = try tx.createInvitation(email: "\(word)-\(name)@example.org", role: .viewer, business: business, token: AccountToken())
            try tx.putOptInRequest(
                OptInRequest(
                    id: request, client: client, channel: .email, statement: statement, requestedAt: tx.now,
                    expiresAt: tx.now.adding(seconds: 60)), business: business)
        }
    }

    /// What the sandbox would keep of the message.
    private static func keep(_ communication: CommunicationID, _ business: BusinessID, _ world: World) async throws {
        let id = UUIDv7(at: world.clock.now)
        let recipient = try world.cipher.seal("\(word)@example.org", .sandboxRecipient(business, id))
        let message = SandboxMessage(
            id: id, business: business, communication: communication, channel: .email, recipient: recipient, sender: "sandbox",
            subject: "\(word) subject", text: "\(word) text", html: "<p>\(word)</p>", note: "\(word) note", createdAt: world.clock.now)
        // Replies by the API have no number; those by a channel do.
        let sender = UUIDv7(at: world.clock.now)
        let reply = StoredReply(
            id: sender, business: business, clientID: nil, provider: "test", providerMessageID: sender.description, channel: .sms,
            kind: "text", sender: try world.cipher.seal("+14155550101", .replySender(business, sender)), phoneHash: nil,
            content: try world.cipher.seal("{}", .replyContent(business, sender)), contentCut: false, value: word,
            receivedAt: world.clock.now)
        try await world.database.write { tx in
            try tx.insertSandboxMessage(message)
            #expect(try tx.insertReply(reply))
            #expect(try tx.reply(sender, business: business)?.value == word)
        }
    }

    /// An event that says something, and an endpoint that repeats it.
    private static func tell(_ client: ClientID, _ endpoint: UUIDv7, _ business: BusinessID, _ world: World) async throws {
        try await world.database.write { tx in
            let data = Array(#"{"value":"\#(word)"}"#.utf8)
            try tx.emit(
                OutgoingEvent(type: .clientReplied, clientID: client, communication: nil, at: tx.now, data: data), business: business)
            _ = try tx.distributeEvents(limit: 1_000)
            let due = try tx.claimEvents(endpoint: endpoint, limit: 100, token: 1, leaseUntil: tx.now.adding(seconds: 60))
            #expect(!due.isEmpty)
            let outcomes = due.map { due in
                EventOutcome(
                    due: due, startedAt: tx.now, duration: 1, responseStatus: 500, error: "no", response: "\(word) again", result: .failed)
            }
            _ = try tx.finishEvents(outcomes, endpoint: endpoint, token: 1, policy: .standard)
            let told = try tx.eventDeliveries(endpoint: endpoint, limit: 10)
            #expect(told.contains { $0.event.data == data } && told.flatMap(\.attempts).contains { $0.response == "\(word) again" })
        }
    }

    @Test("in every sealed column a value opens in its place only: in no other row, column or business", arguments: TestEngine.allCases)
    func bound(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.fill(world, api)
            var found: [(column: SealedColumn, row: SealedRow)] = []
            for column in SealedColumns.all {
                let rows = try await world.database.read { tx in
                    try column.rows(after: [], .foreign(to: "nobody"), limit: 100, tx).filter { $0.value != nil || $0.isDamaged }
                }
                // Whoever adds a sealed column fills it here.
                let wanted = column.table == "crm_users" ? 1 : 2
                #expect(Set(rows.map(\.business)).count == wanted && rows.count >= 4, "\(column.name) is not filled: \(rows.count)")
                found += rows.map { (column, $0) }
            }
            var tried = 0
            for (column, row) in found {
                let value = try #require(row.value)
                for (otherColumn, other) in found {
                    let place = otherColumn.place(business: try #require(other.business), keys: other.keys, rowName: other.rowName)
                    if place == column.place(business: try #require(row.business), keys: row.keys, rowName: row.rowName) {
                        #expect(throws: Never.self, "\(column.name)") { _ = try world.cipher.openBytes(value, place) }
                    } else {
                        #expect(throws: DatabaseError.self, "\(column.name) in \(otherColumn.name)") {
                            _ = try world.cipher.openBytes(value, place)
                        }
                        tried += 1
                    }
                }
            }
            #expect(tried > 1_000)
        }
    }

    @Test("values in each other's place are an error where they are read, not somebody else's data", arguments: TestEngine.allCases)
    func swapped(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.fill(world, api)
            let ids = try await world.database.write { tx -> [String] in
                for name in ["crm_clients.name", "crm_clients.attributes", "crm_clients.email", "crm_sandbox_messages.subject"] {
                    let column = try #require(SealedColumns.all.first { $0.name == name })
                    let rows = try column.rows(after: [], .foreign(to: "nobody"), limit: 100, tx).filter { $0.business == world.here.id }
                    let (one, two) = (rows[0], rows[1])
                    #expect(try column.replace(try #require(one.value), with: try #require(two.value), keys: one.keys, tx))
                }
                let context = try #require(SealedColumns.all.first { $0.name == "crm_communications.sealed_context" })
                let rows = try context.rows(after: [], .foreign(to: "nobody"), limit: 100, tx).filter { $0.business == world.here.id }
                #expect(try context.replace(try #require(rows[0].value), with: try #require(rows[1].value), keys: rows[0].keys, tx))
                return rows.map { $0.keys[0] }
            }
            let broken = try await api.get("/api/crm/clients/one")
            #expect(broken.status == 500 && !broken.text.contains(Self.word))
            #expect(try await api.get("/api/crm/clients/two").string("name") == "\(Self.word) two")
            // One damaged record does not take its list along.
            let list = try await api.get("/api/crm/clients")
            #expect(list.status == 200 && list.text.contains(#""unreadable":["name","attributes","email"]"#))
            #expect(list.text.contains("\(Self.word) two") && !list.text.contains("\(Self.word) one"))
            let browser = Browser(api)
            #expect(try await browser.post("/sign-in", ["api_key": world.here.key]).status == 303)
            let page = try await browser.get("/clients")
            #expect(page.status == 200 && page.text.contains("cannot be read: name, attributes, email"))
            let sandbox = try await browser.get("/sandbox")
            #expect(sandbox.status == 200 && sandbox.text.contains("cannot be read: subject"))
            #expect(try await api.get("/api/crm/communications/\(ids[0])").status == 500)
            #expect(try await api.get("/api/crm/communications/\(ids[1])").status == 200)
        }
    }

    @Test("no table holds in the clear what was sealed", arguments: TestEngine.allCases)
    func traces(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.fill(world, api)
            let tables = [
                "crm_clients", "crm_communications", "crm_communication_attachments", "crm_sandbox_messages", "crm_replies",
                "crm_idempotency_records", "crm_delivery_logs", "crm_outgoing_events", "rapport_meta", "crm_users", "crm_invitations",
                "crm_opt_in_requests", "crm_suppressions", "crm_ledger_entries", "crm_event_attempts",
            ]
            for table in tables {
                let texts = try await world.database.read { tx -> [String] in
                    if tx.dialect == .postgresql {
                        return try tx.run(SQL(stringLiteral: "SELECT CAST(t AS text) FROM \(table) t")).map { try $0.text(0) }
                    }
                    let columns = try tx.run("SELECT name FROM pragma_table_info(\(table))").map { try $0.text(0) }
                    let all = columns.map { "COALESCE(CAST(\($0) AS TEXT), '')" }.joined(separator: " || ' ' || ")
                    return try tx.run(SQL(stringLiteral: "SELECT \(all) FROM \(table)")).map { try $0.text(0) }
                }
                #expect(!texts.contains { $0.lowercased().contains(Self.word.lowercased()) }, "\(table)")
            }
            // And yet it is all there.
            let export = try await api.get("/api/crm/clients/one/export")
            #expect(try export.string("client.name") == "\(Self.word) one")
            #expect(try export.string("client.attributes.note") == Self.word)
            #expect(try export.string("communications.0.context.client_name") == Self.word)
            #expect(try export.string("communications.0.attachments.0.filename") == "\(Self.word).txt")
            #expect(
                try export.string("communications.0.attachments.0.content_base64") == Data("\(Self.word) file".utf8).base64EncodedString())
            #expect(try export.string("communications.0.sandbox_messages.0.html") == "<p>\(Self.word)</p>")
            #expect(try export.string("communications.0.sandbox_messages.0.note") == "\(Self.word) note")
            let events = try #require(try export.value("outgoing_events")).elements
            #expect(events.contains { $0["data"]?["value"]?.string == Self.word })
            let attempts = try #require(try export.value("event_attempts")).elements
            #expect(attempts.contains { $0["response"]?.string == "\(Self.word) again" })
        }
    }

    @Test("people are found by the beginnings of their sealed names' words", arguments: TestEngine.allCases)
    func search(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let people = [("a", "Ada Lovelace"), ("b", "Grace Hopper"), ("c", "Zoë Adams"), ("d", "王小明"), ("e", "Jean-Luc O'Neil")]
            for (id, name) in people { _ = try await api.put("/api/crm/clients/\(id)", #"{"name":"\#(name)"}"#) }
            let other = api.with(key: world.elsewhere.key)
            _ = try await other.put("/api/crm/clients/x", #"{"name":"Ada Elsewhere"}"#)
            func found(_ text: String, _ api: API) async throws -> Set<String> {
                let escaped = text.utf8.map { "%" + String($0, radix: 16).uppercased() }.map { $0.count == 2 ? "%0" + $0.dropFirst() : $0 }
                let reply = try await api.get("/api/crm/clients?q=\(escaped.joined())")
                return Set(try #require(try reply.value("items")).elements.compactMap { $0["client_id"]?.string })
            }
            #expect(try await found("ada", api) == ["a", "c"])
            #expect(try await found("ADA love", api) == ["a"])
            #expect(try await found("lovelace ada", api) == ["a"])
            #expect(try await found("hop", api) == ["b"])
            #expect(try await found("Zo\u{65}\u{308}", api) == ["c"])
            #expect(try await found("王", api) == ["d"])
            #expect(try await found("luc neil", api) == ["e"])
            #expect(try await found("ada hopper", api) == [])
            #expect(try await found("k1", api) == [], "what a sealed text looks like is no name")
            #expect(try await found("ada", other) == ["x"])
            _ = try await api.put("/api/crm/clients/a", #"{"name":"Augusta King"}"#)
            #expect(try await found("ada", api) == ["c"])
            #expect(try await found("king", api) == ["a"])
            // A name that comes with a message is found as well.
            let sent = try await api.post(
                "/api/crm/communications",
                #"{"client_id":"m","message_type":"welcome","recipient":{"name":"Mary Shelley","email":"m@example.org"}}"#)
            #expect(sent.status == 202)
            #expect(try await found("shel", api) == ["m"])
            let again = try await api.post(
                "/api/crm/communications",
                #"{"client_id":"m","message_type":"welcome","recipient":{"name":"Mary Godwin","email":"m@example.org"}}"#)
            #expect(again.status == 202)
            #expect(try await found("shel", api) == [])
            #expect(try await api.get("/api/crm/clients/m").string("name") == "Mary Godwin")
        }
    }

    @Test("rows from before the setting stay readable and are found, and new ones after it is switched off", arguments: TestEngine.allCases)
    func mixed(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let keys = world.cipher.keys
            _ = try await api.put("/api/crm/clients/sealed", #"{"name":"Sealed Sam","attributes":{"n":1}}"#)
            _ = try await Cipher.open(world.database, keys: keys, sealsContent: false)
            _ = try await api.put("/api/crm/clients/other", #"{"name":"Plain Pam","attributes":{"n":2}}"#)
            for sealing in [false, true] {
                _ = try await Cipher.open(world.database, keys: keys, sealsContent: sealing)
                #expect(try await api.get("/api/crm/clients/sealed").string("name") == "Sealed Sam")
                #expect(try await api.get("/api/crm/clients/sealed").value("attributes.n")?.int64 == 1)
                #expect(try await api.get("/api/crm/clients/other").string("name") == "Plain Pam")
                #expect(try await api.get("/api/crm/clients/other").value("attributes.n")?.int64 == 2)
                #expect(try await api.get("/api/crm/clients?q=lain").value("items.0.client_id")?.string == "other")
                #expect(try await api.get("/api/crm/clients?q=sam").value("items.0.client_id")?.string == "sealed")
            }
        }
    }

    @Test("an operator's program rotates the keys and is told when the old one may go", arguments: TestEngine.allCases)
    func rotation(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.fill(world, api)
            #expect(try await api.get("/api/crm/operations/key-rotation").string("state") == "none")
            try await api.post("/api/crm/operations/key-rotation", #"{"new_key":true}"#).expectProblem(409, "conflict")
            let key = Data((40..<72).map { UInt8($0) }).base64EncodedString()
            let old = Data((0..<32).map { UInt8($0) }).base64EncodedString()
            world.cipher.adopt(try KeyRing(text: "fresh:\(key),default:\(old)"))
            let begun = try await api.post("/api/crm/operations/key-rotation", "")
            #expect(begun.status == 202)
            #expect(try begun.string("state") == "running")
            #expect(try await api.get("/api/crm/operations/key-rotation").value("old_keys_removable")?.bool == false)
            await world.parts.keyRotator.drive()
            let ended = try await api.get("/api/crm/operations/key-rotation")
            #expect(try ended.string("state") == "complete", "\(ended.text)")
            #expect(try ended.value("unreadable")?.int64 == 0)
            #expect(try ended.value("old_keys_removable")?.bool == true)
            // Every value of the product was in the place where the list of sealed columns says it is.
            _ = try await Cipher.open(world.database, keys: KeyRing(text: "fresh:\(key)"), sealsContent: true)
            world.cipher.adopt(try KeyRing(text: "fresh:\(key)"))
            let export = try await api.get("/api/crm/clients/two/export")
            #expect(try export.string("communications.0.context.client_name") == Self.word)
            #expect(try export.string("client.email") == "\(Self.word)-two@example.org")
            for census in try await KeyCensus.take(world.database) {
                #expect(census.values.keys.allSatisfy { $0 == "fresh" } && census.damaged == 0, "\(census)")
            }
        }
    }
}
