import Core
import Foundation
import Storage
import Testing

@testable import App

@Suite("Demo")
struct DemoTests {
    @Test("a fresh database gets a business with messages in every state; a filled one is refused")
    func demo() async throws {
        let folder = try TemporaryFolder()
        let source = try SettingsSource(environment: ["DATABASE_URL": "sqlite:\(folder.path)/demo.sqlite"])
        let settings = try Settings(source)
        let now = Timestamp(milliseconds: 1_795_248_930_007)
        let clock = DemoClock(now.adding(seconds: -42 * 86_400))
        try await Store.with(settings, clock: clock.wallClock) { store in
            let run = DemoRun(store: store, clock: clock, now: now, firstAPIKey: nil)
            let summary = try await run.run()
            #expect(summary.clients == 12)
            #expect(summary.communications == 60)
            #expect(summary.apiKey?.hasPrefix("rk_") == true)
            let states = Dictionary(uniqueKeysWithValues: summary.states.map { ($0.status, $0.count) })
            for state in ["pending", "sent", "delivered", "opened", "clicked", "failed", "suppressed", "cancelled"] {
                #expect((states[state] ?? 0) > 0, "\(state)")
            }
            #expect(states["sending"] == nil && states["queued"] == nil)

            let (late, doubled, shown) = try await store.database.read { tx in
                (
                    try tx.run("SELECT COUNT(*) FROM crm_communications WHERE sent_at > \(now) OR clicked_at > \(now)").first?.int(0),
                    try tx.run(
                        "SELECT COUNT(*) FROM (SELECT communication_id FROM crm_sandbox_messages GROUP BY communication_id HAVING COUNT(*) > 1) AS d"
                    ).first?.int(0), try tx.run("SELECT COUNT(*) FROM crm_sandbox_messages").first?.int(0)
                )
            }
            #expect(late == 0)
            #expect(doubled == 0)
            #expect((shown ?? 0) > 40)
            await #expect(throws: CommandFailure.self) { try await run.run() }
        }
    }
}
