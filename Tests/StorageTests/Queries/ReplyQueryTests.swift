import Core
import Storage
import TestSupport
import Testing

@Suite("Replies, their links and suppressions in the store")
struct ReplyQueryTests {
    typealias World = QueryWorld

    private static func reply(_ number: Int, client: String? = "ada", message: String? = nil, action: ReplyAction? = nil) -> StoredReply {
        StoredReply(
            id: UUIDv7(high: UInt64(0x0198_0000_0000_7000 + number << 16), low: 0x8000_0000_0000_0000), business: World.ours,
            clientID: client.map(World.id), provider: "twilio", providerMessageID: message ?? "SM\(number)", channel: .sms, kind: "text",
            sender: SealedValue(bytes: [1]), phoneHash: [7], content: SealedValue(bytes: [2]), contentCut: false, planID: "p",
            action: action,
            receivedAt: Timestamp(seconds: 1_772_452_800))
    }

    @Test("a reply is read as it was kept, and kept once for a provider's id", arguments: TestEngine.allCases)
    func roundTrip(engine: TestEngine) async throws {
        try await World.with(engine) { world in
            var reply = Self.reply(1, action: .select)
            reply.communication = UUIDv7(at: world.clock.now)
            reply.value = "2"
            reply.keyword = .help
            reply.needsAttention = true
            reply.attentionReason = "refusal"
            reply.answer = "Bloom: …"
            reply.sentAt = Timestamp(seconds: 1_772_452_000)
            let kept = reply
            #expect(try await world.database.write { tx in try tx.insertReply(kept) })
            #expect(try await world.database.read { tx in try tx.reply(kept.id, business: World.ours) } == kept)
            #expect(try await world.database.read { tx in try tx.reply(kept.id, business: World.theirs) } == nil)
            let again = Self.reply(2, message: "SM1")
            #expect(try await !world.database.write { tx in try tx.insertReply(again) })
            let given = try await world.database.read { tx in try tx.answerGiven(provider: "twilio", providerMessageID: "SM1") }
            #expect(given == .some(.some("Bloom: …")))
            let unknown = try await world.database.read { tx in try tx.answerGiven(provider: "whatsapp", providerMessageID: "SM1") }
            #expect(unknown == .none)
        }
    }

    @Test("only selections and confirmations answer a plan's question", arguments: TestEngine.allCases)
    func answered(engine: TestEngine) async throws {
        try await World.with(engine) { world in
            let ids = (1...4).map { UUIDv7(high: UInt64(0x0198_0000_0000_7000 + $0 << 16), low: 0x8000_0000_0000_0000) }
            for (number, action) in [ReplyAction.select, .confirm, .decline, ReplyAction("call_back")].enumerated() {
                var reply = Self.reply(number, action: action)
                reply.communication = ids[number]
                let kept = reply
                #expect(try await world.database.write { tx in try tx.insertReply(kept) })
            }
            let answered = try await world.database.read { tx in
                (
                    try tx.answeredCommunication(planID: "p", business: World.ours),
                    try tx.answeredCommunication(planID: "p", business: World.theirs),
                    try tx.answeredCommunication(planID: "q", business: World.ours)
                )
            }
            #expect(answered.0 == ids[1] && answered.1 == nil && answered.2 == nil)
        }
    }

    @Test("the owners of a number are found among hundreds of businesses", arguments: TestEngine.allCases)
    func owners(engine: TestEngine) async throws {
        try await World.with(engine) { world in
            let businesses = (0..<150).map { UUIDv7(high: UInt64(0x0199_0000_0000_7000 + $0 << 16), low: 0x8000_0000_0000_0000) }
            try await world.database.write { tx in
                for (number, business) in businesses.enumerated() {
                    try tx.insertBusiness(World.business(business))
                    guard number % 50 == 0 else { continue }
                    var client = World.client("c\(number)")
                    client.phoneNumber = SealedValue(bytes: [1])
                    client.phoneHash = [UInt8(number % 256), 2]
                    _ = try tx.putClient(client, business: business)
                }
            }
            var hashes: [BusinessID: [[UInt8]]] = [:]
            for (number, business) in businesses.enumerated() { hashes[business] = [[9, 9], [UInt8(number % 256), 2]] }
            let (all, crossed, none) = try await world.database.read { [hashes] tx in
                (
                    try tx.numberOwners(hashes),
                    // A hash is one business's alone.
                    try tx.numberOwners([businesses[1]: [[0, 2]]]),
                    try tx.numberOwners([businesses[0]: []])
                )
            }
            #expect(all.map(\.client.text).sorted() == ["c0", "c100", "c50"])
            #expect(crossed.isEmpty && none.isEmpty)
        }
    }

