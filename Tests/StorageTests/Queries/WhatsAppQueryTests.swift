import Core
import Storage
import TestSupport
import Testing

@Suite("What WhatsApp messages are made of, in the store", .timeLimit(.minutes(5)))
struct WhatsAppQueryTests {
    private static let hash: [UInt8] = Array(repeating: 7, count: 32)

    private func inbound(_ world: QueryWorld, business: BusinessID = QueryWorld.ours) async throws -> Timestamp? {
        try await world.database.read { tx in try tx.whatsAppInbound([Self.hash, [1]], business: business)[Self.hash] }
    }

    private func note(_ world: QueryWorld, _ at: Timestamp?, client: ClientID? = nil) async throws {
        try await world.database.write { tx in
            try tx.noteWhatsAppInbound(phoneHash: Self.hash, business: QueryWorld.ours, client: client, at: at)
        }
    }

    @Test("of several moments the latest stays, and none lies in the future", arguments: TestEngine.allCases)
    func latest(engine: TestEngine) async throws {
        try await QueryWorld.with(engine) { world in
            #expect(try await inbound(world) == nil)
            let now = world.clock.now
            try await note(world, now.adding(seconds: -60))
            #expect(try await inbound(world) == now.adding(seconds: -60))
            // Webhooks come in any order, and again.
            try await note(world, now.adding(seconds: -600))
            #expect(try await inbound(world) == now.adding(seconds: -60))
            try await note(world, now.adding(seconds: 3_600))
            #expect(try await inbound(world) == now)
            #expect(try await inbound(world, business: QueryWorld.theirs) == nil)
            world.clock.advance(seconds: 5)
            try await note(world, nil)
            #expect(try await inbound(world) == now.adding(seconds: 5))
        }
    }

    @Test("a window that was closed after all opens again with what came since", arguments: TestEngine.allCases)
    func closed(engine: TestEngine) async throws {
        try await QueryWorld.with(engine) { world in
            let now = world.clock.now
            try await note(world, now)
            try await world.database.write { tx in
                try tx.closeWhatsAppWindow(phoneHash: Self.hash, business: QueryWorld.ours, sentAt: now.adding(seconds: -1))
                try tx.closeWhatsAppWindow(phoneHash: Self.hash, business: QueryWorld.theirs, sentAt: now)
            }
            #expect(try await inbound(world) == now)
            try await world.database.write { tx in
                try tx.closeWhatsAppWindow(phoneHash: Self.hash, business: QueryWorld.ours, sentAt: now)
            }
            #expect(try await inbound(world) == nil)
        }
    }

    @Test("whoever is erased has no window any more", arguments: TestEngine.allCases, [true, false])
    func erased(engine: TestEngine, knownByID: Bool) async throws {
        try await QueryWorld.with(engine) { world in
            let ada = QueryWorld.id("ada")
            var client = QueryWorld.client("ada")
            client.phoneHash = knownByID ? nil : Self.hash
            client.phoneNumber = knownByID ? nil : SealedValue(bytes: [1])
            try await world.put(client)
            try await note(world, nil, client: knownByID ? ada : nil)
            // The client that a window was noted for is not forgotten by a later note that does not know it.
            try await note(world, nil)
            #expect(try await world.database.erase(ada, business: QueryWorld.ours))
            #expect(try await inbound(world) == nil)
        }
    }

    private static func mapping(_ type: String, _ language: String, _ name: String = "t") -> WhatsAppMapping {
        WhatsAppMapping(
            messageType: type,
            template: WhatsAppContent.Template(
                name: name, language: language, header: .document,
                body: [WhatsAppContent.Parameter(name: "n", text: "{{client_name}} \"é\"")],
                buttons: [.quickReply(index: 0, payload: "select:1"), .url(index: 1, suffix: "{{id}}")]))
    }

