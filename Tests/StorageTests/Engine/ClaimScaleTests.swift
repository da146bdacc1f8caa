import Core
import Storage
import TestSupport
import Testing

@Suite struct ClaimScaleTests {
    @Test("a claim finds its rows through the due index and never reads or sorts the whole queue", arguments: TestEngine.allCases)
    func plan(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            try await f.acceptDue(1)
            let due = f.now.milliseconds
            let plan = try await f.database.write { tx in
                if engine == .postgresql { _ = try tx.run("SET LOCAL enable_seqscan = off") }
                let rows = try tx.run(
                    """
                    \(unsafeSQL: engine == .sqlite ? "EXPLAIN QUERY PLAN" : "EXPLAIN") SELECT * FROM crm_delivery_queue
                    WHERE channel = 'email' AND priority = 2 AND due_at <= \(due) ORDER BY due_at LIMIT 10
                    """)
                return try rows.map { try $0.text(engine == .sqlite ? 3 : 0) }.joined(separator: "\n")
            }
            #expect(plan.contains("idx_crm_delivery_queue_due"))
            #expect(!plan.uppercased().contains("SORT") && !plan.contains("TEMP B-TREE"))
        }
    }

    @Test("claiming does as much work with 20,000 queued as with 200", arguments: TestEngine.allCases)
    func flat(_ engine: TestEngine) async throws {
        try await Fixture.with(engine) { f in
            func best() async throws -> Duration {
                var best = Duration.seconds(60)
                for _ in 0..<7 {
                    let start = ContinuousClock.now
                    let claimed = try await f.claim(20).begun.count
                    best = min(best, ContinuousClock.now - start)
                    #expect(claimed == 20)
                }
                return best
            }
            try await fill(f, 0..<200)
            let small = try await best()
            try await fill(f, 200..<20_200)
            let large = try await best()
            // A scan of the queue would take a hundred times as long; the factor leaves room for a busy machine.
            #expect(large < small * 15)
        }
    }

    private func fill(_ f: Fixture, _ numbers: Range<Int>) async throws {
        try await f.database.write { tx in
            let (business, now) = (Fixture.business, f.now)
            for number in numbers {
                let id = UUIDv7(at: now)
                try tx.execute(
                    """
                    INSERT INTO crm_communications (communication_id, business_id, client_id, message_type, category, urgency, channel,
                        status, context, metadata, scheduled_for, created_at)
                    VALUES (\(id), \(business), 'ada', 'welcome', 'transactional', 'low', 'email', 'queued', '{}', '{}', \(now), \(now))
                    """)
                try tx.execute(
                    """
                    INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at)
                    VALUES (\(id), \(business), 'ada', 'email', 3, \(now.milliseconds - Int64(number % 1000)))
                    """)
            }
        }
    }
}
