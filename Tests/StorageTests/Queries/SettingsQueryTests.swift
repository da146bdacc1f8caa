import Core
import Storage
import TestSupport
import Testing

@Suite("Message types, templates, sandbox, idempotency keys")
struct SettingsQueryTests {
    private typealias World = QueryWorld

    private func draft(_ content: String, name: String = "welcome", language: String = "en", channel: Channel = .email) -> TemplateDraft {
        TemplateDraft(
            channel: channel, name: name, language: language, subjectTemplate: "Hello", contentTemplate: content, textTemplate: nil,
            variables: Array(#"["client_name"]"#.utf8))
    }

    private func put(_ world: QueryWorld, _ draft: TemplateDraft, business: BusinessID = QueryWorld.ours) async throws -> StoredTemplate {
        try await world.database.write { tx in try tx.putTemplate(draft, business: business) }
    }

    private func active(_ world: QueryWorld, language: String = "en", business: BusinessID = QueryWorld.ours) async throws
        -> StoredTemplate?
    {
        try await world.database.read { tx in try tx.activeTemplate(.email, "welcome", language: language, business: business) }
    }

    @Test("a message type is created once and then replaced, per business", arguments: TestEngine.allCases)
    func messageTypes(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let type = MessageType(name: "offer", category: .marketing, defaultUrgency: .low, channels: [.whatsapp, .email])
            var other = type
            other.channels = [.sms]
            let changed = other
            #expect(try await world.database.write { tx in try tx.putMessageType(type, business: World.ours) })
            let again = try await world.database.write { tx in try tx.putMessageType(changed, business: World.ours) }
            #expect(!again)
            #expect(try await world.database.read { tx in try tx.messageType("offer", business: World.ours) } == changed)
            #expect(try await world.database.read { tx in try tx.messageType("offer", business: World.theirs) } == nil)
            #expect(try await world.database.read { tx in try tx.messageTypes(business: World.ours) } == [changed])
        }
    }

    @Test("every put is a new active version; older ones stay and can be activated", arguments: TestEngine.allCases)
    func templateVersions(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            #expect(try await put(world, draft("one")).version == 1)
            #expect(try await put(world, draft("two")).version == 2)
            #expect(try await put(world, draft("eins", language: "de")).version == 1)
            #expect(try await put(world, draft("their own"), business: World.theirs).version == 1)
            #expect(try await active(world)?.contentTemplate == "two")
            #expect(try await active(world, language: "de")?.contentTemplate == "eins")
            #expect(try await active(world, business: World.theirs)?.contentTemplate == "their own")

            func activate(_ version: Int) async throws -> Bool {
                try await world.database.write { tx in
                    try tx.activateTemplate(.email, "welcome", language: "en", version: version, business: World.ours)
                }
            }
            #expect(try await activate(1))
            #expect(try await active(world)?.contentTemplate == "one")
            #expect(try await !activate(3))
            #expect(try await active(world)?.contentTemplate == "one")
            let versions = try await world.database.read { tx in
                try tx.templateVersions(.email, "welcome", language: "en", business: World.ours)
            }
            #expect(versions.map(\.version) == [2, 1])
            #expect(versions.map(\.isActive) == [false, true])

            #expect(try await activate(0))
            #expect(try await active(world) == nil)
            let languages = try await world.database.read { tx in
                try tx.templateLanguages(channel: .email, name: "welcome", business: World.ours)
            }
            #expect(languages == ["de"])
            #expect(try await active(world, business: World.theirs) != nil)
        }
    }

