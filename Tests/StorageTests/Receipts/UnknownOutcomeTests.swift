import Core
import TestSupport
import Testing

@testable import Storage

private let unknown = AttemptFailure(category: AttemptFailure.unknown, message: "no answer")
private let limited = AttemptFailure(category: "rate_limit", message: "429")

@Suite struct UnknownOutcomeTests {
    @Test("an unknown outcome is remembered until somebody has looked, over retries and take-overs", arguments: TestEngine.allCases)
    func remembered(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            let first = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(first.lookUpSince == nil)
            let began = w.f.now
            _ = try await w.f.database.finish([w.outcome(first, .retry(at: w.f.now, unknown))])
            w.f.test.clock.advance(seconds: 10)
            let second = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(second.lookUpSince == began)
            #expect(second.unknownSince == nil)
            _ = try await w.f.database.finish([w.outcome(second, .retry(at: w.f.now, limited))])
            w.f.test.clock.advance(seconds: 10)
            // Put off by the gate: still to be looked up.
            _ = try await w.f.claim(channel: .sms) { _, now in .postpone(until: now.adding(seconds: 5), because: rule) }
            w.f.test.clock.advance(seconds: 10)
            let third = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(third.lookUpSince == began)
            #expect(third.rateLimited == 1)
            // A process that died: its lease runs out.
            w.f.test.clock.advance(seconds: 100)
            let fourth = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(fourth.lookUpSince == began)
            #expect(fourth.unknownSince != nil)
            _ = try await w.f.database.finish([w.outcome(fourth, .fallback(to: .whatsapp, remaining: [], failure))])
            let fifth = try #require(try await w.f.claim(channel: .whatsapp).begun.first)
            #expect(fifth.lookUpSince == nil)
            #expect(fifth.rateLimited == 0)
            #expect(try await w.f.status(id) == .sending)
        }
    }

    @Test(
        "a lease that ran out is to be looked up from the moment it began, also when the gate puts it off", arguments: TestEngine.allCases)
    func takenOver(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            _ = try await w.accept()
            let began = w.f.now
            _ = try await w.f.claim(channel: .sms)
            w.f.test.clock.advance(seconds: 100)
            _ = try await w.f.claim(channel: .sms) { due, now in
                #expect(due.lookUpSince == began)
                return .postpone(until: now.adding(seconds: 5), because: rule)
            }
            w.f.test.clock.advance(seconds: 100)
            let next = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(next.lookUpSince == began)
            #expect(next.unknownSince == nil)
        }
    }

    @Test("every lease that runs out is counted, until an outcome is recorded", arguments: TestEngine.allCases)
    func counted(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            for count in 0..<4 {
                let due = try #require(try await w.f.claim(channel: .sms).begun.first)
                #expect(due.takeovers == count)
                w.f.test.clock.advance(seconds: 100)
            }
            let due = try #require(try await w.f.claim(channel: .sms).begun.first)
            _ = try await w.f.database.finish([w.outcome(due, .retry(at: w.f.now, failure))])
            let next = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(next.takeovers == 0)
            w.f.test.clock.advance(seconds: 100)
            _ = try await w.f.claim(channel: .sms) { _, _ in .fail(AttemptFailure(category: "unknown", message: "enough")) }
            #expect(try await w.f.status(id) == .failed)
            #expect(try await w.f.column("error_message", id) == "enough")
            #expect(try await w.f.count("crm_delivery_queue") == 0)
            let review = try await w.f.database.read { tx in
                try tx.run("SELECT needs_review FROM crm_communications WHERE communication_id = \(id)")[0].bool(0)
            }
            #expect(review)
            #expect(try await w.f.events(id).last == "failed")
        }
    }

    @Test("a receipt that names our own id proves that the provider has the message: it is not sent again", arguments: TestEngine.allCases)
    func referenced(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            let due = try #require(try await w.f.claim(channel: .sms).begun.first)
            _ = try await w.f.database.finish([w.outcome(due, .retry(at: w.f.now.adding(seconds: 60), unknown))])
            #expect(try await w.f.status(id) == .pending)
            let summary = try await w.tell(w.event("sent", .sent, reference: id))
            #expect(summary.reached.map(\.status) == [.sent])
            #expect(try await w.standing(id) == .init(status: .sent, channel: "sms", fallbacks: "", queued: nil))
            w.f.test.clock.advance(seconds: 1_000)
            #expect(try await w.f.claim(channel: .sms).begun.isEmpty)
            // From now on the provider's id is known.
            try await w.tell(w.event("delivered", .delivered))
            #expect(try await w.f.status(id) == .delivered)
        }
    }

    @Test("a receipt that overtakes the record of sending is not undone by it, whatever the record says", arguments: TestEngine.allCases)
    func overtakes(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            for (number, result) in [
                AttemptOutcome.Result.sent(providerMessageID: "SM0", response: nil), .retry(at: w.f.now, unknown),
                .fallback(to: .whatsapp, remaining: [], failure), .released(due: w.f.now),
            ].enumerated() {
                let id = try await w.accept(fallbacks: [.whatsapp])
                let due = try #require(try await w.f.claim(channel: .sms).begun.first)
                let summary = try await w.tell(w.event("sent", .sent, of: "SM\(number)", reference: id))
                // The record of sending will say so itself.
                #expect(summary.reached.isEmpty)
                #expect(try await w.f.status(id) == .sent)
                _ = try await w.f.database.finish([w.outcome(due, result)])
                #expect(try await w.standing(id).status == .sent)
                #expect(try await w.standing(id).queued == nil)
                #expect(try await w.f.claim(channel: .sms).begun.isEmpty)
                #expect(try await w.f.claim(channel: .whatsapp).begun.isEmpty)
                try await w.tell(w.event("delivered", .delivered, of: "SM\(number)"))
                #expect(try await w.f.status(id) == .delivered)
            }
            #expect(try await w.f.count("crm_provider_messages") == 4)
        }
    }

    @Test("a dead process's message that a receipt has settled is not taken over", arguments: TestEngine.allCases)
    func settledBeforeTakeover(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            _ = try await w.f.claim(channel: .sms)
            try await w.tell(w.event("delivered", .delivered, reference: id))
            w.f.test.clock.advance(seconds: 100)
            let claim = try await w.f.claim(channel: .sms)
            #expect(claim.begun.isEmpty)
            #expect(claim.turnedAway == 1)
            #expect(try await w.standing(id) == .init(status: .delivered, channel: "sms", fallbacks: "", queued: nil))
        }
    }

    @Test("the failure of a message that is not recorded yet waits for the record", arguments: TestEngine.allCases)
    func failureWaits(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp])
            let due = try #require(try await w.f.claim(channel: .sms).begun.first)
            // First the word that it was taken, then that it failed, both before our own record.
            try await w.tell(w.event("sent", .sent, reference: id), w.event("failed", .bounced, reference: id))
            #expect(try await w.f.status(id) == .sent)
            #expect(try await w.match().kept == 0)
            #expect(try await w.f.count("crm_unmatched_events") == 1)
            _ = try await w.f.database.finish([w.outcome(due, .sent(providerMessageID: "SM1", response: nil))])
            #expect(try await w.match().matched == 1)
            #expect(try await w.standing(id) == .init(status: .queued, channel: "whatsapp", fallbacks: "", queued: "whatsapp 0"))
        }
    }

    @Test("the members of a batch that timed out are settled with their leader", arguments: TestEngine.allCases)
    func referencedBatch(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let ids = try await w.acceptBatch(3)
            let due = try #require(try await w.f.claim(channel: .sms).begun.first)
            #expect(due.members.count == 2)
            _ = try await w.f.database.finish([
                w.outcome(due, members: due.members.map(\.id), .retry(at: w.f.now.adding(seconds: 60), unknown))
            ])
            try await w.tell(w.event("delivered", .delivered, reference: due.id))
            for id in ids { #expect(try await w.standing(id).status == .delivered) }
            w.f.test.clock.advance(seconds: 1_000)
            #expect(try await w.f.claim(channel: .sms).begun.isEmpty)
            #expect(try await w.f.count("crm_delivery_queue") == 0)
            #expect(try await w.f.count("crm_provider_messages") == 3)
        }
    }

    @Test("an old failure told again does not touch what a person asked to be tried again", arguments: TestEngine.allCases)
    func retriedByHand(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept()
            try await w.send("SM1")
            try await w.tell(w.event("undelivered", .bounced, category: .transient))
            w.f.test.clock.advance(seconds: 100)
            let due = try #require(try await w.f.claim(channel: .sms).begun.first)
            _ = try await w.f.database.finish([w.outcome(due, .failed(failure, needsReview: true))])
            try await w.f.database.write { tx in
                _ = try CommunicationControl.retryFailed(id, business: Fixture.business, due: tx.now.adding(seconds: 50), tx)
            }
            try await w.tell(w.event("failed", .bounced))
            #expect(try await w.standing(id) == .init(status: .queued, channel: "sms", fallbacks: "", queued: "sms 0"))
            try await w.tell(w.event("delivered", .delivered))
            #expect(try await w.standing(id) == .init(status: .delivered, channel: "sms", fallbacks: "", queued: nil))
        }
    }

    @Test("a late record of sending makes its message known, but never the newest", arguments: TestEngine.allCases)
    func lateRecord(_ engine: TestEngine) async throws {
        try await ReceiptWorld.with(engine) { w in
            let id = try await w.accept(fallbacks: [.whatsapp])
            let lost = try #require(try await w.f.claim(channel: .sms).begun.first)
            w.f.test.clock.advance(seconds: 100)
            let taken = try #require(try await w.f.claim(token: 8, channel: .sms).begun.first)
            _ = try await w.f.database.finish([w.outcome(taken, token: 8, .sent(providerMessageID: "SM2", response: nil))])
            #expect(try await w.f.database.finish([w.outcome(lost, .sent(providerMessageID: "SM1", response: nil))]) == [id])
            try await w.tell(w.event("undelivered", .bounced, of: "SM1"))
            #expect(try await w.f.status(id) == .sent)
            try await w.tell(w.event("delivered", .delivered, of: "SM1"))
            #expect(try await w.f.status(id) == .delivered)
        }
    }
}
