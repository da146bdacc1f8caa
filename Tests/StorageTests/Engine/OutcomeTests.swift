import Core
import Storage
import TestSupport
import Testing

@Suite struct OutcomeTests {
    @Test("a sent attempt leaves the queue and keeps one event", arguments: TestEngine.allCases)
    func sent(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let ids = try await f.acceptDue(3)
            _ = try await f.claim()
            f.test.clock.advance(seconds: 1)
            let lost = try await f.database.finish(ids.map { f.outcome($0, .sent(providerMessageID: "m\"1", response: "250 \"ok\"\n")) })
            #expect(lost.isEmpty)
            #expect(try await f.count("crm_delivery_queue") == 0)
            for id in ids {
                #expect(try await f.status(id) == .sent)
                #expect(try await f.events(id) == ["sent"])
            }
            let row = try await f.database.read { tx in
                try tx.run(
                    """
                    SELECT c.sent_at, l.provider_message_id, l.provider_response, l.attempt, l.started_at, l.event_timestamp, c.sandbox
                    FROM crm_communications c JOIN crm_delivery_logs l ON l.communication_id = c.communication_id
                    """)[0]
            }
            #expect(try row.time(0) == f.now)
            #expect(try row.text(1) == "m\"1")
            #expect(try row.json(2) == Array(#""250 \"ok\"\u000a""#.utf8))
            #expect(try row.int(3) == 1)
            #expect(try row.time(4) == f.now)
            #expect(try row.bool(6) == false)
        }
    }

    @Test("a record of sending never takes back a delivery that was reported earlier", arguments: TestEngine.allCases)
    func deliveredFirst(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let id = try await f.acceptDue()[0]
            _ = try await f.claim()
            try await f.database.write { tx in
                _ = try tx.run(
                    "UPDATE crm_communications SET status = 'delivered', delivered_at = \(tx.now) WHERE communication_id = \(id)")
            }
            _ = try await f.database.finish([f.outcome(id, .sent(providerMessageID: nil, response: nil))])
            #expect(try await f.status(id) == .delivered)
            #expect(try await f.column("sent_at", id) != nil)
        }
    }

    @Test("a retry waits, falls back, is released or fails as told", arguments: TestEngine.allCases)
    func others(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let ids = try await f.acceptDue(5)
            _ = try await f.claim()
            let later = f.now.adding(seconds: 60)
            let lost = try await f.database.finish([
                f.outcome(ids[0], .retry(at: later, failure)),
                f.outcome(ids[1], .fallback(to: .sms, remaining: [.whatsapp], failure)),
                f.outcome(ids[2], .failed(failure, needsReview: true)),
                f.outcome(ids[3], .bounced(failure)),
                f.outcome(ids[4], .released(due: f.now)),
            ])
            #expect(lost.isEmpty)
            #expect(try await f.status(ids[0]) == .pending)
            #expect(try await f.column("retry_count", ids[0]) == "1")
            #expect(try await f.events(ids[0]) == ["attempt_failed"])
            #expect(try await f.column("channel", ids[1]) == "sms")
            #expect(try await f.column("fallback_channels", ids[1]) == "whatsapp")
            #expect(try await f.events(ids[1]) == ["attempt_failed", "fallback"])
            #expect(try await f.status(ids[2]) == .failed)
            #expect(try await f.column("error_message", ids[2]) == "421 later")
            #expect(try await f.status(ids[3]) == .bounced)
            #expect(try await f.events(ids[4]) == [])

            let moved = try await f.claim(channel: .sms)
            #expect(moved.begun.map(\.id) == [ids[1]])
            #expect(moved.begun.first?.attemptsBegun == 0)
            let released = try await f.claim(leaseSeconds: 600)
            #expect(released.begun.map(\.id) == [ids[4]])
            #expect(released.begun.first?.attemptsBegun == 0)
            #expect(released.begun.first?.unknownSince == nil)
            f.test.clock.advance(seconds: 60)
            let retried = try await f.claim()
            #expect(retried.begun.map(\.id) == [ids[0]])
            #expect(retried.begun.first?.attemptsBegun == 1)
        }
    }

    @Test("the members of a batch share its leader's fate", arguments: TestEngine.allCases)
    func members(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let batch = UUIDv7(at: f.now)
            let leader = f.acceptance { plan, _, now in plan.batch = .open(id: batch, closesAt: now) }
            let member = f.acceptance { plan, _, now in
                plan.queue = .none
                plan.batch = .join(id: batch, leader: leader.id, closesNow: false, leaderDue: now)
            }
            _ = try await f.database.accept(leader)
            _ = try await f.database.accept(member)
            let claimed = try await f.claim()
            #expect(claimed.begun.first?.members.map(\.id) == [member.id])
            _ = try await f.database.finish([
                f.outcome(leader.id, members: [member.id], .sent(providerMessageID: nil, response: nil))
            ])
            #expect(try await f.status(leader.id) == .sent)
            #expect(try await f.status(member.id) == .sent)
            #expect(try await f.events(member.id) == ["sent"])
        }
    }

    @Test("an erased communication's outcome harms nobody", arguments: TestEngine.allCases)
    func erased(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let ids = try await f.acceptDue(2)
            _ = try await f.claim()
            try await f.database.write { tx in _ = try tx.run("DELETE FROM crm_communications WHERE communication_id = \(ids[0])") }
            let lost = try await f.database.finish(ids.map { f.outcome($0, .sent(providerMessageID: nil, response: nil)) })
            #expect(lost == [ids[0]])
            #expect(try await f.status(ids[1]) == .sent)
        }
    }

    @Test("cancelling takes a waiting one out, and comes too late for one on its way", arguments: TestEngine.allCases)
    func cancel(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let ids = try await f.acceptDue(2)
            func cancel(_ id: CommunicationID, _ business: BusinessID = Fixture.business) async throws -> CancelResult {
                try await f.database.write { tx in try CommunicationControl.cancel(id, business: business, tx) }
            }
            #expect(try await cancel(ids[0], UUIDv7(at: f.now)) == .notFound)
            #expect(try await cancel(ids[0]) == .cancelled)
            #expect(try await cancel(ids[0]) == .tooLate(.cancelled))
            #expect(try await f.claim().begun.map(\.id) == [ids[1]])
            #expect(try await cancel(ids[1]) == .tooLate(.sending))
            #expect(try await f.events(ids[0]) == ["cancelled"])
        }
    }

    @Test("when a batch's leader is cancelled, a member leads on", arguments: TestEngine.allCases)
    func cancelLeader(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let batch = UUIDv7(at: f.now)
            let leader = f.acceptance { plan, _, now in plan.batch = .open(id: batch, closesAt: now) }
            _ = try await f.database.accept(leader)
            var members: [CommunicationID] = []
            for _ in 0..<2 {
                f.test.clock.advance(milliseconds: 1)
                let member = f.acceptance { plan, _, now in
                    plan.status = .pending
                    plan.queue = .none
                    plan.batch = .join(id: batch, leader: leader.id, closesNow: false, leaderDue: now)
                }
                _ = try await f.database.accept(member)
                members.append(member.id)
            }
            let result = try await f.database.write { tx in try CommunicationControl.cancel(leader.id, business: Fixture.business, tx) }
            #expect(result == .cancelled)
            let claimed = try await f.claim()
            #expect(claimed.begun.map(\.id) == [members[0]])
            #expect(claimed.begun.first?.members.map(\.id) == [members[1]])
        }
    }

    @Test("only a failed one is tried again, from its first attempt on", arguments: TestEngine.allCases)
    func retry(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let id = try await f.acceptDue()[0]
            func retry() async throws -> RetryResult {
                try await f.database.write { tx in try CommunicationControl.retryFailed(id, business: Fixture.business, due: tx.now, tx) }
            }
            #expect(try await retry() == .notFailed(.queued))
            _ = try await f.claim()
            _ = try await f.database.finish([f.outcome(id, .failed(failure, needsReview: true))])
            #expect(try await retry() == .queued)
            let claimed = try await f.claim()
            #expect(claimed.begun.first?.attemptsBegun == 0)
            #expect(try await f.column("failed_at", id) == nil)
        }
    }
}
