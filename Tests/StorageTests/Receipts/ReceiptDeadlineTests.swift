import Core
import TestSupport
import Testing

@testable import Storage

@Suite struct ReceiptDeadlineTests {
    @Test("silence for as long as the request allows starts the next channel, once", arguments: TestEngine.allCases)
    func silence(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp], fallbackAfter: 120)
            try await w.send("SM1")
            w.f.test.clock.advance(seconds: 119)
            #expect(try await w.passDeadlines() == nil)
            #expect(try await w.f.status(id) == .sent)
            w.f.test.clock.advance(seconds: 1)
            #expect(try await w.passDeadlines()?.fallbacks == [.sms])
            #expect(try await w.standing(id) == .init(status: .queued, channel: "whatsapp", fallbacks: "", queued: "whatsapp 0"))
            let details = try await w.f.database.read { tx in
                try tx.run("SELECT error_details FROM crm_delivery_logs WHERE event_type = 'fallback'").map { try $0.text(0) }
            }
            #expect(details == ["no delivery receipt within 120 s; now whatsapp"])
            #expect(try await w.passDeadlines() == nil)
            #expect(try await w.send("wamid.1", on: .whatsapp, provider: "whatsapp") == 1)
            // The last channel has nothing after it to wait for.
            #expect(try await w.f.count("crm_receipt_deadlines") == 0)
        }
    }

    @Test("a receipt in time leaves the deadline nothing to do; a late one cancels what it started", arguments: TestEngine.allCases)
    func inTime(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let early = try await w.accept(fallbacks: [.whatsapp], client: "early", fallbackAfter: 60)
            try await w.send("SM1")
            let late = try await w.accept(fallbacks: [.whatsapp], client: "late", fallbackAfter: 60)
            try await w.send("SM2")
            try await w.tell(w.event("delivered", .delivered, of: "SM1"))
            w.f.test.clock.advance(seconds: 61)
            #expect(try await w.passDeadlines()?.fallbacks == [.sms])
            #expect(try await w.f.status(early) == .delivered)
            #expect(try await w.f.status(late) == .queued)
            try await w.tell(w.event("delivered", .delivered, of: "SM2"))
            #expect(try await w.standing(late) == .init(status: .delivered, channel: "sms", fallbacks: "whatsapp", queued: nil))
            #expect(try await w.send("wamid.2", on: .whatsapp, provider: "whatsapp") == 0)
        }
    }

    @Test("silence about a message whose failure has been answered starts nothing twice", arguments: TestEngine.allCases)
    func afterFailure(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp, .email], fallbackAfter: 60)
            try await w.send("SM1")
            try await w.tell(w.event("undelivered", .bounced))
            w.f.test.clock.advance(seconds: 61)
            _ = try await w.passDeadlines()
            #expect(try await w.standing(id) == .init(status: .queued, channel: "whatsapp", fallbacks: "email", queued: "whatsapp 0"))
        }
    }

    @Test("no channel that consent allows: silence changes nothing", arguments: TestEngine.allCases)
    func noWay(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            // The client has no e-mail address.
            let id = try await w.accept(fallbacks: [.email], fallbackAfter: 60)
            try await w.send("SM1")
            w.f.test.clock.advance(seconds: 61)
            _ = try await w.passDeadlines()
            #expect(try await w.standing(id) == .init(status: .sent, channel: "sms", fallbacks: "email", queued: nil))
        }
    }

    @Test("two sweeps and a receipt at once end as if they came one after the other", arguments: TestEngine.allCases)
    func races(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            var ids: [CommunicationID] = []
            for number in 0..<60 {
                ids.append(try await w.accept(fallbacks: [.whatsapp], client: "client-\(number)", fallbackAfter: 60))
                try await w.send("SM\(number)")
            }
            w.f.test.clock.advance(seconds: 61)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { while try await w.passDeadlines() != nil {} } }
                for number in 0..<60 {
                    group.addTask { try await w.tell(w.event("delivered", .delivered, of: "SM\(number)")) }
                    group.addTask { try await w.tell(w.event("undelivered", .bounced, of: "SM\(number)")) }
                }
                try await group.waitForAll()
            }
            for id in ids {
                #expect(try await w.standing(id) == .init(status: .delivered, channel: "sms", fallbacks: "whatsapp", queued: nil))
            }
        }
    }

    @Test("the members of a batch share one message and its fate, in one row of the queue", arguments: TestEngine.allCases)
    func batch(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let ids = try await w.acceptBatch(3, fallbacks: [.whatsapp])
            #expect(try await w.send("SM1") == 1)
            #expect(try await w.f.count("crm_provider_messages") == 3)
            try await w.tell(w.event("undelivered", .bounced), w.event("undelivered", .bounced))
            for id in ids { #expect(try await w.f.status(id) == .queued) }
            #expect(try await w.f.count("crm_delivery_queue") == 1)
            try await w.tell(w.event("delivered", .delivered))
            for id in ids {
                #expect(try await w.standing(id) == .init(status: .delivered, channel: "sms", fallbacks: "whatsapp", queued: nil))
            }
            #expect(try await w.f.count("crm_delivery_queue") == 0)
        }
    }
}
