import Core
import TestSupport
import Testing

@testable import Storage

@Suite("Erasing a person")
struct ErasureTests {
    private typealias World = QueryWorld
    private static let ada = QueryWorld.id("ada")
    private static let asker = Actor(.key, id: "key-1", name: "Key of Ada's friend")

    @Test("it is decided for every table of the schema what an erasure does there", arguments: TestEngine.allCases)
    func everyTable(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            let tables = Set(try await StoreContents.read(world.database).rows.keys)
            #expect(tables == Set(PersonalDataRule.tables.keys))
        }
    }

    @Test(
        "no column of any table holds a trace of the person afterwards but what is refused and the receipt", arguments: TestEngine.allCases)
    func noTrace(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            // The same person at another business is another person.
            _ = try await MarkedPerson.settle(in: world.database, cipher: world.cipher, business: World.theirs, at: world.clock.now)
            let theirs = try await StoreContents.read(world.database)
            let person = try await MarkedPerson.settle(in: world.database, cipher: world.cipher, business: World.ours, at: world.clock.now)
            let before = try await StoreContents.read(world.database)
            let traces = before.traces(of: person.markers)
            for (table, rule) in PersonalDataRule.tables where rule == .erased {
                #expect(traces[table] ?? 0 > theirs.traces(of: person.markers)[table] ?? 0, "the test puts nothing of theirs into \(table)")
            }

            #expect(try await world.database.erase(MarkedPerson.client, business: World.ours))

            let after = try await StoreContents.read(world.database)
            let hash = MarkedPerson.hex(person.phoneHash)
            for (table, rows) in after.rows where !Self.kept.contains(table) {
                let new = Set(rows).subtracting(theirs.rows[table] ?? [])
                // The business's own endpoint came with the person, but is not theirs.
                #expect(table == "crm_webhook_endpoints" ? new.count == 1 : new.isEmpty, "\(table)")
            }
            // The other business's person is whole; of ours not even the evidence of refusals is left.
            #expect(after.traces(of: person.markers.filter { $0 != hash }) == theirs.traces(of: person.markers.filter { $0 != hash }))
            // Nothing but the hash of the number, on the channels on which they wanted or could have nothing.
            #expect(after.traces(of: [hash]) == ["crm_suppressions": 2])
            #expect(after.traces(of: [MarkedPerson.hex(person.emailHash)]) == [:])
            #expect(after.rows["crm_erasures"]?.count == 1)
            #expect(StoreContents(rows: ["e": after.rows["crm_erasures"] ?? []]).traces(of: person.markers) == [:])
        }
    }

    /// Where rows stay: emptied entries of chains, receipts, refusals.
    private static let kept: Set<String> = ["crm_erasures", "crm_suppressions", "crm_ledger_entries", "crm_ledger_heads", "rapport_meta"]

    @Test("the receipt counts what was removed, names nobody, and is found by who knows the client id", arguments: TestEngine.allCases)
    func receipt(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada", tags: ["a", "b"]))
            for _ in 0..<3 { try await world.accept("ada") }
            let asked = world.clock.now
            let begun = try #require(
                try await world.database.write { tx in try tx.beginErasure(of: Self.ada, business: World.ours, by: Self.asker) })
            #expect(begun.status == .running && begun.client == Self.ada)
            world.clock.advance(seconds: 5)
            let ended = try #require(try await world.database.completeErasure(begun.id))
            #expect(ended.status == .completed && ended.client == nil && ended.finishedAt == world.clock.now)
            #expect(ended.requestedAt == asked && ended.requestedBy == Actor(.key, id: "key-1"))
            #expect(
                ended.counts == [
                    "crm_clients": 1, "crm_client_tags": 2, "crm_communications": 3, "crm_delivery_queue": 3,
                ])
            let hash = world.cipher.erasureHash(of: Self.ada, business: World.ours)
            #expect(hash != world.cipher.erasureHash(of: Self.ada, business: World.theirs))
            let found = try await world.database.read { tx in
                (
                    try tx.erasures(ErasureFilter(clientHash: hash), business: World.ours, limit: 9).map(\.id),
                    try tx.erasures(business: World.theirs, limit: 9).map(\.id), try tx.erasure(ended.id, business: World.theirs)
                )
            }
            #expect(found.0 == [ended.id] && found.1.isEmpty && found.2 == nil)
        }
    }

    @Test("whoever opted out stays refused under the same addresses, and on that channel only", arguments: TestEngine.allCases)
    func refusalsStay(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            var ada = World.client("ada", emailHash: [1, 2])
            ada.phoneHash = [3, 4]
            ada.phoneNumber = SealedValue(bytes: [9])
            try await world.put(ada)
            try await world.database.write { tx in
                _ = try tx.updatePreferences(PreferencesUpdate(optOutSMS: true), of: Self.ada, business: World.ours, source: .system)
            }
            #expect(try await world.database.erase(Self.ada, business: World.ours))
            try await world.put(ada)
            let suppressed = try await world.database.read { tx in
                (
                    try tx.suppressedChannels(emailHash: [1, 2], phoneHash: [3, 4], business: World.ours),
                    try tx.suppressions([3, 4], business: World.ours).map(\.reason),
                    try tx.suppressedChannels(emailHash: [1, 2], phoneHash: [3, 4], business: World.theirs)
                )
            }
            #expect(suppressed.0 == SuppressedChannels(all: .sms) && suppressed.1 == ["opted_out"] && suppressed.2 == SuppressedChannels())
        }
    }

    @Test("a record that can not be opened any more is erased all the same, and its refusals stay", arguments: TestEngine.allCases)
    func damaged(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada", emailHash: [1, 2]))
            try await world.database.write { tx in
                _ = try tx.updatePreferences(PreferencesUpdate(optOutEmail: true), of: Self.ada, business: World.ours, source: .system)
                // As a sealed text begins, and nothing that opens.
                _ = try tx.execute("UPDATE crm_clients SET name = \("\u{1}k1:AAAA") WHERE client_id = \(Self.ada)")
            }
            await #expect(throws: DatabaseError.self) {
                try await world.database.read { tx in _ = try tx.client(Self.ada, business: World.ours) }
            }
            #expect(try await world.database.erase(Self.ada, business: World.ours))
            let suppressed = try await world.database.read { tx in
                try tx.suppressedChannels(emailHash: [1, 2], phoneHash: nil, business: World.ours)
            }
            #expect(suppressed == SuppressedChannels(all: .email))
        }
    }

    @Test("whoever refused marketing gets none under the same addresses, and everything else", arguments: TestEngine.allCases)
    func marketingStaysRefused(_ engine: TestEngine) async throws {
        let cases: [(PreferencesUpdate, ChannelSet)] = [
            (PreferencesUpdate(marketing: [.email: .refused]), .email), (PreferencesUpdate(topicsRefused: ["offers"]), .all),
            (PreferencesUpdate(marketing: [.email: .granted]), []),
        ]
        for (update, refused) in cases {
            try await World.with(engine) { world in
                var ada = World.client("ada", emailHash: [1, 2])
                ada.phoneHash = [3, 4]
                ada.phoneNumber = SealedValue(bytes: [9])
                try await world.put(ada)
                try await world.database.write { tx in
                    _ = try tx.updatePreferences(update, of: Self.ada, business: World.ours, source: .system)
                }
                #expect(try await world.database.erase(Self.ada, business: World.ours))
                let suppressed = try await world.database.read { tx in
                    try tx.suppressedChannels(emailHash: [1, 2], phoneHash: [3, 4], business: World.ours)
                }
                #expect(suppressed == SuppressedChannels(marketing: refused))
            }
        }
    }

    @Test("a person with many messages goes in small steps, and a dead driver's work is taken over", arguments: TestEngine.allCases)
    func resumes(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada"))
            for _ in 0..<150 { try await world.accept("ada") }
            let bystander = try await world.accept("bob")
            let id = try #require(
                try await world.database.write { tx in try tx.beginErasure(of: Self.ada, business: World.ours, by: .system) }
            ).id
            let step = try await world.database.write { tx in try tx.stepErasure(id, budget: 40, closing: true) }
            guard case .more(false, _) = step else { throw World.Unexpected() }
            let left = try await world.count("crm_communications")
            #expect(left < 151 && left > 100)
            // Here the driver dies. As long as its lease runs, nobody else takes the work.
            #expect(try await world.database.write { tx in try tx.takeDueErasure() } == nil)
            world.clock.advance(seconds: 61)
            #expect(try await world.database.write { tx in try tx.takeDueErasure() }?.id == id)
            #expect(try await world.database.write { tx in try tx.takeDueErasure() } == nil)
            let ended = try #require(try await world.database.completeErasure(id))
            #expect(ended.counts["crm_communications"] == 150)
            #expect(try await world.database.read { tx in try tx.communication(bystander, business: World.ours) } != nil)
            #expect(try await world.count("crm_communications") == 1)
        }
    }

    @Test("several drivers at once remove everything once", arguments: TestEngine.allCases)
    func together(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada"))
            for _ in 0..<200 { try await world.accept("ada") }
            let second = engine == .postgresql ? try await world.test.openAnother() : nil
            if let second { _ = try await Cipher.open(second, keys: World.keyRing()) }
            let id = try #require(
                try await world.database.write { tx in try tx.beginErasure(of: Self.ada, business: World.ours, by: .system) }
            ).id
            let receipts = try await withThrowingTaskGroup(of: ErasureReceipt?.self) { group in
                for index in 0..<4 {
                    let database = index % 2 == 0 ? world.database : second ?? world.database
                    group.addTask { try await database.completeErasure(id) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            await second?.close()
            #expect(Set(receipts.map { $0?.counts["crm_communications"] }) == [200])
            #expect(Set(receipts.map { $0?.finishedAt }).count == 1)
        }
    }

    @Test("a large file goes in a step that ends with it", arguments: TestEngine.allCases)
    func largeFiles(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada"))
            let file = AttachmentUpload(filename: "a", contentType: "b", content: [UInt8](repeating: 7, count: 5 << 20))
            for _ in 0..<4 { try await world.accept("ada", attachments: [file]) }
            let id = try #require(
                try await world.database.write { tx in try tx.beginErasure(of: Self.ada, business: World.ours, by: .system) }
            ).id
            _ = try await world.database.write { tx in try tx.stepErasure(id, budget: 1_000, closing: true) }
            #expect(try await world.count("crm_communication_attachments") == 2)
            #expect(try await world.database.completeErasure(id)?.counts["crm_communication_attachments"] == 4)
        }
    }

    @Test("a scheduled erasure waits for its day, can be brought forward and called off", arguments: TestEngine.allCases)
    func schedule(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.put(World.client("ada", name: "Ada"))
            func schedule(_ days: Int64) async throws -> ErasureReceipt? {
                try await world.database.write { tx in
                    try tx.scheduleErasure(of: Self.ada, business: World.ours, by: .system, dueAt: tx.now.adding(seconds: days * 86_400))
                }
            }
            let first = try #require(try await schedule(20))
            #expect(first.status == .scheduled)
            #expect(try await schedule(30)?.dueAt == first.dueAt)
            #expect(try await schedule(10)?.dueAt == world.clock.now.adding(seconds: 10 * 86_400))
            #expect(try await schedule(10)?.id == first.id)
            #expect(try await world.database.read { tx in try tx.isOnHold(Self.ada, business: World.ours) })
            #expect(try await world.database.write { tx in try tx.takeDueErasure() } == nil)
            #expect(try await world.database.write { tx in try tx.cancelErasure(first.id, business: World.theirs) } == .notFound)
            guard
                case .cancelled(let ended, Self.ada) = try await world.database.write({ tx in
                    try tx.cancelErasure(first.id, business: World.ours)
                })
            else { throw World.Unexpected() }
            #expect(ended.status == .cancelled && ended.client == nil)
            #expect(try await !world.database.read { tx in try tx.isOnHold(Self.ada, business: World.ours) })
            #expect(
                try await world.database.write { tx in try tx.cancelErasure(first.id, business: World.ours) } == .tooLate(.cancelled))
            world.clock.advance(seconds: 40 * 86_400)
            #expect(try await world.database.write { tx in try tx.takeDueErasure() } == nil)
            #expect(try await world.database.read { tx in try tx.client(Self.ada, business: World.ours) }?.name == "Ada")
            let again = try #require(try await schedule(1))
            world.clock.advance(seconds: 86_400)
            #expect(try await world.database.write { tx in try tx.takeDueErasure() }?.id == again.id)
            #expect(try await world.database.completeErasure(again.id)?.status == .completed)
            #expect(try await schedule(1) == nil)
        }
    }

    @Test(
        "somebody of whom only preferences are known is held, too, and is as before when it is called off", arguments: TestEngine.allCases)
    func preferencesOnly(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.database.write { tx in
                _ = try tx.updatePreferences(PreferencesUpdate(language: "de"), of: Self.ada, business: World.ours, source: .system)
            }
            let receipt = try #require(
                try await world.database.write { tx in
                    try tx.scheduleErasure(of: Self.ada, business: World.ours, by: .system, dueAt: tx.now.adding(seconds: 86_400))
                })
            #expect(try await world.database.read { tx in try tx.isOnHold(Self.ada, business: World.ours) })
            _ = try await world.database.write { tx in try tx.cancelErasure(receipt.id, business: World.ours) }
            #expect(try await world.count("crm_clients") == 0)
            #expect(try await world.count("crm_client_preferences") == 1)
        }
    }
}
