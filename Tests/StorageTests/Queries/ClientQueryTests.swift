import Core
import Storage
import TestSupport
import Testing

@Suite("Clients")
struct ClientQueryTests {
    private typealias World = QueryWorld

    private func list(_ world: QueryWorld, _ search: ClientSearch = ClientSearch(), limit: Int = 50) async throws -> [String] {
        try await world.database.read { tx in try tx.clients(search, business: QueryWorld.ours, limit: limit) }.map(\.id.text)
    }

    @Test("putting a client creates it once and then replaces everything", arguments: TestEngine.allCases)
    func put(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let created = world.clock.now
            var ada = World.client("ada", name: "Ada", tags: ["vip", "b", "vip"], emailHash: [1, 2])
            ada.language = "de"
            ada.attributes = Array(#"{"a": {"b": [1, 2.5, null]}}"#.utf8)
            #expect(try await world.put(ada))
            let first = try #require(try await world.database.read { tx in try tx.client(World.id("ada"), business: World.ours) })
            #expect(first.name == "Ada" && first.language == "de" && first.tags == ["b", "vip"])
            #expect(first.email == ada.email && first.emailHash == [1, 2])
            let attributes = try JSONDocument(parsing: first.attributes)
            #expect(attributes.root["a"]?["b"]?.count == 3)
            #expect(first.createdAt == created && first.updatedAt == created)

            world.clock.advance(seconds: 5)
            #expect(try await !world.put(World.client("ada", tags: ["c"])))
            let second = try #require(try await world.database.read { tx in try tx.client(World.id("ada"), business: World.ours) })
            #expect(second.name == nil && second.email == nil && second.emailHash == nil && second.language == nil)
            #expect(second.tags == ["c"] && second.createdAt == created && second.updatedAt == world.clock.now)
            #expect(try await world.database.read { tx in try tx.client(World.id("ada"), business: World.theirs) } == nil)
        }
    }

