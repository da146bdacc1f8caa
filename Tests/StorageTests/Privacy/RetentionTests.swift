import Core
import Dispatch
import TestSupport
import Testing

@testable import Storage

@Suite("What is kept for a time")
struct RetentionTests {
    private typealias World = QueryWorld
    private static let day: Int64 = 86_400

    private func purge(_ world: QueryWorld, limit: Int = 100) async throws -> Int {
        var total = 0
        var position: UUIDv7?
        repeat {
            let after = position
            let step = try await world.database.write { tx in
                try tx.purgeCommunications(endedBefore: tx.now.adding(seconds: -730 * Self.day), after: after, limit: limit)
            }
            total += step.removed
            position = step.next
        } while position != nil
        return total
    }

    @Test("communications go once they have ended for long enough; what waits and what is younger stays", arguments: TestEngine.allCases)
    func communications(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            let file = AttachmentUpload(filename: "a", contentType: "b", content: [1])
            let old = try await world.accept("ada", attachments: [file])
            try await world.claim()
            try await world.finish(old, .sent(providerMessageID: "m", response: "250"))
            // Accepted as long ago, and never begun.
            let waiting = try await world.accept("ada")
            world.clock.advance(seconds: 400 * Self.day)
            // Accepted long ago, and ended yesterday.
            let late = try await world.accept("bob")
            world.clock.advance(seconds: 330 * Self.day + 60)
            try await world.claim()
            try await world.finish(late, .sent(providerMessageID: "n", response: "250"))
            #expect(try await purge(world, limit: 1) == 1)
            let left = try await world.database.read { tx in try tx.communications(CommunicationFilter(), business: World.ours, limit: 9) }
            #expect(Set(left.map(\.id)) == [waiting, late])
            for table in ["crm_communication_attachments", "crm_delivery_logs", "crm_provider_messages"] {
                let rows = try await world.database.read { tx in
                    try tx.run(SQL(stringLiteral: "SELECT CAST(communication_id AS text) FROM \(table)")).map { try $0.text(0) }
                }
                #expect(!rows.contains(old.description), "\(table)")
            }
            #expect(try await purge(world) == 0)
        }
    }

    @Test("the analytics count what has gone, and a second purge of the same day adds up", arguments: TestEngine.allCases)
    func analytics(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            func analytics() async throws -> [[String]] {
                try await world.database.read { tx in
                    try tx.run(
                        """
                        SELECT CAST(business_id AS text), message_type, channel, CAST(date AS text), CAST(total_sent AS text),
                            CAST(delivered_count AS text), CAST(failed_count AS text),
                            CAST(CAST(ROUND(avg_delivery_time_seconds) AS INTEGER) AS text)
                        FROM crm_communication_analytics
                        """
                    ).map { row in try (0..<8).map { try row.textOrNil($0) ?? "" } }
                }
            }
            var ids: [CommunicationID] = []
            for number in 0..<3 {
                let id = try await world.accept("ada")
                ids.append(id)
                try await world.claim()
                try await world.finish(
                    id,
                    number == 2
                        ? .failed(AttemptFailure(category: "permanent", message: "no"), needsReview: false)
                        : .sent(providerMessageID: "m\(number)", response: "250"))
            }
            for (id, seconds) in zip(ids, [2, 4]) {
                let at = world.clock.now.adding(seconds: Int64(seconds))
                try await world.database.write { tx in
                    _ = try tx.execute(
                        "UPDATE crm_communications SET delivered_at = \(at), sent_at = \(world.clock.now) WHERE communication_id = \(id)")
                }
            }
            let before = try await analytics()
            #expect(before == [[World.ours.description, "welcome", "email", "2026-03-02", "3", "2", "1", "3"]])
            world.clock.advance(seconds: 731 * Self.day)
            let first = try await world.database.write { tx in
                try tx.purgeCommunications(endedBefore: tx.now.adding(seconds: -730 * Self.day), after: nil, limit: 1)
            }
            #expect(first.removed == 1)
            #expect(try await analytics() == before)
            #expect(try await purge(world) == 2)
            #expect(try await analytics() == before)
            #expect(try await world.count("crm_communications") == 0)
        }
    }

    @Test("replies go after their time, but not those that a person should still look at", arguments: TestEngine.allCases)
    func replies(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            for (number, attention) in [false, true].enumerated() {
                let reply = StoredReply(
                    id: UUIDv7(at: world.clock.now), business: World.ours, clientID: World.id("ada"), provider: "twilio",
                    providerMessageID: "SM\(number)", channel: .sms, kind: "text", sender: nil, phoneHash: nil,
                    content: SealedValue(bytes: [1]), contentCut: false, needsAttention: attention, receivedAt: world.clock.now)
                _ = try await world.database.write { tx in try tx.insertReply(reply) }
            }
            let moment = world.clock.now.adding(seconds: 1)
            world.clock.advance(seconds: 10)
            #expect(try await world.database.write { tx in try tx.purgeReplies(before: moment.adding(seconds: -1), limit: 9) } == 0)
            #expect(try await world.database.write { tx in try tx.purgeReplies(before: moment, limit: 9) } == 1)
            #expect(try await world.database.read { tx in try tx.replies(business: World.ours, limit: 9) }.map(\.needsAttention) == [true])
        }
    }

    @Test("of several instances one at a time takes its turn", arguments: [TestEngine.postgresql])
    func turns(_ engine: TestEngine) async throws {
        try await World.with(engine) { world in
            let other = try await world.test.openAnother()
            let (holding, over) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let first = world.database.write { tx -> Bool in
                let isTaken = try tx.takesRetentionTurn()
                holding.signal()
                // The writer has a thread of its own.
                over.wait()
                return isTaken
            }
            let second = try await other.write { tx -> Bool in
                holding.wait()
                let isTaken = try tx.takesRetentionTurn()
                over.signal()
                return isTaken
            }
            #expect(try await first)
            #expect(!second)
            #expect(try await other.write { tx in try tx.takesRetentionTurn() })
            await other.close()
        }
    }
}
