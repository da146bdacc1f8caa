import Core
import Foundation
import HTTPTypes
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("The export of a person")
struct ExportTests {
    /// Where each table's part of a person stands in the export; nil where a table has nothing that the others do not say.
    private static let places: [String: String?] = [
        "crm_access_log": "access_log.0.actor_id", "crm_batches": "batches.0.batch_id", "crm_client_preferences": "preferences.opt_out_sms",
        "crm_client_tags": "client.tags.0", "crm_clients": "client.email",
        "crm_communication_attachments": "communications.0.attachments.0.content_base64",
        "crm_communications": "communications.0.context.word",
        "crm_delivery_logs": "communications.1.events.1.provider_message_id", "crm_delivery_queue": "delivery_queue.0.communication_id",
        "crm_event_attempts": "event_attempts.0.response", "crm_event_deliveries": "event_deliveries.0.status",
        // Which of the person's events are on their way stands with the events.
        "crm_event_lanes": nil,
        "crm_idempotency_records": "idempotency_records.0.answer.name", "crm_outgoing_events": "outgoing_events.0.data.text",
        "crm_ledger_entries": "consent_history.0.evidence", "crm_opt_in_requests": "opt_in_requests.0.statement",
        "crm_soft_bounces": "soft_bounces.0.communication_id",
        "crm_provider_messages": "provider_messages.0.provider_message_id",
        "crm_receipt_deadlines": "receipt_deadlines.0.provider_message_id", "crm_replies": "replies.0.text",
        "crm_sandbox_messages": "communications.1.sandbox_messages.0.to", "crm_unmatched_events": "provider_reports.2.failure_message",
        "crm_whatsapp_windows": "whatsapp_windows.0.last_inbound_at",
    ]

    private static func settle(_ world: World) async throws {
        _ = try await MarkedPerson.settle(in: world.database, cipher: world.cipher, business: world.here.id, at: world.clock.now)
    }

    @Test("it holds what every table has of the person", arguments: TestEngine.allCases)
    func complete(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.settle(world)
            let export = try await api.get("/api/crm/clients/\(MarkedPerson.client.text)/export")
            #expect(export.status == 200 && export.header("content-type") == "application/json")
            for (table, rule) in PersonalDataRule.tables where rule == .erased {
                let place = try #require(Self.places[table], "\(table) is missing in the export or in this test")
                guard let place else { continue }
                #expect(try export.value(place).map { !$0.isNull } == true, "\(table) should stand under \(place)")
            }
            #expect(try export.string("audit_log.0.details.word") == "quxmark")
            #expect(try export.string("client.phone_number") == MarkedPerson.phone)
            #expect(try export.string("replies_of_their_number.0.text") == "quxmark reply")
            #expect(try export.value("erasure")?.isNull == true)
            // The look of this very call.
            #expect(try export.value("access_log")?.elements.map { $0["kind"]?.string }.contains("export") == true)
        }
    }

    @Test("it tells why their addresses are suppressed, who said so, and what somebody noted", arguments: TestEngine.allCases)
    func suppressions(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/ada", #"{"name":"Ada","email":"ada@example.org"}"#)
            let body = #"{"channel":"email","address":"ada@example.org","note":"said so on the phone"}"#
            #expect(try await api.post("/api/crm/suppressions", body).status == 201)
            let export = try await api.get("/api/crm/clients/ada/export")
            #expect(try Array(#require(try export.value("suppressions")).elements).count == 1)
            #expect(try export.string("suppressions.0.reason") == "manual")
            #expect(try export.string("suppressions.0.source") == "api")
            #expect(try export.string("suppressions.0.note") == "said so on the phone")
            #expect(try export.value("suppressions.0.evidence")?.kind == .object)
        }
    }

    @Test("for people it is one page in which nothing runs, asked for by format or by Accept", arguments: TestEngine.allCases)
    func page(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            try await Self.settle(world)
            let path = "/api/crm/clients/\(MarkedPerson.client.text)/export"
            let page = try await api.get("\(path)?format=html")
            #expect(page.status == 200 && page.header("content-type") == "text/html; charset=utf-8")
            #expect(page.header("content-disposition") == #"attachment; filename="export-quxmark-client.html""#)
            let policy = try #require(page.header("content-security-policy"))
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"))
            #expect(page.text.contains("<dt>Email</dt><dd>quxmark@example.org</dd>"))
            #expect(page.text.contains("&lt;p&gt;quxmark html") && !page.text.contains("<p>quxmark html"))
            let file = Data("quxmark file".utf8).base64EncodedString()
            #expect(page.text.contains(#"<a download="quxmark.txt" href="data:application/octet-stream;base64,\#(file)">quxmark.txt</a>"#))
            #expect(!page.text.lowercased().contains("<script") && page.text.hasSuffix("</html>\n"))
            #expect(try await api.with("Accept", "text/html").get(path).text.hasPrefix("<!doctype html>"))
            #expect(try await api.with("Accept", "text/html, application/json").get(path).text.hasPrefix("{"))
            #expect(try await api.get(path).text.hasPrefix("{"))
            try await api.get("\(path)?format=xml").expectProblem(422, "validation")
        }
    }

    @Test("the page's style is the one that its policy names", arguments: [TestEngine.sqlite])
    func style(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/ada", "{}")
            let page = try await api.get("/api/crm/clients/ada/export?format=html")
            let style = try #require(page.text.split(separator: "<style>").last?.split(separator: "</style>").first)
            let hash = Data(Digest.sha256(Array(style.utf8))).base64EncodedString()
            #expect(page.header("content-security-policy")?.contains("style-src 'sha256-\(hash)'") == true)
            #expect(page.text.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;"))
        }
    }

    @Test("nothing that somebody wrote becomes part of the page", arguments: [TestEngine.sqlite])
    func hostile(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let hostile = #"</dd><script>alert(1)</script><img src=x onerror=alert(1)>"#
            _ = try await api.put(
                "/api/crm/clients/ada",
                #"{"name":"\#(hostile)","email":"ada@example.org","tags":["\#(hostile)"],"attributes":{"\#(hostile)":"\#(hostile)"}}"#)
            let sent = try await api.post(
                "/api/crm/communications",
                #"{"client_id":"ada","message_type":"welcome","context":{"\#(hostile)":["\#(hostile)"]},"attachments":[{"filename":"a.html","content_type":"text/html","content_base64":"PHNjcmlwdD4="}]}"#
            )
            #expect(sent.status == 202, "\(sent.text)")
            // As deep as a request may be.
            let deep = String(repeating: "[", count: 55) + String(repeating: "]", count: 55)
            let nested = try await api.post(
                "/api/crm/communications", #"{"client_id":"ada","message_type":"welcome","context":{"d":\#(deep)}}"#)
            #expect(nested.status == 202, "\(nested.text)")
            let text = try await api.get("/api/crm/clients/ada/export?format=html").text
            #expect(text.hasSuffix("</html>\n"))
            #expect(!text.contains("<script") && !text.contains("<img") && !text.contains("data:text/html"))
            #expect(text.components(separatedBy: "&lt;script&gt;alert(1)&lt;/script&gt;").count >= 5)
        }
    }
}
