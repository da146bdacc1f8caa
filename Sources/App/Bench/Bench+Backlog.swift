import Core
import Foundation
import Logging
import Storage

extension Bench {
    /// How long a claim takes with one thousand queued rows, and with many.
    func backlog(_ report: inout BenchReport) async throws {
        let store = try await Database.open(
            DatabaseConfiguration(url: database, clock: .system), logger: Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        do {
            try await store.migrate()
            try await claims(in: store, &report)
            await store.close()
        } catch {
            await store.close()
            throw error
        }
    }

    private func claims(in store: Database, _ report: inout BenchReport) async throws {
        let business = try await store.write { tx -> BusinessID in
            let id = UUIDv7(at: tx.now)
            try tx.insertBusiness(
                Business(
                    id: id, name: "Bench", postalAddress: "", supportEmail: "", timezone: "UTC", hours: .standard, defaultLanguage: "en",
                    brandColor: "#2f6f4f", logoURL: nil))
            return id
        }
        var stored = 0
        for target in [1000, 10_000, rows] where target > stored {
            try await fill(store, business: business, from: stored, to: target)
            stored = target
            let milliseconds = try await claimTime(in: store)
            report.add("one claim of 128 with \(target) queued, ms", rounded(milliseconds))
        }
    }

    /// The median of some claims, each given back afterwards.
    private func claimTime(in store: Database) async throws -> Double {
        var times: [Double] = []
        let clock = ContinuousClock()
        for _ in 0..<20 {
            let now = WallClock.system.now()
            let request = ClaimRequest(channel: .sms, limit: 128, token: 1, leaseUntil: now.adding(seconds: 20), now: now) { _, _ in .begin
            }
            let began = clock.now
            let result = try await store.claim(request)
            times.append((clock.now - began).inSeconds * 1000)
            guard result.begun.count == 128 else { throw BenchFailure("a claim brought \(result.begun.count) of 128") }
            let given = result.begun.map {
                AttemptOutcome(
                    id: $0.id, token: 1, channel: .sms, attempt: 1, startedAt: now, finishedAt: now, provider: "bench", sandbox: true,
                    members: [], result: .released(due: now))
            }
            _ = try await store.finish(given)
        }
        times.sort()
        return times[times.count / 2]
    }

    /// Rows `from + 1 … to`, all due, in chunks.
    private func fill(_ store: Database, business: BusinessID, from: Int, to: Int) async throws {
        var next = from
        while next < to {
            let (first, last) = (next + 1, min(next + 50_000, to))
            try await store.write { tx in
                let id: SQL =
                    tx.dialect == .sqlite
                    ? "('01900000-0000-7000-8000-' || printf('%012x', i))"
                    : "('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid"
                try tx.execute(
                    """
                    INSERT INTO crm_communications (communication_id, business_id, client_id, message_type, category, urgency, channel,
                        status, context, metadata, scheduled_for, created_at)
                    WITH RECURSIVE n (i) AS (SELECT \(first) UNION ALL SELECT i + 1 FROM n WHERE i < \(last))
                    SELECT \(id), \(business), 'bench', 'reminder', 'transactional', 'normal', 'sms', 'queued', \(json: Array("{}".utf8)),
                        \(json: Array("{}".utf8)), \(tx.now), \(tx.now) FROM n
                    """)
                try tx.execute(
                    """
                    INSERT INTO crm_delivery_queue (communication_id, business_id, client_id, channel, priority, due_at)
                    WITH RECURSIVE n (i) AS (SELECT \(first) UNION ALL SELECT i + 1 FROM n WHERE i < \(last))
                    SELECT \(id), \(business), 'bench', 'sms', 2, \(tx.now.milliseconds) - i FROM n
                    """)
            }
            next = last
        }
    }
}
