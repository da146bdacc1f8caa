import Core
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Files and short texts", .timeLimit(.minutes(5)))
struct LinkedFileTests {
    static let link = AttachmentUpload(
        filename: "plan & map.pdf", contentType: "application/pdf", link: "https://files.example/p?a=1&b='2'")
    static let second = AttachmentUpload(filename: "b.pdf", contentType: "application/pdf", link: "https://files.example/b")
    static let file = AttachmentUpload(filename: "c.pdf", contentType: "application/pdf", content: [1, 2, 3])

    private func send(_ world: World, _ channel: Channel, _ files: [AttachmentUpload], context: String = "{}") async throws
        -> CommunicationID
    {
        var request = try world.request(channel: channel, context: context)
        request.attachments = files
        let id = try await world.submit(request)
        try await world.first.quiet()
        return id
    }

    @Test("e-mail names a linked file in both bodies and carries the others", arguments: World.engines)
    func email(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            _ = try await send(world, .email, [Self.link, Self.file])
            let message = try #require(world.email.begun.first?.rendered)
            #expect(message.attachments == [Self.file])
            #expect(message.text.hasSuffix("\n\nplan & map.pdf: https://files.example/p?a=1&b='2'"))
            let html = try #require(message.html)
            let escaped = "https://files.example/p?a=1&amp;b=&#39;2&#39;"
            #expect(html.contains("plan &amp; map.pdf: <a href=\"\(escaped)\">\(escaped)</a></p>"))
            #expect(try #require(html.firstRange(of: "plan &amp; map")).lowerBound < #require(html.firstRange(of: "</body>")).lowerBound)
            #expect(HTMLCheck.validate(html) == nil)
        }
    }

    @Test("what was stored is found again when the message is claimed", arguments: World.engines)
    func stored(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            world.email.script(.refuse(.refused))
            let id = try await send(world, .email, [Self.link, Self.file])
            #expect(try await world.store.database.read { tx in try tx.attachments(of: id) } == [Self.link, Self.file])
            try await world.turn()
            let message = try #require(world.sms.begun.first?.rendered)
            #expect(message.text.hasSuffix("\nplan & map.pdf: https://files.example/p?a=1&b='2'"))
        }
    }

    @Test("WhatsApp carries the first file with the text as its caption, and names the others", arguments: World.engines)
    func caption(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            _ = try await send(world, .whatsapp, [Self.file, Self.second])
            let message = try #require(world.whatsapp.begun.first?.rendered)
            #expect(message.attachments == [Self.file])
            #expect(message.text.hasSuffix("\nb.pdf: https://files.example/b"))
            #expect(message.whatsApp == .media(WhatsAppContent.Media(kind: .document, caption: message.text)))
            _ = try await send(world, .whatsapp, [AttachmentUpload(filename: "a.png", contentType: "image/PNG; x=1", content: [1])])
            guard case .media(let media) = world.whatsapp.begun.last?.rendered.whatsApp else {
                Issue.record("no picture")
                return
            }
            #expect(media.kind == .image)
        }
    }

    @Test("a text that is too long for a caption goes with the link, or leaves the file to another channel", arguments: World.engines)
    func longText(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let context = #"{"pending_action":"\#(String(repeating: "a", count: 1_024))"}"#
            _ = try await send(world, .whatsapp, [Self.second], context: context)
            let message = try #require(world.whatsapp.begun.first?.rendered)
            #expect(message.attachments.isEmpty && message.whatsApp == .text(message.text))
            #expect(message.text.hasSuffix("\nb.pdf: https://files.example/b"))
            let id = try await send(world, .whatsapp, [Self.file], context: context)
            try await world.turn()
            #expect(world.email.begun.last?.id == id && world.email.begun.last?.rendered.attachments == [Self.file])
        }
    }

    @Test("a template's header is the first file, and a template without one leaves files out", arguments: World.engines)
    func header(engine: TestEngine) async throws {
        try await withWorld(engine, whatsApp: .account) { world in
            try await world.putMapping(#"{"template":"with_file","language":"en","header":{"type":"document"},"body":["{{client_name}}"]}"#)
            _ = try await send(world, .whatsapp, [Self.second, Self.file])
            #expect(world.whatsapp.begun.first?.rendered.attachments == [Self.second, Self.file])
            var request = try world.request(channel: .whatsapp)
            #expect(try await world.preview(request)["problem"]?.string?.contains("begins with a document") == true)
            try await world.putMapping(#"{"template":"plain","language":"en","body":["{{client_name}}"]}"#)
            request.attachments = [Self.file]
            let preview = try await world.preview(request)
            #expect(preview["problem"]?.isNull == true && preview["attachments_left_out"]?.elements.map { $0.string } == ["c.pdf"])
        }
    }

    @Test("an SMS loses its typography before it is counted; the dry run says what it costs", arguments: World.engines)
    func typography(engine: TestEngine) async throws {
        let prices = SMSPrices("USD:default=0.01,1=0.0079")
        try await withWorld(engine, smsPrices: prices) { world in
            let context = #"{"pending_action":"check Ada’s “list” – \#(String(repeating: "a", count: 150))"}"#
            var request = try world.request(channel: .sms, context: context)
            let preview = try await world.preview(request)
            #expect(preview["encoding"]?.string == "gsm-7" && preview["segments"]?.int64 == 2)
            #expect(preview["replaced"]?.elements.map { $0.string } == ["’", "“", "”", "–"])
            #expect(preview["cost"]?["amount"]?.string == "0.0158" && preview["cost"]?["currency"]?.string == "USD")
            #expect(preview["problem"]?.isNull == true)
            try await world.submit(request)
            try await world.first.quiet()
            let sent = try #require(world.sms.begun.first?.rendered.text)
            #expect(sent.contains("check Ada's \"list\" - aaa") && sent == preview["text"]?.string)
            request.attachments = [Self.file]
            #expect(try await world.preview(request)["attachments_left_out"]?.elements.map { $0.string } == ["c.pdf"])
        }
    }

    @Test("an SMS beyond what the provider takes is refused before it is sent", arguments: World.engines)
    func tooLong(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let request = try world.request(channel: .sms, context: #"{"pending_action":"\#(String(repeating: "a", count: 1_600))"}"#)
            let preview = try await world.preview(request)
            #expect(preview["problem"]?.string?.contains("an SMS may have 1600") == true && preview["cost"]?.isNull == true)
            let id = try await world.submit(request)
            try await world.first.quiet()
            try await world.turn()
            #expect(world.sms.begun.isEmpty)
            let detail = try await world.detail(id)
            #expect(detail.attempts.first?.channel == .sms && detail.record.channel == .email && detail.record.status == .sent)
        }
    }

    @Test("built-in texts are one part with ordinary values, whatever their language's alphabet allows")
    func oneSegment() throws {
        let context =
            #"{"client_name":"Zoë O’Neill","plan_id":"PL-2048","event_type":"wedding","link":"https://plans.example.org/p/2048","support_email":"help@planiva.example"}"#
        var business = World.standardBusiness()
        business.name = "Planiva"
        for name in BuiltInTemplates.names(.sms) {
            for language in BuiltInTemplates.languages(.sms, name) {
                let source = try #require(BuiltInTemplates.source(.sms, name, language: language))
                let template = try MessageTemplate(source, channel: .sms, name: name, language: language, version: 0)
                let preview = try TemplatePreview(
                    template, business: business, context: Array(context.utf8), baseURL: "https://crm.example")
                let segments = Segments(preview.message.text)
                let isLatin = !["hi", "ar"].contains(language)
                #expect(segments.encoding == (isLatin ? .gsm7 : .ucs2))
                // Devanagari and Arabic have 70 characters; a link of ordinary length takes half of them.
                let most = isLatin || name == "welcome" ? 1 : 2
                #expect(segments.count <= most, "\(name).\(language): \(segments.units) units: \(preview.message.text)")
            }
        }
    }
}
