import Communications
import Core
import Observability
import Storage
import Testing

@testable import App

@Suite("Assembly")
struct AssemblyTests {
    @Test("the parts fit: what is accepted for later waits in the queue, and the metrics say so")
    func parts() async throws {
        let folder = try TemporaryFolder()
        let settings = try Settings(SettingsSource(environment: ["DATABASE_URL": "sqlite:\(folder.path)/rapport.sqlite"]))
        let registry = MetricsRegistry()
        let assembly = try await Assembly.build(settings, registry: registry)
        let business = try #require(assembly.bootstrap?.business)
        #expect(assembly.bootstrap?.generatedKey?.hasPrefix("rk_") == true)

        let request = CommunicationRequest(
            clientID: try #require(ClientID("ada")), messageType: "welcome", sendAt: assembly.clock.now().adding(seconds: 86_400 * 30),
            recipient: RecipientUpdate(name: "Ada", email: "ada@example.org"))
        _ = try await assembly.orchestrator.submit(request, business: business, idempotency: nil)
        let sampler = MetricsSampler(
            database: assembly.store.database, metrics: assembly.metrics, mail: nil, engine: assembly.engine, registry: registry)
        await sampler.runOnce()

        let text = String(decoding: registry.render(), as: UTF8.self)
        #expect(text.contains("rapport_queue_depth{state=\"waiting\"} 1.0\n"))
        #expect(text.contains("rapport_queue_depth{state=\"due\"} 0.0\n"))
        #expect(text.contains("crm_communications_total{channel=\"email\",message_type=\"welcome\",status=\"pending\"} 1\n"))
        #expect(!text.contains("rapport_commit_batch_size_count 0\n"))
        #expect(!text.contains("ada"))
        await assembly.store.database.close()
    }

    @Test("a second start finds the business and prints no key again")
    func secondStart() async throws {
        let folder = try TemporaryFolder()
        let settings = try Settings(SettingsSource(environment: ["DATABASE_URL": "sqlite:\(folder.path)/rapport.sqlite"]))
        for start in 1...2 {
            let assembly = try await Assembly.build(settings, registry: MetricsRegistry())
            #expect((assembly.bootstrap == nil) == (start == 2))
            await assembly.store.database.close()
        }
    }

    @Test("the start line tells where things are and shows no secret")
    func greeting() throws {
        let settings = try Settings(
            SettingsSource(environment: [
                "HOST": "::1", "SMTP_HOST": "mail.example.org", "SMTP_USERNAME": "u", "SMTP_PASSWORD": "hunter2",
                "SMTP_FROM_EMAIL": "events@example.org",
            ]))
        let text = Serve.greeting(settings, port: 8080, database: "SQLite (x)")
        #expect(text.contains("http://[::1]:8080\n"))
        #expect(text.contains("mail.example.org:587 as events@example.org"))
        #expect(!text.contains("hunter2"))
    }

    @Test(
        "the name for EHLO is the public host where there is one",
        arguments: [
            ("https://crm.example.org/base", "crm.example.org"), ("http://localhost:8080", "localhost"), ("http://192.0.2.1", "localhost"),
        ])
    func clientName(address: String, name: String) throws {
        #expect(try Settings(SettingsSource(environment: ["API_BASE_URL": address])).mailClientName == name)
    }
}
