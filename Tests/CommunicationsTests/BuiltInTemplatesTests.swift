import CAssets
import Core
import Testing

@Suite("Built-in templates")
struct BuiltInTemplatesTests {
    static let types = [
        "welcome", "budget_summary", "vendor_options", "selection_confirmation", "blueprint_delivery", "error_notification", "reminder",
        "preferences_updated", "preferences_link", "batch",
    ]
    static let languages = ["en", "de", "fr", "es", "hi", "ar"]
    /// Only these types have variants in other languages.
    static let messages =
        types.map { ($0, "en") }
        + ["welcome", "reminder", "preferences_updated", "preferences_link"].flatMap { type in languages.dropFirst().map { (type, $0) } }
    static let bareContext = #"{"client_name": "Bo <b>&\"'"}"#
    /// The GSM 03.38 basic alphabet, as far as texts and values use it.
    static let gsm7 = Set(
        "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
            + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")

    @Test("every e-mail renders whole from its example and from nothing but a name", arguments: messages)
    func emailRenders(type: String, language: String) throws {
        for context in [try Self.file("examples/\(type).json"), Self.bareContext] {
            let html = try Self.render("email/\(type)", "html", language, context)
            #expect(html.hasPrefix("<!DOCTYPE html>") && html.hasSuffix("</html>\n"))
            #expect(Self.unbalancedElements(html) == [])
            #expect(try Self.preheader(html).count <= 90)
            let text = try Self.render("email/\(type)", "txt", language, context)
            #expect(!text.contains("<td") && !text.contains("&amp;") && !text.contains("\n\n\n\n"))
            let subject = try Self.render("email/\(type)", "subject", language, context)
            #expect(!subject.contains("\n") && !subject.isEmpty && subject.count <= 78)
            for output in [html, text, subject] { #expect(!output.contains("{{") && !output.contains("}}")) }
        }
    }

    @Test("a value cannot become markup", arguments: messages)
    func escapes(type: String, language: String) throws {
        let html = try Self.render("email/\(type)", "html", language, Self.bareContext)
        #expect(html.contains("Bo &lt;b&gt;&amp;") && !html.contains("Bo <b>"))
    }

    @Test("what is missing takes its line with it")
    func optionalParts() throws {
        let full = try Self.render("email/welcome", "html", "en", try Self.file("examples/welcome.json"))
        let bare = try Self.render("email/welcome", "html", "en", Self.bareContext)
        for part in ["Open your plan", ">Date<", ">Plan<"] {
            #expect(full.contains(part))
            #expect(!bare.contains(part))
        }
    }

    @Test("a bar is as wide as its percentage says, and says it in words")
    func bars() throws {
        let html = try Self.render("email/budget_summary", "html", "en", try Self.file("examples/budget_summary.json"))
        #expect(html.contains(##"<td bgcolor="#1f5c4d" width="35%">"##))
        #expect(html.contains("EUR&nbsp;10,500") && html.contains("&nbsp;35%"))
    }

    @Test("budget_strategies is another name for budget_allocations")
    func otherName() throws {
        let example = try Self.file("examples/budget_summary.json")
        let renamed = example.split(separator: "\"budget_allocations\"", maxSplits: 1).joined(separator: "\"budget_strategies\"")
        #expect(renamed != example)
        for form in ["html", "txt"] {
            let expected = try Self.render("email/budget_summary", form, "en", example)
            #expect(try Self.render("email/budget_summary", form, "en", renamed) == expected)
        }
    }

    @Test("as a part of a batch a message has no frame of its own", arguments: types.dropLast())
    func fragment(type: String) throws {
        let html = try Self.render("email/\(type)", "html", "en", try Self.file("examples/\(type).json"), isFragment: true)
        #expect(!html.contains("<html") && !html.contains("Hello ") && !html.contains("Unsubscribe"))
        #expect(html.contains("<h1") && Self.unbalancedElements(html) == [])
    }

    @Test("SMS in Latin script fit one message of the GSM alphabet", arguments: messages.filter { !["hi", "ar"].contains($0.1) })
    func smsLength(type: String, language: String) throws {
        let longIdentifier = #"{"client_name": "Bo", "plan_id": "0195b2c4-7a10-7c3e-9d2f-1f2e3d4c5b6a"}"#
        for context in [try Self.file("examples/\(type).json"), longIdentifier] {
            let text = try Self.render("sms/\(type)", "txt", language, context)
            #expect(Set(text).isSubset(of: Self.gsm7))
            #expect(text.count <= 160 || type == "batch")
        }
    }

    @Test("the short texts are those of the specification")
    func specifiedTexts() throws {
        let context = #"{"client_name": "Ada", "plan_id": "7", "link": "https://x.example/a", "count": 3, "event_type": "wedding"}"#
        func short(_ name: String) throws -> String { try Self.render(name, "txt", "en", context) }
        #expect(try short("sms/welcome") == "Welcome to Planiva! Your event plan #7 is being created. We'll notify you when ready.")
        #expect(try short("sms/budget_summary") == "Your budget strategies are ready! View options: https://x.example/a")
        #expect(try short("sms/vendor_options") == "Please select your preferred vendor combination: https://x.example/a")
        #expect(try short("sms/reminder") == "Reminder: Please review your vendor options for plan #7: https://x.example/a")
        let found = try short("whatsapp/vendor_options")
        #expect(found == "🎉 We found 3 vendor combinations for your wedding! Check them out: https://x.example/a")
        #expect(try short("whatsapp/blueprint_delivery") == "✅ Your event blueprint is ready! Download: https://x.example/a")
    }

    @Test("WhatsApp texts render in every language", arguments: messages)
    func whatsApp(type: String, language: String) throws {
        let text = try Self.render("whatsapp/\(type)", "txt", language, try Self.file("examples/\(type).json"))
        #expect(!text.isEmpty && !text.contains("{{") && text.count <= 1024)
    }
}

extension BuiltInTemplatesTests {
    private static func file(_ path: String) throws -> String {
        try #require(optionalFile(path), "\(path) is not embedded")
    }

    private static func optionalFile(_ path: String) -> String? {
        guard let asset = cassets_find("templates/" + path) else { return nil }
        return String(decoding: UnsafeBufferPointer(start: asset.pointee.bytes, count: asset.pointee.length), as: UTF8.self)
    }

    /// Also checks that nothing is missing, so that every variable is either supplied, in the context or optional.
    private static func render(
        _ name: String, _ form: String, _ language: String, _ context: String, isFragment: Bool = false
    ) throws -> String {
        let tag = language == "en" ? "" : ".\(language)"
        let isHTML = form == "html"
        let template = try Template.compile(try file("\(name)\(tag).\(form).mustache"), escaping: isHTML ? .html : .none) { partial in
            let path = "email/partials/\(partial)"
            let ending = isHTML ? ".html.mustache" : ".txt.mustache"
            return optionalFile(path + tag + ending) ?? optionalFile(path + ending)
        }
        var values = TemplateValues()
        for (key, value) in [
            ("business_name", "Planiva"), ("brand_color", "#1f5c4d"), ("brand_text_color", "#ffffff"), ("language", language),
            ("text_direction", language == "ar" ? "rtl" : "ltr"), ("unsubscribe_url", "https://crm.example/u/1"),
        ] { values.set(key, value) }
        if isFragment { values.set("fragment", true) }
        let scope = TemplateScope(context: try JSONDocument(parsing: Array(context.utf8)).root, defaults: values)
        #expect(try template.missingVariables(in: scope) == [])
        return try template.render(scope)
    }

    private static func preheader(_ html: String) throws -> String {
        let start = try #require(html.firstRange(of: "color:#f5f3ef\">"))
        let rest = html[start.upperBound...]
        return String(rest[..<(try #require(rest.firstRange(of: "&#847;"))).lowerBound])
    }

    /// Elements that are not opened as often as closed; enough for templates whose nesting the engine checks itself.
    private static func unbalancedElements(_ html: String) -> [String] {
        let names = ["html", "head", "body", "div", "table", "tr", "td", "p", "a", "span", "h1", "h2", "strong", "bdi", "style", "title"]
        return names.filter { name in
            let opened = html.ranges(of: "<\(name)>").count + html.ranges(of: "<\(name) ").count
            return opened != html.ranges(of: "</\(name)>").count
        }
    }
}