    private static func change(_ world: World, _ body: @escaping @Sendable (Transaction) throws -> Bool) async throws -> Bool {
        try await world.database.write { tx in try body(tx) }
    }

    private static func state(_ world: World) async throws -> [String] {
        try await world.database.read { tx in
            let channels = try tx.suppressedChannels(emailHash: nil, phoneHash: [1], business: World.ours)
            let listed = try tx.suppressions([1], business: World.ours).map { "\($0.scope.rawValue) \($0.reason)" }
            return listed + (channels.all == .sms ? ["no sms"] : []) + (channels.marketing == .sms ? ["no marketing"] : [])
        }
    }

    @Test("marketing and everything are stopped and allowed apart", arguments: TestEngine.allCases)
    func scopes(engine: TestEngine) async throws {
        try await World.with(engine) { world in
            let isNew = try await Self.change(world) { try $0.suppressMarketing([1], channel: .sms, reason: "m", business: World.ours) }
            #expect(isNew)
            #expect(try await !Self.change(world) { try $0.suppressMarketing([1], channel: .sms, reason: "m", business: World.ours) })
            #expect(try await !Self.change(world) { try $0.isSuppressed([1], channel: .sms, business: World.ours) })
            #expect(try await Self.state(world) == ["marketing m", "no marketing"])
            #expect(try await Self.change(world) { try $0.suppress([1], channel: .sms, reason: "stop_word", business: World.ours) })
            #expect(try await !Self.change(world) { try $0.suppress([1], channel: .sms, reason: "bounced", business: World.ours) })
            #expect(try await Self.state(world) == ["all stop_word", "no sms"])
            #expect(try await !Self.change(world) { try $0.unsuppress([1], channel: .sms, onlyFor: "bounced", business: World.ours) })
            #expect(try await Self.change(world) { try $0.liftOptOut([1], channel: .sms, business: World.ours) })
            #expect(try await Self.state(world) == ["marketing stop_word", "no marketing"])
            #expect(try await Self.change(world) { try $0.suppress([1], channel: .sms, reason: "bounced", business: World.ours) })
            #expect(try await Self.change(world) { try $0.unsuppressMarketing([1], channel: .sms, business: World.ours) })
            #expect(try await !Self.change(world) { try $0.unsuppressMarketing([1], channel: .sms, business: World.ours) })
            #expect(try await !Self.change(world) { try $0.liftOptOut([1], channel: .sms, business: World.ours) })
            #expect(try await Self.state(world) == ["all bounced", "no sms"])
            #expect(try await Self.change(world) { try $0.unsuppress([1], channel: .sms, business: World.ours) })
            #expect(try await Self.state(world) == [])
        }
    }

    @Test("what stops marketing only is told apart when a message is accepted and when it is claimed", arguments: TestEngine.allCases)
    func hotPath(engine: TestEngine) async throws {
        try await World.with(engine) { world in
            try await world.database.write { tx in
                try tx.suppressMarketing([1], channel: .email, reason: "m", business: World.ours)
                var client = World.client("ada", emailHash: [1])
                client.phoneHash = [2]
                client.phoneNumber = SealedValue(bytes: [2])
                _ = try tx.putClient(client, business: World.ours)
                try tx.suppress([2], channel: .sms, reason: "s", business: World.ours)
                try tx.suppressMarketing([2], channel: .whatsapp, reason: "m", business: World.ours)
            }
            _ = try await world.accept()
            let now = world.clock.now
            let request = ClaimRequest(channel: .email, limit: 10, token: 7, leaseUntil: now.adding(seconds: 60), now: now) { _, _ in .begin
            }
            let claimed = try #require(try await world.database.claim(request).begun.first?.client)
            #expect(claimed.suppressed == .sms)
            #expect(claimed.marketingStopped == [.email, .whatsapp])
        }
    }
}
