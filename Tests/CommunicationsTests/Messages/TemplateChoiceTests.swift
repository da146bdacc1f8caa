import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Templates of a message", .timeLimit(.minutes(5)))
struct TemplateChoiceTests {
    @Test(
        "a language falls back from de-AT to de, to the business's own and to English",
        arguments: World.engines,
        [(["de-AT", "de", "fr", "en"], "de-AT"), (["de", "fr", "en"], "de"), (["fr", "en"], "fr"), (["en"], "en")])
    func language(engine: TestEngine, given: (stored: [String], expected: String)) async throws {
        var business = World.standardBusiness()
        business.defaultLanguage = "fr"
        try await withWorld(engine, business: business) { world in
            try await world.putMessageType(
                MessageType(name: "note", category: .transactional, defaultUrgency: .high, channels: [.email]))
            for language in given.stored {
                try await world.putTemplate(
                    .email, "note", language: language, subject: "In \(language)", content: "<p lang=\"{{language}}\">x</p>")
            }
            var recipient = World.ada
            recipient.language = "de-AT"
            try await world.submit(world.request("note", recipient: recipient))
            try await world.first.quiet()
            let message = try #require(world.email.begun.first?.rendered)
            #expect(message.subject == "In \(given.expected)")
            #expect(message.html == "<p lang=\"\(given.expected)\">x</p>")
        }
    }

    @Test("a built-in template speaks the client's language", arguments: World.engines)
    func builtIn(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            var recipient = World.ada
            recipient.language = "de-AT"
            try await world.submit(world.request(recipient: recipient))
            try await world.submit(world.request(client: "bo"))
            try await world.first.quiet()
            #expect(world.email.begun[0].rendered.text.contains("Guten Tag, Ada!"))
            #expect(world.email.begun[1].rendered.text.contains("Hello Ada"))
        }
    }

    @Test("a template without a text part gets one made of its HTML", arguments: World.engines)
    func textPart(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putTemplate(.email, "reminder", subject: "S", content: "<h1>Hello</h1><p>Dear {{client_name}} &amp; all</p>")
            try await world.submit(world.request())
            try await world.first.quiet()
            let message = try #require(world.email.begun.first?.rendered)
            #expect(message.text.contains("Dear Ada & all"))
            #expect(!message.text.contains("<"))
        }
    }

    @Test("a subject is one line, whatever its values hold", arguments: World.engines)
    func subject(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putTemplate(.email, "reminder", subject: "News: {{what}}", content: "<p>x</p>")
            try await world.submit(world.request(context: #"{"what":"one\r\nBcc: all@example.org\ntwo\u2028three\rfour"}"#))
            try await world.first.quiet()
            #expect(world.email.begun.first?.rendered.subject == "News: one Bcc: all@example.org two three four")
        }
    }

    @Test("values are escaped in HTML and left alone in text", arguments: World.engines)
    func escaping(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.submit(world.request(context: #"{"pending_action":"<script>alert(1)</script>"}"#))
            try await world.first.quiet()
            let message = try #require(world.email.begun.first?.rendered)
            #expect(message.html?.contains("<script>") == false)
            #expect(message.text.contains("<script>alert(1)</script>"))
        }
    }

    @Test("a new version of a template holds for what is rendered after it, also for what was accepted before", arguments: World.engines)
    func newVersion(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            try await world.putTemplate(.email, "reminder", subject: "old", content: "<p>x</p>")
            world.email.script(.refuse(.busy))
            try await world.submit(world.request())
            try await world.first.quiet()
            try await world.putTemplate(.email, "reminder", subject: "new", content: "<p>x</p>")
            world.advance(seconds: 72)
            try await world.turn()
            #expect(world.email.begun.map(\.rendered.subject) == ["old", "new"])
        }
    }
}
