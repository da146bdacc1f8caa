import Core
import TestSupport
import Testing

@Suite("WhatsApp's window and texts")
struct WhatsAppTextTests {
    @Test(
        "the window is open for a day less five minutes",
        arguments: [
            (0, true), (3_600, true), (86_400 - 301, true), (86_400 - 300, false), (86_400, false), (200_000, false),
            // A provider's clock ahead of ours.
            (-10, true),
        ] as [(Int64, Bool)])
    func window(secondsAgo: Int64, isOpen: Bool) {
        let now = Timestamp(milliseconds: 1_800_000_000_000)
        #expect(WhatsAppWindow.isOpen(lastInbound: now.adding(seconds: -secondsAgo), now: now) == isOpen)
    }

    @Test("whoever never wrote has no window")
    func never() {
        #expect(!WhatsAppWindow.isOpen(lastInbound: nil, now: Timestamp(milliseconds: 0)))
    }

    @Test(
        "a parameter has no line breaks, tabs or runs of spaces",
        arguments: [
            ("Ada", "Ada"), ("  Ada \n\n Lovelace\t", "Ada Lovelace"), ("a     b", "a b"), ("a\u{A0}\u{2028}b", "a b"), ("a\r\nb", "a b"),
            ("", nil), (" \n\t", nil), ("\u{0}\u{7}", nil), ("« été »", "« été »"),
        ] as [(String, String?)])
    func parameter(text: String, cleaned: String?) {
        #expect(WhatsAppText.parameter(text) == cleaned)
    }

    @Test("what goes behind an address has no blanks")
    func suffix() {
        #expect(WhatsAppText.suffix(" a b\n") == "a%20b" && WhatsAppText.suffix("\t") == nil)
    }
}

@Suite("WhatsApp templates")
struct WhatsAppTemplateTests {
    static let components = """
        [{"type":"HEADER","format":"TEXT","text":"Hello {{1}}"},
         {"type":"BODY","text":"Your order {{2}} of {{1}} is {{3}}. {{1}}!","example":{}},
         {"type":"FOOTER","text":"Bye"},
         {"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Yes"},{"type":"URL","text":"Track","url":"https://x.example/{{1}}"},
            {"type":"URL","text":"Home","url":"https://x.example"},{"type":"PHONE_NUMBER","text":"Call","phone_number":"+1"}]}]
        """

    static func template(_ components: String?, status: String = "APPROVED", category: String = "UTILITY") -> WhatsAppTemplate {
        WhatsAppTemplate(
            name: "order_update", language: "en_US", status: status, category: category, components: components.map { Array($0.utf8) })
    }

    @Test("its shape is read from its components")
    func shape() throws {
        let shape = try #require(WhatsAppTemplateShape(Self.template(Self.components)))
        #expect(shape.header == .text(["1"]))
        #expect(shape.body == ["1", "2", "3"] && !shape.hasNamedParameters)
        #expect(shape.buttons == [.quickReply, .url(takesSuffix: true), .url(takesSuffix: false), .other])
        let parameters = ["Ada", "7", "{{1}}"].map { WhatsAppContent.Parameter(text: $0) }
        // What a value holds is never taken for a placeholder.
        #expect(shape.text(parameters) == "Your order 7 of Ada is {{1}}. Ada!")
        #expect(shape.text([]) == shape.bodyText)
    }

    @Test(
        "an event's word becomes a status, and a warning changes none",
        arguments: [
            ("approved", "APPROVED"), ("PAUSED", "PAUSED"), ("REINSTATED", "APPROVED"), ("PENDING_DELETION", "DELETED"), ("FLAGGED", nil),
        ]
            as [(String, String?)])
    func events(event: String, status: String?) {
        #expect(WhatsAppTemplate.status(after: event) == status)
    }

