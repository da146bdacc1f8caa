import Core
import TestSupport
import Testing

@testable import Storage

@Suite struct ReceiptTests {
    @Test("a delivery receipt moves the status on and is kept with the provider's word", arguments: TestEngine.allCases)
    func delivered(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            try await w.send("SM1")
            w.f.test.clock.advance(seconds: 3)
            let summary = try await w.tell(w.event("delivered", .delivered))
            #expect(try await w.f.status(id) == .delivered)
            #expect(try await w.f.column("delivered_at", id) != nil)
            #expect(summary.reached.map(\.status) == [.delivered])
            #expect(summary.reached.first?.deliveryTime == 3_000)
            #expect(summary.reached.first?.messageType == "welcome")
            let row = try await w.f.database.read { tx in
                try tx.run(
                    """
                    SELECT provider, provider_message_id, delivery_status, channel, attempt FROM crm_delivery_logs
                    WHERE event_type = 'delivered' AND communication_id = \(id)
                    """)[0]
            }
            #expect(try row.text(0) == "twilio")
            #expect(try row.text(1) == "SM1")
            #expect(try row.text(2) == "delivered")
            #expect(try row.text(3) == "sms")
            #expect(try row.int(4) == 1)
        }
    }

    @Test("the outside is told of each status once, when it is really reached", arguments: TestEngine.allCases)
    func told(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            try await w.f.addEndpoint()
            let arrived = try await w.accept(client: "ada")
            try await w.send("SM1")
            let lost = try await w.accept(client: "bob")
            try await w.send("SM2")
            let delivered = w.event("delivered", .delivered)
            try await w.tell(delivered, delivered, w.event("read", .opened), w.event("undelivered", .bounced, of: "SM2"))
            try await w.tell(delivered, w.event("undelivered", .bounced, of: "SM2"), w.event("delivered", .delivered, of: "SM2"))
            let rows = try await w.f.database.read { tx in
                try tx.run("SELECT communication_id, event_type, data FROM crm_outgoing_events ORDER BY position")
            }
            func types(_ id: CommunicationID) throws -> [String] {
                try rows.filter { try $0.uuid(0) == id }.map { try $0.text(1) }
            }
            #expect(try types(arrived) == ["communication.sent", "communication.delivered", "communication.opened"])
            #expect(try types(lost) == ["communication.sent", "communication.bounced"])
            let data = try #require(try rows.first { try $0.text(1) == "communication.bounced" }).json(2)
            #expect(String(decoding: data, as: UTF8.self) == #"{"reason":"30006: not reached","error_category":"permanent"}"#)
        }
    }

    @Test("the provider's clock is believed between the acceptance and now, and the earliest time is kept", arguments: TestEngine.allCases)
    func times(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let created = w.f.now
            let id = try await w.accept()
            try await w.send("SM1")
            w.f.test.clock.advance(seconds: 100)
            try await w.tell(
                w.event("delivered", .delivered, at: created.adding(seconds: 7)),
                w.event("delivered", .delivered, at: created.adding(seconds: 9_999)),
                w.event("read", .opened, at: created.adding(seconds: -9_999)))
            let row = try await w.f.database.read { tx in
                try tx.run("SELECT delivered_at, opened_at FROM crm_communications WHERE communication_id = \(id)")[0]
            }
            #expect(try row.time(0) == created)
            #expect(try row.time(1) == created)
        }
    }

    @Test("a failure with another channel begins there once, however often it is told", arguments: TestEngine.allCases)
    func fallsBack(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp])
            try await w.send("SM1")
            let failure = w.event("undelivered", .bounced)
            try await w.tell(failure, failure)
            try await w.tell(failure)
            #expect(
                try await w.standing(id)
                    == ReceiptWorld.Standing(status: .queued, channel: "whatsapp", fallbacks: "", queued: "whatsapp 0"))
            #expect(try await w.f.events(id).filter { $0 == "fallback" }.count == 1)
            #expect(try await w.send("wamid.1", on: .whatsapp, provider: "whatsapp") == 1)
            try await w.tell(failure)
            #expect(try await w.f.status(id) == .sent)
            #expect(try await w.send("SM2") == 0)
            try await w.tell(w.event("failed", .bounced, of: "wamid.1", provider: "whatsapp"))
            #expect(try await w.f.status(id) == .bounced)
            #expect(try await w.f.column("error_message", id) == "30006: not reached")
            #expect(try await w.f.column("error_category", id) == "permanent")
        }
    }

    @Test("a failure told again after the fallback has left by mail, which gives no id to go by, is no end", arguments: TestEngine.allCases)
    func toldAgainAfterMail(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.email], hasMail: true)
            try await w.send("SM1")
            let failure = w.event("undelivered", .bounced)
            try await w.tell(failure)
            #expect(try await w.send("4F2A", on: .email, provider: "smtp") == 1)
            try await w.tell(w.event("failed", .bounced))
            #expect(try await w.standing(id) == .init(status: .sent, channel: "email", fallbacks: "", queued: nil))
            try await w.tell(w.event("delivered", .delivered), failure)
            #expect(try await w.f.status(id) == .delivered)
        }
    }

    @Test("a channel that the client closed, or has no address for, is no way on", arguments: TestEngine.allCases)
    func consent(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.email, .whatsapp])
            try await w.send("SM1")
            _ = try await w.f.database.write { tx in
                try tx.run(
                    """
                    INSERT INTO crm_client_preferences (business_id, client_id, opt_out_whatsapp, created_at, updated_at)
                    VALUES (\(Fixture.business), 'ada', \(true), \(tx.now), \(tx.now))
                    """)
            }
            try await w.tell(w.event("undelivered", .bounced))
            #expect(try await w.standing(id).status == .bounced)
            #expect(try await w.standing(id).queued == nil)
        }
    }

    @Test("a late receipt cancels a fallback that has not begun, and the way on is open again after it", arguments: TestEngine.allCases)
    func lateReceipt(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp])
            try await w.send("SM1")
            try await w.tell(w.event("undelivered", .bounced))
            try await w.tell(w.event("delivered", .delivered))
            #expect(
                try await w.standing(id)
                    == ReceiptWorld.Standing(status: .delivered, channel: "sms", fallbacks: "whatsapp", queued: nil))
            #expect(try await w.f.events(id).suffix(2) == ["delivered", "fallback_cancelled"])
            try await w.tell(w.event("undelivered", .bounced, code: 30_005))
            #expect(try await w.f.status(id) == .delivered)
        }
    }

    @Test("a receipt that comes while the fallback is on its way lets it go on and holds", arguments: TestEngine.allCases)
    func begun(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp])
            try await w.send("SM1")
            try await w.tell(w.event("undelivered", .bounced))
            let due = try #require(try await w.f.claim(channel: .whatsapp).begun.first)
            try await w.tell(w.event("delivered", .delivered))
            #expect(try await w.standing(id) == .init(status: .delivered, channel: "whatsapp", fallbacks: "", queued: "whatsapp 1"))
            // What would repeat it finds it settled.
            _ = try await w.f.database.finish([w.outcome(due, .retry(at: w.f.now, failure))])
            #expect(try await w.standing(id) == .init(status: .delivered, channel: "whatsapp", fallbacks: "", queued: nil))
        }
    }

    @Test("a transient failure is tried again along the delays, then the next channel begins", arguments: TestEngine.allCases)
    func retries(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp])
            for (number, delay) in [60, 300, 900].enumerated() {
                #expect(try await w.send("SM\(number)") == 1)
                try await w.tell(w.event("undelivered", .bounced, of: "SM\(number)", category: .transient))
                #expect(try await w.standing(id).status == .pending)
                #expect(try await w.standing(id).queued == "sms \(number + 1)")
                #expect(try await w.f.column("retry_count", id) == "\(number + 1)")
                w.f.test.clock.advance(seconds: Int64(delay) - 1)
                #expect(try await w.send("too early") == 0)
                w.f.test.clock.advance(seconds: 1)
            }
            #expect(try await w.send("SM3") == 1)
            try await w.tell(w.event("undelivered", .bounced, of: "SM3", category: .transient))
            #expect(try await w.standing(id) == .init(status: .queued, channel: "whatsapp", fallbacks: "", queued: "whatsapp 0"))
            // About the first of four messages: it settles the matter all the same.
            try await w.tell(w.event("delivered", .delivered, of: "SM0"))
            #expect(try await w.standing(id) == .init(status: .delivered, channel: "sms", fallbacks: "whatsapp", queued: nil))
        }
    }

    @Test("what is told before the message is known is kept, and applied once it is", arguments: TestEngine.allCases)
    func early(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            #expect(try await w.tell(w.event("delivered", .delivered), w.event("read", .opened)).kept == 2)
            #expect(try await w.f.count("crm_unmatched_events") == 2)
            #expect(try await w.match().matched == 0)
            try await w.send("SM1")
            #expect(try await w.match().matched == 2)
            #expect(try await w.f.status(id) == .opened)
            #expect(try await w.f.count("crm_unmatched_events") == 0)
            w.f.test.clock.advance(seconds: 8 * 86_400)
            try await w.tell(w.event("delivered", .delivered, of: "unknown"))
            w.f.test.clock.advance(seconds: 8 * 86_400)
            #expect(try await w.f.database.write { tx in try tx.purgeUnmatchedEvents(limit: 100) } == 1)
        }
    }

    @Test("the same word is kept twenty times, not for ever", arguments: TestEngine.allCases)
    func repeated(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            try await w.send("SM1")
            try await w.tell(Array(repeating: w.event("delivered", .delivered), count: 15))
            try await w.tell(Array(repeating: w.event("delivered", .delivered), count: 15))
            #expect(try await w.f.events(id).filter { $0 == "delivered" }.count == 20)
            for _ in 0..<3 { try await w.tell(Array(repeating: w.event("delivered", .delivered, of: "SM9"), count: 15)) }
            #expect(try await w.f.count("crm_unmatched_events") <= 30)
        }
    }

    @Test("words and names that nobody knows do no harm", arguments: TestEngine.allCases)
    func strange(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            try await w.send("SM1")
            let summary = try await w.tell(
                w.event("queued", nil), w.event("\u{0}\u{1b}[31m" + String(repeating: "é", count: 5_000), nil),
                w.event("sent", .sent, of: ""),
                w.event("sent", .sent, of: "a\u{0}b"), w.event("sent", .sent, of: String(repeating: "x", count: 10_000)))
            #expect(summary.matched == 2)
            #expect(summary.refused == 3)
            #expect(try await w.f.status(id) == .sent)
            #expect(try await w.f.events(id) == ["sent", "provider_status", "provider_status"])
        }
    }

    @Test("erasing a communication takes its messages and deadlines along", arguments: TestEngine.allCases)
    func erased(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp], fallbackAfter: 60)
            try await w.send("SM1")
            #expect(try await w.f.count("crm_provider_messages") == 1)
            #expect(try await w.f.count("crm_receipt_deadlines") == 1)
            try await w.f.database.write { tx in
                _ = try tx.run("DELETE FROM crm_communications WHERE communication_id = \(id)")
            }
            #expect(try await w.f.count("crm_provider_messages") == 0)
            #expect(try await w.f.count("crm_receipt_deadlines") == 0)
            #expect(try await w.tell(w.event("delivered", .delivered)).kept == 1)
        }
    }

    @Test("e-mail leaves no rows for receipts that never come", arguments: TestEngine.allCases)
    func email(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            _ = try await w.f.acceptDue()
            try await w.send("<id@example.org>", on: .email, provider: "smtp")
            #expect(try await w.f.count("crm_provider_messages") == 0)
        }
    }
}