    @Test("writers of one template at the same moment get numbers of their own", arguments: TestEngine.allCases)
    func concurrentVersions(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let database = world.database
            let draft = draft("x")
            let versions = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await database.write { tx in try tx.putTemplate(draft, business: World.ours).version } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(versions.sorted() == Array(1...8))
            let actives = try await database.read { tx in
                try tx.run("SELECT COUNT(*) FROM crm_communication_templates WHERE is_active")[0].int(0)
            }
            #expect(actives == 1)
        }
    }

    @Test("the list shows active versions, narrowed by channel and name", arguments: TestEngine.allCases)
    func activeTemplates(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            _ = try await put(world, draft("old"))
            _ = try await put(world, draft("new"))
            _ = try await put(world, draft("s", name: "reminder", channel: .sms))
            func contents(_ channel: Channel?, _ name: String?) async throws -> [String] {
                try await world.database.read { tx in try tx.activeTemplates(business: World.ours, channel: channel, name: name) }
                    .map(\.contentTemplate)
            }
            #expect(try await contents(nil, nil) == ["new", "s"])
            #expect(try await contents(.sms, nil) == ["s"])
            #expect(try await contents(nil, "welcome") == ["new"])
            #expect(try await contents(.sms, "welcome").isEmpty)
        }
    }

    @Test("the sandbox lists its messages newest first, by channel, and to their business only", arguments: TestEngine.allCases)
    func sandbox(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let communication = try await world.accept()
            var ids: [UUIDv7] = []
            for index in 0..<3 {
                world.clock.advance(milliseconds: 1)
                let now = world.clock.now
                let message = SandboxMessage(
                    id: UUIDv7(at: now), business: World.ours, communication: communication, channel: index == 1 ? .sms : .email,
                    recipient: SealedValue(bytes: [1, 2]), sender: "us", subject: index == 1 ? nil : "s\(index)", text: "t", html: nil,
                    createdAt: now)
                ids.append(message.id)
                try await world.database.write { tx in try tx.insertSandboxMessage(message) }
            }
            func list(_ channel: Channel? = nil, after: UUIDv7? = nil, business: BusinessID = World.ours) async throws -> [UUIDv7] {
                try await world.database.read { tx in
                    try tx.sandboxMessages(business: business, channel: channel, after: after, limit: 2)
                }.map(\.id)
            }
            #expect(try await list() == [ids[2], ids[1]])
            #expect(try await list(after: ids[1]) == [ids[0]])
            #expect(try await list(.email) == [ids[2], ids[0]])
            #expect(try await list(business: World.theirs).isEmpty)
            let last = ids[2]
            let found = try await world.database.read { tx in try tx.sandboxMessage(last, business: World.ours) }
            #expect(found?.subject == "s2" && found?.recipient.bytes == [1, 2] && found?.business == World.ours)
            #expect(try await world.database.read { tx in try tx.sandboxMessage(last, business: World.theirs) } == nil)
        }
    }

    @Test("a sandbox message whose communication was erased is not kept", arguments: TestEngine.allCases)
    func sandboxAfterErasure(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let now = world.clock.now
            try await world.database.write { tx in
                try tx.insertSandboxMessage(
                    SandboxMessage(
                        id: UUIDv7(at: now), business: World.ours, communication: UUIDv7(at: now), channel: .email,
                        recipient: SealedValue(bytes: [1]), sender: "us", subject: nil, text: nil, html: nil, createdAt: now))
            }
            #expect(try await world.count("crm_sandbox_messages") == 0)
        }
    }

    @Test(
        "an idempotency key answers first with its reservation, then with its answer, and refuses other bodies",
        arguments: TestEngine.allCases)
    func idempotency(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            func reserve(_ fingerprint: [UInt8] = [1], business: BusinessID = World.ours, route: String = "PUT /x") async throws
                -> IdempotencyReservation
            {
                let claim = IdempotencyClaim(route: route, key: "k", fingerprint: fingerprint)
                return try await world.database.write { tx in
                    try tx.reserveIdempotencyKey(claim, business: business, abandonedBefore: tx.now.adding(seconds: -60))
                }
            }
            let claim = IdempotencyClaim(route: "PUT /x", key: "k", fingerprint: [1])
            let begun = world.clock.now
            #expect(try await reserve() == .reserved(at: begun))
            #expect(try await reserve() == .keyInUse)
            #expect(try await reserve([2]) == .keyReused)
            #expect(try await reserve(business: World.theirs) == .reserved(at: begun))
            #expect(try await reserve(route: "PUT /y") == .reserved(at: begun))

            // A process that died is replaced after a minute; what it may still say is not believed.
            world.clock.advance(seconds: 61)
            let taken = world.clock.now
            #expect(try await reserve() == .reserved(at: taken))
            #expect(try await reserve() == .keyInUse)
            func complete(_ at: Timestamp, _ answer: [UInt8]) async throws -> Bool {
                try await world.database.write { tx in
                    try tx.completeIdempotencyKey(claim, business: World.ours, reservedAt: at, statusCode: 201, answer: answer)
                }
            }
            #expect(try await !complete(begun, [6]))
            #expect(try await complete(taken, [7]))
            #expect(try await reserve() == .replay(statusCode: 201, answer: [7]))
            #expect(try await reserve([2]) == .keyReused)

            // Seven days later the key is new.
            world.clock.advance(seconds: 7 * 86_400)
            #expect(try await reserve([2]) == .keyReused)
            world.clock.advance(seconds: 1)
            #expect(try await reserve([2]) == .reserved(at: world.clock.now))
        }
    }

    @Test("a released key is free again, and purging forgets old keys only", arguments: TestEngine.allCases)
    func idempotencyRelease(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            func reserve(_ key: String) async throws -> IdempotencyReservation {
                let claim = IdempotencyClaim(route: "r", key: key, fingerprint: [1])
                return try await world.database.write { tx in
                    try tx.reserveIdempotencyKey(claim, business: World.ours, abandonedBefore: tx.now.adding(seconds: -60))
                }
            }
            let start = world.clock.now
            _ = try await reserve("a")
            try await world.database.write { tx in
                try tx.releaseIdempotencyKey(
                    IdempotencyClaim(route: "r", key: "a", fingerprint: [1]), business: World.ours, reservedAt: start)
            }
            #expect(try await reserve("a") == .reserved(at: start))
            for key in ["b", "c"] { _ = try await reserve(key) }
            world.clock.advance(seconds: 10)
            let later = world.clock.now
            _ = try await reserve("d")
            #expect(try await world.database.write { tx in try tx.purgeIdempotencyKeys(before: later, limit: 2) } == 2)
            #expect(try await world.database.write { tx in try tx.purgeIdempotencyKeys(before: later, limit: 2) } == 1)
            #expect(try await reserve("d") == .keyInUse)
        }
    }
}
