import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("Claims from a long queue") struct ClaimScaleTests {
    @Test("SQLite finds due rows through the due index, and what belongs to them by key")
    func plan() async throws {
        try await Fixture.with(.sqlite) { f in
            var statement = SQL(stringLiteral: "EXPLAIN QUERY PLAN " + SQLiteHotStatement.dueRows.text)
            statement.binds = [.text("email"), .int(3), .int(f.now.milliseconds), .int(21)]
            let explained = statement
            for analyzed in [false, true] {
                if analyzed {
                    try await fill(f, 0..<2_000)
                    try await f.database.write { tx in _ = try tx.run("ANALYZE") }
                }
                let steps = try await f.database.read { tx in try tx.run(explained).map { try $0.text(3) } }
                #expect(steps.first?.contains("idx_crm_delivery_queue_due (channel=? AND priority=? AND due_at<?)") == true)
                #expect(!steps.contains { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") }, "\(steps)")
            }
        }
    }

    @Test("PostgreSQL touches as many rows for a claim with 20,000 queued as with 200")
    func rows() async throws {
        try await Fixture.with(.postgresql) { f in
            try await fill(f, 0..<200)
            #expect(try await rowsTouched(f) < 500)
            try await fill(f, 200..<20_200)
            try await f.database.write { tx in _ = try tx.run("ANALYZE") }
            #expect(try await rowsTouched(f) < 500)
            #expect(try await f.claim(20).begun.count == 20)
        }
    }

    /// The most rows that one step of the claim's plan read when it was run: those it passed on and those it threw away.
    private func rowsTouched(_ f: Fixture) async throws -> Int {
        let values = [("$1", "'email'"), ("$2", "\(f.now.milliseconds)"), ("$3", "21")]
        let text = values.reduce(PostgresHotSQL.dueRows) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        let explain = SQL(stringLiteral: "EXPLAIN (ANALYZE, FORMAT JSON) " + text)
        let plan = try await f.database.write { tx in try tx.run(explain)[0].json(0) }
        let nodes = try JSONSerialization.jsonObject(with: Data(plan))
        return mostRows(nodes)
    }

    private func mostRows(_ value: Any) -> Int {
        if let values = value as? [Any] { return values.map(mostRows).max() ?? 0 }
        guard let node = value as? [String: Any] else { return 0 }
        let loops = node["Actual Loops"] as? Double ?? 1
        let own = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"].reduce(0.0) { sum, name in
            sum + (node[name] as? Double ?? 0) * loops
        }
        return max(Int(own), node.values.map(mostRows).max() ?? 0)
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
