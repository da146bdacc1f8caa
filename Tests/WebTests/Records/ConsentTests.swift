import Communications
import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Consent over HTTP")
struct ConsentTests {
    private static let statement =
        #"{"client_id":"ada","purpose":"marketing","channel":"email","decision":"granted","wording":"Yes, the newsletter.","#
        + #""wording_version":"signup/1"}"#

    private static func marketing(_ api: API) async throws -> String? {
        try await api.get("/api/crm/preferences/ada").string("marketing_consent.email")
    }

    @Test("topics are kept in order, and one that a message type names can not go", arguments: TestEngine.allCases)
    func topics(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let body = #"{"topics":[{"name":"news","title":{"en":"News","de":"Neues"}},{"name":"art","title":{"en":"Art"}}]}"#
            #expect(try await api.put("/api/crm/topics", body).status == 200)
            let read = try await api.get("/api/crm/topics")
            #expect(try read.string("topics.0.title.de") == "Neues" && read.string("topics.1.name") == "art")
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/topics").text == #"{"topics":[]}"#)
            let type = #"{"category":"marketing","channels":["email"],"topic":"news"}"#
            #expect(try await api.put("/api/crm/message-types/letter", type).string("topic") == "news")
            try await api.put("/api/crm/topics", #"{"topics":[{"name":"art","title":{"en":"Art"}}]}"#).expectProblem(422, "validation")
            for (body, field) in [
                (#"{"topics":[{"name":"Bad Name","title":{"en":"x"}}]}"#, "topics[0].name"),
                (#"{"topics":[{"name":"a","title":{}}]}"#, "topics[0].title"),
                (#"{"topics":[{"name":"a","title":{"english":"x"}}]}"#, "topics[0].title"),
                (#"{"topics":[{"name":"a","title":{"en":"x"}},{"name":"a","title":{"en":"y"}}]}"#, "topics"), ("{}", "topics"),
            ] {
                let reply = try await api.put("/api/crm/topics", body)
                #expect(try reply.status == 422 && reply.fields == [field], "\(body) \(reply.text)")
            }
        }
    }

    @Test(
        "refused topics and marketing are part of the preferences, and only topics that exist can be refused",
        arguments: TestEngine.allCases)
    func preferences(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/topics", #"{"topics":[{"name":"news","title":{"en":"News"}}]}"#)
            let body = #"{"client_id":"ada","topics_refused":["news"],"marketing_consent":{"sms":"refused","email":"granted"}}"#
            let reply = try await api.post("/api/crm/preferences", body)
            #expect(reply.status == 200, "\(reply.text)")
            let read = try await api.get("/api/crm/preferences/ada")
            #expect(
                read.text.hasSuffix(
                    #""marketing_consent":{"email":"granted","sms":"refused","whatsapp":"none"},"marketing_channels":["email","whatsapp"],"#
                        + #""topics_refused":["news"]}"#))
            // What is absent stays.
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","timezone":"UTC"}"#)
            #expect(try await api.get("/api/crm/preferences/ada").string("topics_refused.0") == "news")
            for (body, field) in [
                (#"{"client_id":"ada","topics_refused":["else"]}"#, "topics_refused"),
                (#"{"client_id":"ada","marketing_consent":{"email":"confirmed"}}"#, "marketing_consent.email"),
                (#"{"client_id":"ada","marketing_consent":{"fax":"granted"}}"#, "marketing_consent.fax"),
            ] {
                let reply = try await api.post("/api/crm/preferences", body)
                #expect(try reply.status == 422 && reply.fields == [field], "\(body) \(reply.text)")
            }
        }
    }

    @Test("the business's rule is in its record, and a copy made under another rule is not shown", arguments: TestEngine.allCases)
    func rule(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            #expect(try await api.get("/api/crm/business").string("marketing_consent") == "opt_out")
            #expect(try await api.get("/api/crm/preferences/ada").string("marketing_channels.0") == "email")
            #expect(try await api.put("/api/crm/business", #"{"marketing_consent":"opt_in"}"#).string("marketing_consent") == "opt_in")
            #expect(try await api.get("/api/crm/preferences/ada").string("marketing_channels.0") == nil)
            let reply = try await api.put("/api/crm/business", #"{"marketing_consent":"never"}"#)
            #expect(try reply.status == 422 && reply.fields == ["marketing_consent"])
        }
    }

    @Test("a statement holds at once where no confirmation is needed", arguments: TestEngine.allCases)
    func states(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/topics", #"{"topics":[{"name":"news","title":{"en":"News"}}]}"#)
            let granted = try await api.post("/api/crm/consent", Self.statement)
            #expect(try granted.status == 200 && granted.string("state") == "recorded", "\(granted.text)")
            #expect(try granted.string("preferences.marketing_consent.email") == "granted")
            for (body, path, value) in [
                (#"{"client_id":"ada","purpose":"marketing","decision":"withdrawn"}"#, "marketing_consent.whatsapp", "refused"),
                (#"{"client_id":"ada","purpose":"topic:news","decision":"withdrawn"}"#, "topics_refused.0", "news"),
            ] {
                #expect(try await api.post("/api/crm/consent", body).string("preferences.\(path)") == value)
            }
            let out = #"{"client_id":"ada","purpose":"all","channel":"sms","decision":"withdrawn"}"#
            #expect(try await api.post("/api/crm/consent", out).value("preferences.opt_out_sms")?.bool == true)
            for (body, field) in [
                (#"{"client_id":"ada","purpose":"marketing","channel":"email","decision":"granted"}"#, "wording"),
                (#"{"client_id":"ada","purpose":"marketing","decision":"granted","wording":"x"}"#, "channel"),
                (#"{"client_id":"ada","purpose":"topic:none","decision":"withdrawn"}"#, "purpose"),
                (#"{"client_id":"ada","purpose":"topic:news","channel":"sms","decision":"withdrawn"}"#, "channel"),
                (#"{"client_id":"ada","purpose":"preferences","decision":"withdrawn"}"#, "purpose"),
                (#"{"client_id":"ada","purpose":"all","decision":"requested","wording":"x"}"#, "decision"),
            ] {
                let reply = try await api.post("/api/crm/consent", body)
                #expect(try reply.status == 422 && reply.fields == [field], "\(body) \(reply.text)")
            }
        }
    }

    @Test(
        "double opt-in: nothing counts until the button behind the link is pressed, and a GET never presses it",
        arguments: TestEngine.allCases)
    func doubleOptIn(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let path = try await Self.request(world, api)
            #expect(try await Self.marketing(api) == "none")
            let visitor = api.with(key: nil)
            for _ in 0..<2 {
                let page = try await visitor.get(path)
                #expect(page.status == 200 && page.text.contains("Yes, the newsletter.") && page.text.contains("<form method=\"post\""))
            }
            #expect(try await Self.marketing(api) == "none")
            let form = visitor.with("Content-Type", "application/x-www-form-urlencoded")
            for _ in 0..<2 {
                let done = try await form.post(path, "")
                #expect(done.status == 200 && done.text.contains("role=\"status\""), "\(done.text)")
            }
            #expect(try await Self.marketing(api) == "confirmed")
            #expect(try await visitor.get(path).text.contains("role=\"status\""))
            // An old mail must not bring back what was taken back since.
            let no = #"{"client_id":"ada","purpose":"marketing","channel":"email","decision":"withdrawn"}"#
            #expect(try await api.post("/api/crm/consent", no).status == 200)
            #expect(try await form.post(path, "").status == 410)
            #expect(try await visitor.get(path).status == 410)
            #expect(try await Self.marketing(api) == "refused")
        }
    }

    @Test("an altered link is 404, one past its time 410, and one for another purpose confirms nothing", arguments: TestEngine.allCases)
    func links(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let path = try await Self.request(world, api)
            let form = api.with(key: nil).with("Content-Type", "application/x-www-form-urlencoded")
            #expect(try await form.post(path.dropLast() + (path.hasSuffix("A") ? "B" : "A"), "").status == 404)
            let other = PublicLink(
                .unsubscribe, business: world.here.id, client: try #require(ClientID("ada")), channel: .email, issuedAt: world.clock.now)
            #expect(try await form.post("/d/\(world.parts.links.signer.token(other))", "").status == 404)
            world.clock.advance(seconds: 7 * 86_400)
            #expect(try await form.post(path, "").status == 410)
            #expect(try await form.get(path).status == 410)
            #expect(try await Self.marketing(api) == "none")
            _ = try await api.delete("/api/crm/clients/ada")
            #expect(try await form.post(path, "").status == 404)
        }
    }

    @Test("nobody is asked twice a day, nor at an address that is opted out, suppressed or missing", arguments: TestEngine.allCases)
    func asking(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await Self.request(world, api)
            let again = #"{"client_id":"ada","purpose":"marketing","channel":"sms","decision":"requested","wording":"x"}"#
            try await api.post("/api/crm/consent", again).expectProblem(409, "conflict")
            world.clock.advance(seconds: 86_400 + 1)
            #expect(try await api.post("/api/crm/consent", again).status == 202)
            world.clock.advance(seconds: 86_400 + 1)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","opt_out_sms":true}"#)
            try await api.post("/api/crm/consent", again).expectProblem(409, "conflict")
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"ada","opt_out_sms":false}"#)
            let hash = world.cipher.lookupHash("+14155550100", business: world.here.id)
            _ = try await world.database.write { tx in
                try tx.suppressMarketing(hash, channel: .sms, reason: "test", business: world.here.id)
            }
            try await api.post("/api/crm/consent", again).expectProblem(409, "conflict")
            let refused = #"{"client_id":"ada","purpose":"marketing","channel":"email","decision":"withdrawn"}"#
            _ = try await api.post("/api/crm/consent", refused)
            let without = try await api.post("/api/crm/consent", Self.statement)
            #expect(try without.status == 422 && without.fields == ["evidence"])
            let unknown = try await api.post("/api/crm/consent", Self.statement.replacing("\"ada\"", with: "\"eve\""))
            #expect(try unknown.status == 422 && unknown.fields == ["client_id"])
            _ = try await api.put("/api/crm/clients/bob", #"{"phone_number":"+14155550199"}"#)
            let noMail = try await api.post("/api/crm/consent", Self.statement.replacing("\"ada\"", with: "\"bob\""))
            #expect(try noMail.status == 422 && noMail.fields == ["channel"])
        }
    }

    /// A business with double opt-in asks Ada.
    ///
    /// - Returns: the path of the link that stands in the message.
    private static func request(_ world: World, _ api: API) async throws -> String {
        _ = try await api.put("/api/crm/business", #"{"marketing_consent":"double_opt_in"}"#)
        _ = try await api.put("/api/crm/clients/ada", #"{"name":"Ada","email":"ada@example.org","phone_number":"+14155550100"}"#)
        let asked = try await api.post("/api/crm/consent", statement)
        #expect(try asked.status == 202 && asked.string("state") == "requested", "\(asked.text)")
        let id = try #require(try asked.string("communication_id").flatMap { UUIDv7($0) })
        let (type, channel, fallbacks, stored) = try await world.database.read { tx in
            let row = try #require(
                try tx.run(
                    "SELECT message_type, channel, fallback_channels, sealed_context FROM crm_communications WHERE communication_id = \(id)"
                ).first)
            return (try row.text(0), try row.text(1), try row.text(2), try row.sealedOrNil(3))
        }
        let place = SealContext(table: "crm_communications", column: "sealed_context", business: world.here.id, row: id.description)
        let context = try world.parts.cipher.openBytes(try #require(stored), place)
        #expect(type == "opt_in_request" && channel == "email" && fallbacks.isEmpty)
        let url = try #require(try JSONDocument(parsing: context).root["confirm_url"]?.string)
        return String(url.dropFirst(world.parts.baseURL.count))
    }
}