    @Test("mappings are kept by message type and language, each business's own", arguments: TestEngine.allCases)
    func mappings(engine: TestEngine) async throws {
        try await QueryWorld.with(engine) { world in
            let (ours, theirs) = (QueryWorld.ours, QueryWorld.theirs)
            let (german, english) = (Self.mapping("welcome", "de"), Self.mapping("welcome", "en_US"))
            let created = try await world.database.write { tx -> [Bool] in
                try [
                    tx.putWhatsAppMapping(english, business: ours), tx.putWhatsAppMapping(german, business: ours),
                    tx.putWhatsAppMapping(Self.mapping("reminder", "de", "other"), business: ours),
                    tx.putWhatsAppMapping(Self.mapping("welcome", "de", "theirs"), business: theirs),
                    tx.putWhatsAppMapping(Self.mapping("reminder", "de"), business: ours),
                ]
            }
            #expect(created == [true, true, true, true, false])
            let all = try await world.database.read { tx in try tx.whatsAppMappings(business: ours) }
            #expect(all == [Self.mapping("reminder", "de"), german, english])
            let one = try await world.database.read { tx in try tx.whatsAppMappings(business: ours, messageType: "welcome") }
            #expect(one == [german, english])
            let deleted = try await world.database.write { tx -> [Int] in
                try [
                    tx.deleteWhatsAppMappings("welcome", language: "fr", business: ours),
                    tx.deleteWhatsAppMappings("welcome", language: "de", business: ours),
                    tx.deleteWhatsAppMappings("reminder", language: nil, business: ours),
                ]
            }
            #expect(deleted == [0, 1, 1])
            #expect(try await world.database.read { tx in try tx.whatsAppMappings(business: ours) } == [english])
            #expect(try await world.database.read { tx in try tx.whatsAppMappings(business: theirs) }.count == 1)
        }
    }

    @Test("the account's list replaces what was known, and what it no longer has is marked", arguments: TestEngine.allCases)
    func templates(engine: TestEngine) async throws {
        try await QueryWorld.with(engine) { world in
            func template(_ name: String, _ status: String) -> WhatsAppTemplate {
                WhatsAppTemplate(
                    name: name, language: "en_US", status: status, category: "UTILITY", components: Array(#"[{"type":"BODY"}]"#.utf8))
            }
            func known() async throws -> [String: WhatsAppTemplate] {
                let all = try await world.database.read { tx in try tx.whatsAppTemplates() }
                return Dictionary(uniqueKeysWithValues: all.map { ($0.template.name, $0.template) })
            }
            func replace(_ templates: WhatsAppTemplate..., listedAt: Timestamp? = nil) async throws {
                let at = listedAt ?? world.clock.now
                try await world.database.write { tx in try tx.replaceWhatsAppTemplates(templates, listedAt: at) }
            }
            try await replace(template("a", "APPROVED"), template("b", "PENDING"))
            #expect(try await known() == ["a": template("a", "APPROVED"), "b": template("b", "PENDING")])
            // A clock that stands still makes no difference.
            try await replace(template("b", "APPROVED"))
            #expect(try await known()["a"]?.status == "DELETED")
            #expect(try await known()["b"]?.status == "APPROVED")
            let listedAt = world.clock.now
            world.clock.advance(seconds: 1)
            try await world.database.write { tx in
                try tx.noteTemplateStatus(name: "b", language: "en_US", status: "paused")
                try tx.noteTemplateStatus(name: "c", language: "de", status: "APPROVED")
            }
            #expect(try await known()["b"] == template("b", "PAUSED"))
            try await world.database.write { tx in try tx.noteTemplateStatus(name: "b", language: "en_US", status: "FLAGGED") }
            #expect(try await known()["b"] == template("b", "PAUSED"))
            #expect(try await known()["c"] == WhatsAppTemplate(name: "c", language: "de", status: "APPROVED"))
            // A list that was asked for before the webhook came is older than it.
            world.clock.advance(seconds: 1)
            try await replace(template("a", "APPROVED"), template("b", "APPROVED"), listedAt: listedAt)
            #expect(try await known()["a"]?.status == "APPROVED")
            #expect(try await known()["b"]?.status == "PAUSED")
            #expect(try await known()["c"]?.status == "APPROVED")
            try await replace(template("b", "APPROVED"))
            #expect(try await known()["b"]?.status == "APPROVED")
            #expect(try await known()["c"]?.status == "DELETED")
        }
    }
}
