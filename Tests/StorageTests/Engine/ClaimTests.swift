import Core
import Storage
import TestSupport
import Testing

@Suite struct ClaimTests {
    @Test("a claim takes the due, urgent ones first, and says whether more wait", arguments: TestEngine.allCases)
    func order(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let low = try await f.acceptDue(2, urgency: .low)
            f.test.clock.advance(seconds: 1)
            let critical = try await f.acceptDue(1, urgency: .critical)
            _ = try await f.acceptDue(1, channel: .sms)
            let first = try await f.claim(2)
            #expect(first.begun.map(\.id) == critical + [low[0]])
            #expect(first.more)
            let second = try await f.claim(2)
            #expect(second.begun.map(\.id) == [low[1]])
            #expect(!second.more)
            let delivery = try #require(first.begun.first)
            #expect(delivery.client?.name == "Ada")
            #expect(delivery.attemptsBegun == 0)
            #expect(delivery.unknownSince == nil)
            #expect(delivery.fallbacks == [.sms])
            #expect(try await f.status(delivery.id) == .sending)
        }
    }

    @Test("what is due later is not claimed before its time", arguments: TestEngine.allCases)
    func waits(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let due = f.now.adding(seconds: 10)
            _ = try await f.database.accept(f.acceptance { plan, _, _ in plan.queue = .waiting(due: due) })
            #expect(try await f.database.nextDue(channel: .email) == due)
            #expect(try await f.database.nextDue(channel: .sms) == nil)
            #expect(try await f.claim().begun.isEmpty)
            f.test.clock.advance(seconds: 10)
            #expect(try await f.claim().begun.count == 1)
        }
    }

    @Test("concurrent claimers never take the same row", arguments: TestEngine.allCases)
    func noDoubles(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let ids = try await f.acceptDue(200)
            let second = engine == .postgresql ? try await f.test.openAnother() : f.database
            let claimed = try await withThrowingTaskGroup(of: [CommunicationID].self) { group in
                for worker in 0..<4 {
                    let database = worker % 2 == 0 ? f.database : second
                    group.addTask {
                        var mine: [CommunicationID] = []
                        while true {
                            let result = try await f.claim(7, token: Int64(worker), on: database)
                            mine += result.begun.map(\.id)
                            if result.begun.isEmpty && !result.more { return mine }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 200)
            #expect(Set(claimed) == Set(ids))
            if engine == .postgresql { await second.close() }
        }
    }

    @Test("an expired lease is taken over, and the late finisher changes nothing", arguments: TestEngine.allCases)
    func takeOver(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let id = try await f.acceptDue()[0]
            let started = f.now
            _ = try await f.claim(token: 1)
            f.test.clock.advance(seconds: 59)
            #expect(try await f.claim(token: 2).begun.isEmpty)
            f.test.clock.advance(seconds: 1)
            let again = try await f.claim(token: 2)
            #expect(again.begun.map(\.id) == [id])
            #expect(again.begun.first?.unknownSince == started)
            #expect(again.begun.first?.attemptsBegun == 1)
            #expect(try await f.database.finish([f.outcome(id, token: 1, .failed(failure, needsReview: true))]) == [id])
            #expect(try await f.status(id) == .sending)
            #expect(try await f.database.extendLeases([id], token: 1, until: f.now.adding(seconds: 600)).isEmpty)
            #expect(try await f.database.finish([f.outcome(id, token: 2, .sent(providerMessageID: nil, response: "250 ok"))]).isEmpty)
            #expect(try await f.status(id) == .sent)
            #expect(try await f.events(id) == ["attempt_unknown", "late_outcome", "sent"])
        }
    }

    @Test(
        "a late record of sending, or one for another channel, neither ends the successor's lease nor changes the status",
        arguments: TestEngine.allCases)
    func lateSent(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let id = try await f.acceptDue()[0]
            _ = try await f.claim(token: 1)
            f.test.clock.advance(seconds: 60)
            _ = try await f.claim(token: 2)
            let sent = AttemptOutcome.Result.sent(providerMessageID: nil, response: "250 ok")
            #expect(try await f.database.finish([f.outcome(id, token: 1, sent)]) == [id])
            var elsewhere = f.outcome(id, token: 2, sent)
            elsewhere.channel = .sms
            #expect(try await f.database.finish([elsewhere]) == [id])
            #expect(try await f.status(id) == .sending)
            #expect(try await f.count("crm_delivery_queue") == 1)
            #expect(try await f.database.finish([f.outcome(id, token: 2, sent)]).isEmpty)
            #expect(try await f.status(id) == .sent)
        }
    }

    @Test("a heartbeat keeps a lease", arguments: TestEngine.allCases)
    func heartbeat(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let id = try await f.acceptDue()[0]
            _ = try await f.claim(token: 1)
            #expect(try await f.database.extendLeases([id], token: 1, until: f.now.adding(seconds: 120)) == [id])
            f.test.clock.advance(seconds: 100)
            #expect(try await f.claim(token: 2).begun.isEmpty)
        }
    }

    @Test("a hand-off is leased from its acceptance on", arguments: TestEngine.allCases)
    func handOff(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let acceptance = f.acceptance { plan, _, now in
                plan.status = .sending
                plan.queue = .handedOff(token: 5, leaseUntil: now.adding(seconds: 60))
            }
            _ = try await f.database.accept(acceptance)
            #expect(try await f.claim().begun.isEmpty)
            f.test.clock.advance(seconds: 60)
            #expect(try await f.claim(token: 6).begun.first?.unknownSince == f.now.adding(seconds: -60))
        }
    }

    @Test("a gate can postpone, move and suppress", arguments: TestEngine.allCases)
    func gate(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let ids = try await f.acceptDue(3)
            let until = f.now.adding(seconds: 60)
            let result = try await f.claim { delivery, _ in
                if delivery.id == ids[0] { return .postpone(until: until, because: rule) }
                if delivery.id == ids[1] { return .moveTo(.sms, remaining: [], because: rule) }
                return .suppress(because: rule)
            }
            #expect(result.begun.isEmpty)
            #expect(result.turnedAway == 3)
            #expect(try await f.status(ids[0]) == .pending)
            #expect(try await f.events(ids[0]) == ["postponed"])
            #expect(try await f.status(ids[1]) == .queued)
            #expect(try await f.column("channel", ids[1]) == "sms")
            #expect(try await f.claim(channel: .sms).begun.map(\.id) == [ids[1]])
            #expect(try await f.status(ids[2]) == .suppressed)
            #expect(try await f.column("error_message", ids[2]) == "night")
            #expect(try await f.claim().begun.isEmpty)
            f.test.clock.advance(seconds: 60)
            #expect(try await f.claim().begun.map(\.id) == [ids[0]])
        }
    }

    @Test("after an opt-out is acknowledged no attempt begins", arguments: TestEngine.allCases)
    func optOutWins(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            let second = engine == .postgresql ? try await f.test.openAnother() : f.database
            for round in 0..<10 {
                let client = "c\(round)"
                try await f.acceptDue(20, client: client)
                // Everything claimed after the opt-out has returned must have seen it.
                async let optOut: Void = second.write { tx in
                    try tx.lockConsent(Fixture.business, f.client(client))
                    _ = try tx.run(
                        """
                        INSERT INTO crm_client_preferences (business_id, client_id, opt_out_email, created_at, updated_at)
                        VALUES (\(Fixture.business), \(client), \(true), \(tx.now), \(tx.now))
                        """)
                }
                let gate: @Sendable (DueDelivery, Timestamp) -> ClaimDecision = { delivery, _ in
                    delivery.client?.stated.optOuts.contains(.email) == true ? .suppress(because: rule) : .begin
                }
                _ = try await f.claim(10, gate: gate)
                try await optOut
                #expect(try await f.claim(100, gate: gate).begun.isEmpty)
            }
            if engine == .postgresql { await second.close() }
        }
    }

    @Test("a claim waits for an opt-out in progress and then sees it", arguments: [TestEngine.postgresql])
    func consentLock(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            try await f.acceptDue(1)
            let (locked, locks) = AsyncStream.makeStream(of: Void.self)
            async let optOut: Void = f.database.write { tx in
                try tx.lockConsent(Fixture.business, f.client("ada"))
                locks.finish()
                // Until the claim below waits for the lock; without one it would begin the attempt meanwhile, and this would not end.
                _ = try tx.run(
                    """
                    DO $$ BEGIN
                        WHILE NOT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                            WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted) LOOP
                            PERFORM pg_sleep(0.005);
                        END LOOP;
                    END $$
                    """)
                _ = try tx.run(
                    """
                    INSERT INTO crm_client_preferences (business_id, client_id, opt_out_email, created_at, updated_at)
                    VALUES (\(Fixture.business), 'ada', \(true), \(tx.now), \(tx.now))
                    """)
            }
            for await _ in locked {}
            let result = try await f.claim { delivery, _ in
                delivery.client?.stated.optOuts.contains(.email) == true ? .suppress(because: rule) : .begin
            }
            try await optOut
            #expect(result.begun.isEmpty)
            #expect(result.turnedAway == 1)
        }
    }
}
