import Core
import Foundation
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Web

@Suite("Health, readiness, metrics")
struct OperationsTests {
    @Test("health and metrics need no key")
    func open() async throws {
        try await World.run { _, api in
            let stranger = api.with(key: nil)
            #expect(try await stranger.get("/healthz").text == #"{"status":"ok"}"#)
            let metrics = try await stranger.get("/metrics")
            #expect(metrics.text == "up 1\n")
            #expect(metrics.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
        }
    }

    @Test("ready means that no part has failed; the answer names each")
    func readiness() async throws {
        let well = Readiness.Check("database") { Readiness.Finding(.ok) }
        let lame = Readiness.Check("email") { Readiness.Finding(.degraded, detail: "no answer from the relay") }
        let broken = Readiness.Check("cache") { Readiness.Finding(.failed, detail: "gone") }
        try await World.run(readiness: Readiness(checks: [well, lame])) { _, api in
            let reply = try await api.with(key: nil).get("/readyz")
            #expect(reply.status == 200)
            #expect(try reply.string("status") == "ready")
            #expect(try reply.string("components.email.status") == "degraded")
        }
        try await World.run(readiness: Readiness(checks: [well, broken])) { _, api in
            let reply = try await api.with(key: nil).get("/readyz")
            #expect(reply.status == 503)
            #expect(try reply.string("status") == "not_ready")
            #expect(try reply.string("components.database.status") == "ok")
            #expect(try reply.string("components.cache.detail") == "gone")
        }
    }

    @Test("a part that hangs is reported as failed when its time is up, and the others are still heard")
    func hangingPart() async throws {
        let (never, _) = AsyncStream<Void>.makeStream()
        let hanging = Readiness.Check("database") {
            for await _ in never {}
            // Ends only when the check is cancelled, after the answer.
            return Readiness.Finding(.ok)
        }
        let slept = Mutex<[Duration]>([])
        let well = Readiness.Check("email") { Readiness.Finding(.ok) }
        // The time is up at once.
        let impatient = Readiness(checks: [hanging, well]) { duration in slept.withLock { $0.append(duration) } }
        let report = await impatient.report()
        #expect(!report.isReady)
        #expect(report.components.map(\.name) == ["database", "email"])
        #expect(report.components.first?.state == .failed)
        #expect(slept.withLock { $0.allSatisfy { $0 == Readiness.patience } })
        #expect(Readiness.patience < .seconds(5))
    }

    @Test("a part that is not needed for accepting messages only degrades while it hangs")
    func hangingProvider() async throws {
        let (never, _) = AsyncStream<Void>.makeStream()
        let hanging = Readiness.Check("sms", silence: .degraded) {
            for await _ in never {}
            return Readiness.Finding(.ok)
        }
        let report = await Readiness(checks: [hanging]) { _ in }.report()
        #expect(report.isReady)
        #expect(report.components.first?.state == .degraded && report.components.first?.detail == "no answer in time")
    }

    @Test("while the store is away, writes and reads are 503 and a batch is no partial success", arguments: TestEngine.allCases)
    func storeAway(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            // The key is known from before.
            #expect(try await api.get("/api/crm/communications").status == 200)
            await world.database.close()
            let body = #"{"client_id":"c","message_type":"welcome","recipient":{"email":"a@example.org"}}"#
            for reply in [
                try await api.get("/api/crm/communications"), try await api.post("/api/crm/communications", body),
                try await api.with("Idempotency-Key", "k").post("/api/crm/communications", body),
                try await api.post("/api/crm/communications/batch", #"{"requests":[\#(body),\#(body)]}"#),
                try await api.with(key: "unknown").get("/api/crm/communications"),
            ] {
                try reply.expectProblem(503, "unavailable")
                #expect(reply.header("retry-after") != nil)
            }
            #expect(try await api.get("/healthz").status == 200)
        }
    }
}