    @Test("named placeholders keep their order and are filled by name")
    func named() throws {
        let shape = try #require(
            WhatsAppTemplateShape(Self.template(#"[{"type":"BODY","text":"{{ first_name }}, {{order}} for {{first_name}}"}]"#)))
        #expect(shape.body == ["first_name", "order"] && shape.hasNamedParameters && shape.header == .none)
        let parameters = [WhatsAppContent.Parameter(name: "order", text: "7"), WhatsAppContent.Parameter(name: "first_name", text: "Ada")]
        #expect(shape.text(parameters) == "Ada, 7 for Ada")
    }

    @Test("components that are not understood are no shape", arguments: [nil, "", "{}", "null", "[", #""x""#])
    func unreadable(components: String?) {
        #expect(WhatsAppTemplateShape(Self.template(components)) == nil)
    }

    @Test(
        "odd components do no harm",
        arguments: [
            "[]", "[1,null,{}]", #"[{"type":1},{"type":"BODY"},{"type":"BUTTONS","buttons":7}]"#,
            #"[{"type":"BODY","text":"{{}} {{ {{1"}]"#,
        ])
    func odd(components: String) throws {
        let shape = try #require(WhatsAppTemplateShape(Self.template(components)))
        #expect(shape.header == .none && shape.buttons.isEmpty)
        _ = shape.text([WhatsAppContent.Parameter(text: "a")])
    }

    @Test("components drawn at random are read or not, and never trap")
    func fuzz() {
        var random = SeededGenerator(seed: 11)
        let source = Array(Self.components.utf8)
        let parameters = [WhatsAppContent.Parameter(text: "a"), WhatsAppContent.Parameter(name: "1", text: "{{2}}")]
        for _ in 0..<5_000 {
            var bytes = source
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = Array("{}[]\",:019".utf8).randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: Array("{{".utf8), at: place)
                }
            }
            guard let shape = WhatsAppTemplateShape(Self.template(String(decoding: bytes, as: UTF8.self))) else { continue }
            _ = shape.text(parameters)
            _ = Self.mapping().problems(with: Self.template(String(decoding: bytes, as: UTF8.self)), category: .marketing)
        }
    }

    private static func mapping(
        header: WhatsAppContent.Header? = .text(WhatsAppContent.Parameter(text: "a")), body: [String] = ["a", "b", "c"],
        buttons: [WhatsAppContent.Button] = [.url(index: 1, suffix: "s"), .quickReply(index: 0, payload: "p")]
    ) -> WhatsAppMapping {
        WhatsAppMapping(
            messageType: "welcome",
            template: WhatsAppContent.Template(
                name: "order_update", language: "en_US", header: header, body: body.map { WhatsAppContent.Parameter(text: $0) },
                buttons: buttons))
    }

    @Test("a mapping that fits has no problems")
    func fits() {
        #expect(Self.mapping().problems(with: Self.template(Self.components), category: .transactional).isEmpty)
        // Quick replies need no payload of ours.
        #expect(Self.mapping(buttons: [.url(index: 1, suffix: "s")]).problems(with: Self.template(Self.components), category: nil).isEmpty)
        #expect(Self.mapping(body: []).problems(with: Self.template(nil), category: nil).isEmpty)
    }

    @Test("everything that does not fit is named")
    func problems() {
        func fields(_ mapping: WhatsAppMapping, _ components: String = Self.components) -> [String] {
            mapping.problems(with: Self.template(components), category: nil).map(\.field)
        }
        #expect(fields(Self.mapping(header: nil)) == ["header"])
        #expect(fields(Self.mapping(header: .document)) == ["header"])
        #expect(fields(Self.mapping(header: .text(WhatsAppContent.Parameter(name: "n", text: "a")))) == ["header.name"])
        #expect(fields(Self.mapping(body: ["a"])) == ["body"])
        #expect(fields(Self.mapping(body: ["a", "b", "c", "d"])) == ["body"])
        #expect(fields(Self.mapping(buttons: [])) == ["buttons"])
        #expect(fields(Self.mapping(buttons: [.url(index: 0, suffix: "s"), .url(index: 1, suffix: "s")])) == ["buttons[0].type"])
        #expect(fields(Self.mapping(buttons: [.url(index: 1, suffix: "s"), .url(index: 2, suffix: "s")])) == ["buttons[1]"])
        #expect(fields(Self.mapping(buttons: [.url(index: 1, suffix: "s"), .url(index: 9, suffix: "s")])) == ["buttons[1].index"])
        let image = #"[{"type":"HEADER","format":"IMAGE"},{"type":"BODY","text":"x"}]"#
        #expect(fields(Self.mapping(header: .document, body: [], buttons: []), image) == ["header"])
        #expect(fields(Self.mapping(header: .image, body: [], buttons: []), image) == [])
        let video = #"[{"type":"HEADER","format":"VIDEO"},{"type":"BODY","text":"x"}]"#
        #expect(fields(Self.mapping(header: nil, body: [], buttons: []), video) == ["header"])
    }

    @Test("named and numbered placeholders are not mixed up")
    func namedProblems() {
        var mapping = Self.mapping(header: nil, body: ["a"], buttons: [])
        let template = Self.template(#"[{"type":"BODY","text":"{{name}}"}]"#)
        #expect(mapping.problems(with: template, category: nil).map(\.field) == ["body", "body"])
        mapping.template.body = [WhatsAppContent.Parameter(name: "name", text: "a")]
        #expect(mapping.problems(with: template, category: nil).isEmpty)
        #expect(mapping.problems(with: Self.template(#"[{"type":"BODY","text":"{{1}}"}]"#), category: nil).map(\.field) == ["body"])
    }

    @Test("promotion goes as marketing, passwords not at all")
    func categories() {
        let mapping = Self.mapping(header: nil, body: [], buttons: [])
        #expect(!mapping.problems(with: Self.template("[]", category: "UTILITY"), category: .marketing).isEmpty)
        #expect(mapping.problems(with: Self.template("[]", category: "MARKETING"), category: .marketing).isEmpty)
        #expect(mapping.problems(with: Self.template("[]", category: "MARKETING"), category: .transactional).isEmpty)
        #expect(!mapping.problems(with: Self.template("[]", category: "AUTHENTICATION"), category: .transactional).isEmpty)
    }

    @Test(
        "the person's language comes first, then the business's, and a region matters where there is a choice",
        arguments: [
            (["en_US", "de"], "de", "en", "de"), (["en_US", "de"], "de-CH", "en", "de"), (["en_GB", "en_US"], "en-US", "de", "en_US"),
            (["en_US", "en"], "en-GB", "de", "en"), (["en_US", "en_GB"], "en", "de", "en_GB"), (["pt_BR"], "fr", "pt", "pt_BR"),
            (["pt_BR"], "fr", "de", nil), ([], "en", "en", nil), (["EN_us"], "en-us", "de", "EN_us"),
        ] as [([String], String, String, String?)])
    func choice(languages: [String], language: String, fallback: String, chosen: String?) {
        let mappings = languages.map {
            WhatsAppMapping(messageType: "welcome", template: WhatsAppContent.Template(name: "t", language: $0))
        }
        #expect(WhatsAppMapping.choose(from: mappings, language: language, fallbackLanguage: fallback)?.template.language == chosen)
    }

    @Test("a mapping survives being written and read")
    func roundTrip() throws {
        for body in [[], [WhatsAppContent.Parameter(text: "{{a}}")], [WhatsAppContent.Parameter(name: "n", text: "{{b}}")]] {
            for header in [nil, .document, .image, WhatsAppContent.Header.text(WhatsAppContent.Parameter(name: "n", text: "x"))] {
                let template = WhatsAppContent.Template(
                    name: "order_update", language: "en_US", header: header, body: body,
                    buttons: [.quickReply(index: 0, payload: "select:1"), .url(index: 1, suffix: "{{id}}")])
                var json = JSONWriter()
                json.object { template.writeMembers(to: &$0) }
                var reader = try FieldReader(JSONDocument(parsing: json.bytes).root)
                #expect(WhatsAppMappingFields.read(&reader) == template)
                try reader.finish()
            }
        }
    }

    @Test(
        "what is no mapping is refused by field",
        arguments: [
            (#"{}"#, ["template", "language"]), (#"{"template":"Order","language":"en"}"#, ["template"]),
            (#"{"template":"a","language":"english"}"#, ["language"]), (#"{"template":"a","language":"en-US"}"#, ["language"]),
            (#"{"template":"a","language":"en","header":{"type":"video"}}"#, ["header.type"]),
            (#"{"template":"a","language":"en","header":{"type":"text"}}"#, ["header.text"]),
            (#"{"template":"a","language":"en","body":["a",1]}"#, ["body[1]"]),
            (#"{"template":"a","language":"en","body":["a",{"name":"n","text":"t"}]}"#, ["body[0]"]),
            (#"{"template":"a","language":"en","body":[{"name":"n","text":"t"},{"name":"n","text":"u"}]}"#, ["body"]),
            (#"{"template":"a","language":"en","buttons":[{"type":"url","index":10,"suffix":"s"}]}"#, ["buttons[0].index"]),
            (
                #"{"template":"a","language":"en","buttons":[{"type":"url","index":0,"payload":"s"}]}"#,
                ["buttons[0].suffix", "buttons[0].payload"]
            ),
            (
                #"{"template":"a","language":"en","buttons":[{"type":"url","index":0,"suffix":"s"},{"type":"url","index":0,"suffix":"s"}]}"#,
                ["buttons"]
            ),
        ] as [(String, [String])])
    func refused(json: String, fields: [String]) throws {
        var reader = try FieldReader(JSONDocument(parsing: Array(json.utf8)).root)
        _ = WhatsAppMappingFields.read(&reader)
        let error = #expect(throws: ValidationError.self) { try reader.finish() }
        #expect(error?.errors.map(\.field) == fields)
    }
}