    @Test("the list is newest first, and its pages meet without gap or repetition", arguments: TestEngine.allCases)
    func pages(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            for index in 0..<7 {
                // Two share every moment: the id decides between them.
                if index % 2 == 0 { world.clock.advance(milliseconds: 1) }
                try await world.put(World.client("c\(index)"))
            }
            try await world.put(World.client("stranger"), business: World.theirs)
            #expect(try await list(world) == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"])

            var seen: [String] = []
            var after: ClientSearch.Position?
            repeat {
                let search = ClientSearch(after: after)
                let page = try await world.database.read { tx in try tx.clients(search, business: World.ours, limit: 2) }
                seen += page.map(\.id.text)
                // Newcomers must not disturb whoever is turning pages.
                try await world.put(World.client("new\(seen.count)"))
                after = page.last.map { ClientSearch.Position(createdAt: $0.createdAt, id: $0.id) }
                if page.isEmpty { break }
            } while after != nil
            #expect(seen == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"])
        }
    }

    @Test(
        "the search finds parts of names and ids in any case, takes % and _ literally, and finds addresses by their hash",
        arguments: TestEngine.allCases)
    func search(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            try await world.put(World.client("client-1", name: "Ada Lovelace", emailHash: [7]))
            world.clock.advance(milliseconds: 1)
            try await world.put(World.client("client_2", name: "100% Bob"))
            world.clock.advance(milliseconds: 1)
            try await world.put(World.client("X:3", name: #"back\slash"#))
            try await world.put(World.client("client-1", name: "Ada", emailHash: [7]), business: World.theirs)

            func found(_ text: String, emailHash: [UInt8]? = nil) async throws -> [String] {
                try await list(world, ClientSearch(words: ClientSearch.Words(text: text, emailHash: emailHash)))
            }
            #expect(try await found("LOVE") == ["client-1"])
            #expect(try await found("CLIENT") == ["client_2", "client-1"])
            #expect(try await found("x:3") == ["X:3"])
            #expect(try await found("0%") == ["client_2"])
            #expect(try await found("%") == ["client_2"])
            #expect(try await found("t_2") == ["client_2"])
            #expect(try await found("_") == ["client_2"])
            #expect(try await found(#"k\s"#) == ["X:3"])
            #expect(try await found("' OR 1=1 --").isEmpty)
            #expect(try await found("ada@example.org", emailHash: [7]) == ["client-1"])
            #expect(try await found("ada@example.org", emailHash: [8]).isEmpty)
        }
    }

    @Test("SQLite folds the case of letters beyond ASCII in names")
    func unicodeSearch() async throws {
        try await World.with(.sqlite) { world async throws in
            try await world.put(World.client("a", name: "Çağla ÖZTÜRK"))
            #expect(try await list(world, ClientSearch(words: ClientSearch.Words(text: "öztü"))) == ["a"])
        }
    }

    @Test("a tag narrows the list to those who have exactly it", arguments: TestEngine.allCases)
    func tag(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            try await world.put(World.client("a", tags: ["vip"]))
            try await world.put(World.client("b", tags: ["vip2", "x"]))
            try await world.put(World.client("c"))
            try await world.put(World.client("c", tags: ["vip"]), business: World.theirs)
            #expect(try await list(world, ClientSearch(tag: "vip")) == ["a"])
            #expect(try await list(world, ClientSearch(tag: "VIP")).isEmpty)
        }
    }

    @Test("erasing a client removes every trace of them and nobody else's", arguments: TestEngine.allCases)
    func erase(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let file = AttachmentUpload(filename: "a.txt", contentType: "text/plain", content: [1, 2, 3])
            let batch = BatchChange.open(id: UUIDv7(at: world.clock.now), closesAt: world.clock.now.adding(seconds: 60))
            for (client, business) in [("ada", World.ours), ("bob", World.ours), ("ada", World.theirs)] {
                try await world.put(World.client(client, tags: ["vip"]), business: business)
                let batch = client == "ada" && business == World.ours ? batch : .none
                let id = try await world.accept(client, business: business, attachments: [file], batch: batch)
                let now = world.clock.now
                try await world.database.write { tx in
                    try tx.updatePreferences(PreferencesUpdate(optOutSMS: true), of: World.id(client), business: business, source: .system)
                    try tx.insertSandboxMessage(
                        SandboxMessage(
                            id: UUIDv7(at: now), business: business, communication: id, channel: .email, recipient: SealedValue(bytes: [1]),
                            sender: "x", subject: nil, text: "hello", html: nil, createdAt: now))
                }
            }
            try await world.claim()
            for id in try await world.database.read({ tx in try tx.communications(CommunicationFilter(), business: World.ours, limit: 9) })
            {
                try await world.finish(id.id, .retry(at: world.clock.now, AttemptFailure(category: "transient", message: "later")))
            }

            #expect(try await world.database.erase(World.id("ada"), business: World.ours))
            #expect(try await !world.database.erase(World.id("ada"), business: World.ours))

            #expect(try await world.count("crm_clients") == 2)
            #expect(try await world.count("crm_client_tags") == 2)
            #expect(try await world.count("crm_client_preferences") == 2)
            #expect(try await world.count("crm_communications") == 2)
            #expect(try await world.count("crm_delivery_queue") == 2)
            #expect(try await world.count("crm_communication_attachments") == 2)
            #expect(try await world.count("crm_sandbox_messages") == 2)
            #expect(try await world.count("crm_batches") == 0)
            let remaining = try await world.database.read { tx in
                try tx.run(
                    "SELECT COUNT(*) FROM crm_delivery_logs WHERE communication_id NOT IN (SELECT communication_id FROM crm_communications)"
                )
            }
            #expect(try remaining[0].int(0) == 0)
        }
    }

    @Test("an attempt on its way while its client is erased ends without a trace", arguments: TestEngine.allCases)
    func eraseDuringAttempt(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let id = try await world.accept("ada")
            #expect(try await world.claim() == [id])
            #expect(try await world.database.erase(World.id("ada"), business: World.ours))
            try await world.finish(id, .sent(providerMessageID: "m", response: "250 ok"))
            #expect(try await world.count("crm_communications") == 0)
            #expect(try await world.count("crm_delivery_logs") == 0)
            #expect(try await world.count("crm_delivery_queue") == 0)
        }
    }

    @Test("preferences alone are enough to be erased", arguments: TestEngine.allCases)
    func erasePreferencesOnly(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            _ = try await world.database.write { tx in
                try tx.updatePreferences(PreferencesUpdate(optOutEmail: true), of: World.id("early"), business: World.ours, source: .system)
            }
            #expect(try await world.database.erase(World.id("early"), business: World.ours))
            #expect(try await world.count("crm_client_preferences") == 0)
        }
    }
}
