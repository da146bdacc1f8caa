import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Business, message types and templates over HTTP")
struct SettingsTests {
    @Test("a business changes what a request names and keeps the rest", arguments: TestEngine.allCases)
    func business(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let before = try await api.get("/api/crm/business")
            #expect(try before.string("name") == "Here" && before.string("business_hours.start") == "09:00")
            let put = try await api.put(
                "/api/crm/business",
                #"""
                {"postal_address":"1 High Street\nLondon","timezone":"Europe/London","business_hours":{"end":"17:30","days":[5,1]},
                 "brand":{"color":"#AA0011","logo_url":"https://example.org/l.png"},"default_language":"en-GB","support_email":"help@example.org"}
                """#)
            #expect(put.status == 200, "\(put.text)")
            let read = try await api.get("/api/crm/business")
            #expect(read.bytes == put.bytes)
            #expect(try read.string("name") == "Here" && read.string("postal_address") == "1 High Street\nLondon")
            #expect(try read.string("business_hours.start") == "09:00" && read.string("business_hours.end") == "17:30")
            #expect(try read.value("business_hours.days.0")?.int64 == 1 && read.value("business_hours.days.1")?.int64 == 5)
            #expect(try read.string("brand.logo_url") == "https://example.org/l.png")
            _ = try await api.put("/api/crm/business", #"{"brand":{"logo_url":null}}"#)
            #expect(try await api.get("/api/crm/business").value("brand.logo_url")?.isNull == true)
            #expect(try await api.get("/api/crm/business").string("brand.color") == "#AA0011")
            #expect(try await api.with(key: world.elsewhere.key).get("/api/crm/business").string("name") == "Elsewhere")
        }
    }

    @Test("every field of a business that does not fit is named", arguments: TestEngine.allCases)
    func businessRefusals(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let reply = try await api.put(
                "/api/crm/business",
                #"""
                {"name":"","postal_address":1,"support_email":"x","timezone":"Nope/Nope","default_language":"!","id":"x",
                 "business_hours":{"start":"9","days":[0,8],"extra":1},"brand":{"color":"red","logo_url":"javascript:alert(1)"}}
                """#)
            try reply.expectProblem(422, "validation")
            let expected: Set = [
                "name", "postal_address", "support_email", "timezone", "default_language", "id", "business_hours.start",
                "business_hours.days[0]", "business_hours.days[1]", "business_hours.days", "business_hours.extra", "brand.color",
                "brand.logo_url",
            ]
            #expect(try Set(reply.fields) == expected, "\(reply.text)")
        }
    }

    @Test("message types: the built in ones, and a business's own beside or over them", arguments: TestEngine.allCases)
    func messageTypes(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            #expect(try await api.get("/api/crm/message-types").value("items")?.count == MessageType.builtIn.count)
            let body = #"{"category":"marketing","urgency":"low","channels":["whatsapp","email"]}"#
            let created = try await api.put("/api/crm/message-types/spring_offer", body)
            #expect(created.status == 201, "\(created.text)")
            #expect(try await api.put("/api/crm/message-types/spring_offer", body).status == 200)
            #expect(try await api.put("/api/crm/message-types/welcome", #"{"category":"transactional","channels":["sms"]}"#).status == 201)
            let read = try await api.get("/api/crm/message-types/spring_offer")
            #expect(try read.string("category") == "marketing" && read.string("channels.0") == "whatsapp")
            #expect(try await api.get("/api/crm/message-types/welcome").string("urgency") == "normal")
            #expect(try await api.get("/api/crm/message-types/welcome").value("built_in")?.bool == false)
            #expect(try await api.get("/api/crm/message-types").value("items")?.count == MessageType.builtIn.count + 1)
            let limit = MessageType.builtIn.count
            let page = try await api.get("/api/crm/message-types?limit=\(limit)")
            let cursor = try #require(try page.string("next_cursor"))
            #expect(try await api.get("/api/crm/message-types?limit=\(limit)&cursor=\(cursor)").string("items.0.name") == "welcome")

            let stranger = api.with(key: world.elsewhere.key)
            try await stranger.get("/api/crm/message-types/spring_offer").expectProblem(404, "not-found")
            #expect(try await stranger.get("/api/crm/message-types/welcome").value("built_in")?.bool == true)
            for (path, body, fields) in [
                ("Bad-Name", #"{"category":"transactional","channels":["sms"]}"#, ["name"]),
                ("ok", "{}", ["category", "channels"]),
                ("ok", #"{"category":"x","urgency":1,"channels":["sms","sms"],"y":1}"#, ["category", "urgency", "channels[1]", "y"]),
                ("ok", #"{"category":"marketing","channels":[]}"#, ["channels"]),
                ("ok", #"{"category":"marketing","channels":["email"],"topic":"newsletter"}"#, ["topic"]),
                ("opt_in_request", #"{"category":"marketing","channels":["email"]}"#, ["name"]),
            ] {
                let reply = try await api.put("/api/crm/message-types/\(path)", body)
                try reply.expectProblem(422, "validation")
                #expect(try Set(reply.fields) == Set(fields), "\(reply.text)")
            }
        }
    }

    @Test("every put of a template is a new version; an older one and the built-in one can be brought back", arguments: TestEngine.allCases)
    func templates(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let path = "/api/crm/templates/email/welcome"
            let builtIn = try await api.get(path)
            #expect(builtIn.status == 200, "\(builtIn.text)")
            #expect(try builtIn.value("built_in")?.bool == true && builtIn.value("version")?.int64 == 0)
            #expect(try builtIn.string("content_template")?.isEmpty == false)

            func put(_ text: String) async throws -> Reply {
                try await api.put(path, #"{"subject_template":"Hi {{client_name}}","content_template":"<p>\#(text) {{color}}</p>"}"#)
            }
            let first = try await put("one")
            #expect(first.status == 201, "\(first.text)")
            #expect(try await put("two").status == 200)
            let read = try await api.get(path)
            #expect(try read.value("version")?.int64 == 2 && read.string("content_template") == "<p>two {{color}}</p>")
            #expect(try (read.value("variables")?.elements).map { Array($0).compactMap(\.string) } == ["client_name", "color"])

            let versions = try await api.get("\(path)/versions")
            #expect(try (versions.value("items")?.elements).map { Array($0).compactMap { $0["version"]?.int64 } } == [2, 1, 0])
            #expect(try await api.post("\(path)/versions/1/activate", "{}").string("content_template") == "<p>one {{color}}</p>")
            #expect(try await api.get(path).value("version")?.int64 == 1)
            #expect(try await api.post("\(path)/versions/0/activate", "").value("built_in")?.bool == true)
            #expect(try await api.get(path).value("version")?.int64 == 0)
            try await api.post("\(path)/versions/9/activate", "").expectProblem(404, "not-found")
            try await api.post("\(path)/versions/99999999999999999999/activate", "").expectProblem(404, "not-found")
            #expect(try await api.with(key: world.elsewhere.key).get("\(path)/versions").value("items")?.count == 1)
        }
    }

    @Test("a template that does not work is refused with the line of each fault", arguments: TestEngine.allCases)
    func brokenTemplates(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let reply = try await api.put(
                "/api/crm/templates/email/welcome",
                #"{"subject_template":"{{#open}}","content_template":"<div>\n<span>\n</div>","text_template":"a\nb {{"}"#)
            try reply.expectProblem(422, "validation")
            #expect(try Set(reply.fields) == ["subject_template", "content_template", "text_template"], "\(reply.text)")
            let messages = try (reply.value("errors")?.elements).map { Array($0).compactMap { $0["message"]?.string } } ?? []
            #expect(messages.contains { $0.hasPrefix("line 3") }, "\(messages)")
            #expect(messages.contains { $0.hasPrefix("line 2") }, "\(messages)")
            #expect(try await api.get("/api/crm/templates/email/welcome").value("version")?.int64 == 0)

            let sms = try await api.put(
                "/api/crm/templates/sms/welcome", #"{"subject_template":"x","content_template":"y","text_template":"z"}"#)
            #expect(try Set(sms.fields) == ["subject_template", "text_template"])
            try await api.put("/api/crm/templates/fax/welcome", #"{"content_template":"y"}"#).expectProblem(404, "not-found")
            #expect(try await api.put("/api/crm/templates/sms/No-Name", #"{"content_template":"y"}"#).fields == ["name"])
        }
    }

    @Test("the list shows built-in templates and the business's own in their place, page by page", arguments: TestEngine.allCases)
    func templateList(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let before = try await api.get("/api/crm/templates?channel=sms&limit=100")
            let count = try #require(try before.value("items")?.count)
            #expect(count >= 7)
            _ = try await api.put("/api/crm/templates/sms/welcome", #"{"content_template":"Hi"}"#)
            _ = try await api.put("/api/crm/templates/sms/my_own", #"{"content_template":"Hi","language":"fr"}"#)
            let after = try await api.get("/api/crm/templates?channel=sms&limit=100")
            #expect(try after.value("items")?.count == count + 1)
            #expect(try await api.get("/api/crm/templates?channel=sms&name=my_own").string("items.0.language") == "fr")
            let welcome = try await api.get("/api/crm/templates?channel=sms&name=welcome").value("items")
            let english = welcome.flatMap { items in Array(items.elements).first { $0["language"]?.string == "en" } }
            #expect(english?["built_in"]?.bool == false)

            var (seen, query) = (0, "?limit=3")
            while true {
                let page = try await api.get("/api/crm/templates\(query)")
                seen += try page.value("items")?.count ?? 0
                guard let cursor = try page.string("next_cursor") else { break }
                query = "?limit=3&cursor=\(cursor)"
            }
            #expect(try await api.get("/api/crm/templates?limit=100").value("items")?.count == min(seen, 100))
            try await api.get("/api/crm/templates?channel=fax").expectProblem(422, "validation")
        }
    }

    @Test("a preview renders with the caller's values and names what is missing", arguments: TestEngine.allCases)
    func preview(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put(
                "/api/crm/templates/email/welcome",
                #"{"subject_template":"Hi {{client_name}}","content_template":"<p>{{greeting}} {{planet}}</p>"}"#)
            let reply = try await api.post(
                "/api/crm/templates/email/welcome/preview", #"{"context":{"client_name":"Ada","greeting":"<hello>"}}"#)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(try reply.string("subject") == "Hi Ada")
            #expect(try reply.string("html") == "<p>&lt;hello&gt; </p>")
            #expect(try (reply.value("missing_variables")?.elements).map { Array($0).compactMap(\.string) } == ["planet"])
            let sms = try await api.post("/api/crm/templates/sms/welcome/preview", #"{"context":{}}"#)
            #expect(try sms.value("segments")?.int64 == 1, "\(sms.text)")
            #expect(try await api.post("/api/crm/templates/email/welcome/preview", #"{"context":[]}"#).fields == ["context"])
            try await api.post("/api/crm/templates/email/none_such/preview", "{}").expectProblem(404, "not-found")
        }
    }

    @Test(
        "a language of one's own is kept apart, and a missing language falls back only when none was asked for",
        arguments: TestEngine.allCases)
    func languages(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let path = "/api/crm/templates/whatsapp/my_own"
            #expect(try await api.put(path, #"{"content_template":"Hello"}"#).status == 201)
            #expect(try await api.put("\(path)?language=nl", #"{"content_template":"Hallo"}"#).string("language") == "nl")
            #expect(try await api.get("\(path)?language=nl").string("content_template") == "Hallo")
            #expect(try await api.get(path).string("content_template") == "Hello")
            try await api.get("\(path)?language=sv").expectProblem(404, "not-found")
            try await api.get("\(path)?language=%21").expectProblem(422, "validation")
        }
    }
}
