import Core
import Storage
import TestSupport
import Testing

@Suite("Preferences and suppressions")
struct PreferencesQueryTests {
    private typealias World = QueryWorld

    private func effective(_ world: QueryWorld, _ client: String, business: BusinessID = QueryWorld.ours) async throws -> Preferences {
        try await world.database.read { tx in try tx.effectivePreferences(World.id(client), business: business) }
    }

    @Test("an update changes what it names and keeps the rest", arguments: TestEngine.allCases)
    func partialUpdate(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let first = PreferencesUpdate(
                preferredChannels: [.whatsapp, .email], quietHoursStart: LocalTime("21:30"), optOutSMS: true, optOutWhatsApp: true)
            _ = try await world.database.write { tx in
                try tx.updatePreferences(first, of: World.id("ada"), business: World.ours, source: .system)
            }
            let second = PreferencesUpdate(timezone: "Asia/Kolkata", optOutWhatsApp: false, language: "hi")
            let stated = try await world.database.write { tx in
                try tx.updatePreferences(second, of: World.id("ada"), business: World.ours, source: .system)
            }
            let expected = StatedPreferences(
                preferredChannels: [.whatsapp, .email], timezone: "Asia/Kolkata", quietHoursStart: LocalTime("21:30"), optOuts: .sms,
                language: "hi")
            #expect(stated == expected)
            #expect(try await world.database.read { tx in try tx.statedPreferences(World.id("ada"), business: World.ours) } == expected)
            #expect(try await world.database.read { tx in try tx.statedPreferences(World.id("ada"), business: World.theirs) } == nil)
        }
    }

    @Test("what was not stated comes from the client's record, then the business, then the standard", arguments: TestEngine.allCases)
    func layers(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let unknown = try await effective(world, "ada")
            #expect(unknown.timezone == "Europe/Berlin" && unknown.language == "de")
            #expect(
                unknown.preferredChannels == [.email] && unknown.quietHoursStart.text == "22:00" && unknown.quietHoursEnd.text == "08:00")

            var ada = World.client("ada")
            ada.timezone = "America/New_York"
            try await world.put(ada)
            #expect(try await effective(world, "ada").timezone == "America/New_York")
            #expect(try await effective(world, "ada").language == "de")

            _ = try await world.database.write { tx in
                try tx.updatePreferences(
                    PreferencesUpdate(timezone: "Asia/Tokyo"), of: World.id("ada"), business: World.ours, source: .system)
            }
            #expect(try await effective(world, "ada").timezone == "Asia/Tokyo")
            #expect(
                try await world.database.write { tx in try tx.deletePreferences(World.id("ada"), business: World.ours, source: .system) })
            #expect(
                try await !world.database.write { tx in try tx.deletePreferences(World.id("ada"), business: World.ours, source: .system) })
            #expect(try await effective(world, "ada").timezone == "America/New_York")
        }
    }

    @Test("updates of one client at the same moment all take effect", arguments: TestEngine.allCases)
    func concurrentUpdates(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            let updates = [
                PreferencesUpdate(optOutEmail: true), PreferencesUpdate(optOutSMS: true), PreferencesUpdate(optOutWhatsApp: true),
                PreferencesUpdate(timezone: "Asia/Tokyo"), PreferencesUpdate(language: "ja"),
                PreferencesUpdate(quietHoursEnd: LocalTime("07:00")),
            ]
            let database = world.database
            try await withThrowingTaskGroup(of: Void.self) { group in
                for update in updates {
                    group.addTask {
                        _ = try await database.write { tx in
                            try tx.updatePreferences(update, of: World.id("ada"), business: World.ours, source: .system)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let result = try await effective(world, "ada")
            #expect(result.optOuts == .all && result.timezone == "Asia/Tokyo" && result.language == "ja")
            #expect(result.quietHoursEnd.text == "07:00")
        }
    }

    @Test("a suppressed address is suppressed on its channel and in its business only", arguments: TestEngine.allCases)
    func suppressions(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            #expect(
                try await world.database.write { tx in try tx.suppress([1], channel: .email, reason: "unsubscribed", business: World.ours) }
            )
            #expect(
                try await !world.database.write { tx in try tx.suppress([1], channel: .email, reason: "bounced", business: World.ours) })
            func isSuppressed(_ hash: [UInt8], _ channel: Channel, _ business: BusinessID) async throws -> Bool {
                try await world.database.read { tx in try tx.isSuppressed(hash, channel: channel, business: business) }
            }
            #expect(try await isSuppressed([1], .email, World.ours))
            #expect(try await !isSuppressed([1], .sms, World.ours))
            #expect(try await !isSuppressed([2], .email, World.ours))
            #expect(try await !isSuppressed([1], .email, World.theirs))
            let reasons = try await world.database.read { tx in try tx.suppressions([1], business: World.ours).map(\.reason) }
            #expect(reasons == ["unsubscribed"])
            #expect(try await world.database.write { tx in try tx.unsuppress([1], channel: .email, business: World.ours) })
            #expect(try await !isSuppressed([1], .email, World.ours))
        }
    }

    @Test(
        "a snapshot for a dry run merges the recipient, and matches suppressions to the right kind of address",
        arguments: TestEngine.allCases)
    func snapshot(_ engine: TestEngine) async throws {
        try await World.with(engine) { world async throws in
            func snapshot(_ recipient: SealedRecipient?) async throws -> ClientSnapshot? {
                try await world.database.read { tx in
                    try tx.clientSnapshot(World.id("ada"), business: World.ours, merging: recipient, batchState: true)
                }
            }
            #expect(try await snapshot(nil) == nil)
            try await world.put(World.client("ada", name: "Ada", emailHash: [1]))
            _ = try await world.database.write { tx in
                try tx.suppress([1], channel: .email, reason: "x", business: World.ours)
                try tx.suppress([1], channel: .sms, reason: "x", business: World.ours)
                try tx.suppress([9], channel: .whatsapp, reason: "x", business: World.ours)
            }
            #expect(try await snapshot(nil)?.suppressed == .email)
            let phone = SealedRecipient(phoneNumber: SealedValue(bytes: [9]), phoneHash: [9], timezone: "Asia/Tokyo")
            let merged = try #require(try await snapshot(phone))
            #expect(merged.suppressed == [.email, .whatsapp] && merged.timezone == "Asia/Tokyo" && merged.name == "Ada")
            #expect(merged.reachable == .all && merged.lastMessageAt == nil)
            #expect(try await world.database.read { tx in try tx.client(World.id("ada"), business: World.ours) }?.timezone == nil)

            try await world.accept("ada")
            #expect(try await snapshot(nil)?.lastMessageAt == world.clock.now)
        }
    }
}
