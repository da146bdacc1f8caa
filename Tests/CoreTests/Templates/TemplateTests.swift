import TestSupport
import Testing

@testable import Core

@Suite("Templates")
struct TemplateTests {
    @Test("names are looked up in overrides, then the context, then the defaults")
    func layers() throws {
        var overrides = TemplateValues()
        overrides.set("a", "override")
        var defaults = TemplateValues()
        defaults.set("a", "default")
        defaults.set("b", "default")
        defaults.set("c", "default & more")
        defaults.set("d", nil)
        defaults.set("flag", true)
        defaults.set("off", false)
        defaults.set("number", -7)
        defaults.set("number", 8)
        let document = try JSONDocument(parsing: Array(#"{"x":[{"a":"context","b":"context"}]}"#.utf8))
        let context = try #require(document.root["x"]?.elements.first { _ in true })
        let scope = TemplateScope(context: context, overrides: overrides, defaults: defaults)
        let template = try Template.compile(
            "{{a}}, {{b}}, {{c}}, {{d}}{{#flag}}on{{/flag}}{{^off}} off{{/off}} {{number}}", escaping: .html
        )
        #expect(try template.render(scope) == "override, context, default &amp; more, on off -7")
    }

    @Test("values given by the program can be lists of objects, also inside one another")
    func lists() throws {
        var inner = TemplateValues()
        inner.set("n", 1)
        var first = TemplateValues()
        first.set("subject", "One")
        first.set("parts", [inner, inner])
        var second = TemplateValues()
        second.set("subject", "Two")
        var values = TemplateValues()
        values.set("business", "B")
        values.set("messages", [first, second])
        values.set("none", [])
        values.set("after", "end")
        let template = try Template.compile(
            "{{#messages}}{{@index}} {{subject}} {{business}}{{#parts}}-{{n}}{{/parts}};{{/messages}}{{^none}}none{{/none}} {{after}}",
            escaping: .none
        )
        #expect(try template.render(TemplateScope(overrides: values)) == "1 One B-1-1;2 Two B;none end")
    }

    @Test("text templates are not escaped")
    func text() throws {
        let template = try Template.compile("{{a}} <{{b}}> href=\"{{c}}\"", escaping: .none)
        #expect(try template.render(scope(#"{"a":"a&b","b":"<","c":"javascript:x"}"#)) == "a&b <<> href=\"javascript:x\"")
    }

    @Test("the variables of a template are known with their places")
    func variables() throws {
        let template = try Template.compile(
            "{{a}}\n{{#s}}{{^t}}<a href=\"x{{{b.c}}}\">{{/t}}{{/s}}\n{{>p}}{{@index}}", escaping: .html, partials: { _ in "é {{&d}}" }
        )
        typealias Variable = Template.Variable
        #expect(
            template.variables == [
                Variable(path: "a", line: 1, column: 1, partial: nil, sections: [], isRaw: false, isInAddress: false),
                Variable(path: "b.c", line: 2, column: 23, partial: nil, sections: ["s", "^t"], isRaw: true, isInAddress: true),
                Variable(path: "d", line: 1, column: 3, partial: "p", sections: [], isRaw: true, isInAddress: false),
            ]
        )
    }

    @Test("missing variables are named where the rendering needs them, and only there")
    func missing() throws {
        let template = try Template.compile(
            """
            {{name}} {{event.date}} {{event.place}} {{empty}} {{gone}} {{#vendors}}{{name}} {{price}} {{@index}}
            {{#tags}}{{.}}{{label}}{{/tags}}{{/vendors}}{{#off}}{{never}}{{/off}}{{^off}}{{always}}{{/off}}{{#on}}{{inside}}{{/on}}
            """,
            escaping: .html
        )
        let context = #"{"name":"A","event":{"date":"d"},"empty":"","gone":null,"vendors":[{"price":1},{"tags":["x"]},{}],"on":true}"#
        #expect(
            try template.missingVariables(in: scope(context)) == [
                "event.place", "gone", "vendors[1].price", "vendors[1].tags[0].label", "always", "inside",
            ]
        )
        var defaults = TemplateValues()
        defaults.set("gone", "here")
        defaults.set("always", "here")
        defaults.set("inside", "here")
        let complete = try JSONDocument(parsing: Array(#"{"name":"","event":{"date":1,"place":2},"empty":0}"#.utf8)).root
        #expect(try template.missingVariables(in: TemplateScope(context: complete, defaults: defaults)).isEmpty == true)
    }

    @Test(
        "in HTML a variable stands in text or in a quoted value",
        arguments: [
            ("<p>{{a}}</p><style>{{a}}</style><!-- {{a}} -->", nil),
            ("<td width=\"{{a}}\" style='x{{a}}'>", nil),
            ("<td {{#a}}width=\"{{a}}\"{{/a}} nowrap>", nil),
            ("<td {{{a}}}>", nil),
            ("<a href=\"{{#a}}{{a}}{{/a}}{{^a}}#{{/a}}\">", nil),
            ("<!--[if mso]><v:rect href=\"{{a}}\"/><![endif]-->{{a}}", nil),
            ("5 < 6 {{a}} a<{{{a}}}", "a variable cannot be the name of a tag"),
            ("<td width={{a}}>", "an attribute value that holds a variable needs quotes"),
            ("<td width=x{{{a}}}>", "an attribute value that holds a variable needs quotes"),
            ("<td {{a}}>", "inside a tag a variable may only stand in a quoted attribute value"),
            ("<td{{a}}>", "a variable cannot be the name of a tag"),
            ("<{{a}}>", "a variable cannot be the name of a tag"),
            ("{{#a}}<td class=\"{{/a}}\">", "the section \"a\" begins and ends in different parts of an HTML tag"),
            ("<td {{#a}}x=\"{{/a}}{{^a}}y=\"{{/a}}\">", "the section \"a\" begins and ends in different parts of an HTML tag"),
            ("<td class=\"{{#a}}\"{{/a}}>", "the section \"a\" begins and ends in different parts of an HTML tag"),
        ] as [(String, String?)])
    func places(source: String, message: String?) {
        do {
            _ = try Template.compile(source, escaping: .html)
            #expect(message == nil)
        } catch {
            #expect(error.message == message)
        }
    }

    @Test(
        "an address with a dangerous scheme is written as #",
        arguments: [
            (#"<a href="{{a}}">"#, "https://example.org/?a=1&b=\"2\"", #"<a href="https://example.org/?a=1&amp;b=&quot;2&quot;">"#),
            (#"<a href="{{a}}">"#, "javascript:alert(1)", ##"<a href="#">"##),
            (#"<a href="{{a}}">"#, " \u{1}JaVaScRiPt:alert(1)", ##"<a href="#">"##),
            (#"<a href="{{a}}">"#, "java\nscr\tipt:alert(1)", ##"<a href="#">"##),
            (#"<a href="{{a}}">"#, "vbscript:x", ##"<a href="#">"##),
            (#"<a href="{{a}}">"#, "data:text/html,x", ##"<a href="#">"##),
            (#"<a href="{{{a}}}">"#, "javascript&colon;x", ##"<a href="#">"##),
            (#"<a href="{{{a}}}">"#, "&#106;avascript&#x3A;x", ##"<a href="#">"##),
            (#"<a href="{{{a}}}">"#, "&#0000106avascript:x", ##"<a href="#">"##),
            (#"<a HREF = '{{a}}' >"#, "javascript:x", "<a HREF = '#' >"),
            (#"<a href="java{{a}}">"#, "script:x", ##"<a href="#">"##),
            (#"<a href="{{#a}}{{.}}{{/a}}">"#, "javascript:x", ##"<a href="#">"##),
            (#"<a href="{{^b}}{{a}}{{/b}}">"#, "javascript:x", ##"<a href="#">"##),
            (#"<img src="{{a}}"/>"#, "javascript:x", ##"<img src="#"/>"##),
            (#"<td background="{{a}}">"#, "data:x", ##"<td background="#">"##),
            (#"<!--[if mso]><v:rect href="{{a}}"><![endif]-->"#, "javascript:x", ##"<!--[if mso]><v:rect href="#"><![endif]-->"##),
            (#"<a href="/x?{{a}}">"#, "javascript:x", #"<a href="/x?javascript:x">"#),
            (#"<a href="{{a}}">"#, "mailto:a@b.c", #"<a href="mailto:a@b.c">"#),
            (#"<a href="{{a}}">"#, "javascripts:x", #"<a href="javascripts:x">"#),
            (#"<a href="{{a}}">"#, "", #"<a href="">"#),
            (#"<a title="{{a}}">"#, "javascript:x", #"<a title="javascript:x">"#),
            (#"<a href="x">{{a}}</a><a href="{{a}}">"#, "javascript:x", ##"<a href="x">javascript:x</a><a href="#">"##),
            (#"<a href="">{{^b}}<a href="y">{{/b}}<a href="z">{{a}}"#, "q", #"<a href=""><a href="y"><a href="z">q"#),
        ])
    func addresses(source: String, value: String, result: String) throws {
        var values = TemplateValues()
        values.set("a", value)
        #expect(try Template.compile(source, escaping: .html).render(TemplateScope(overrides: values)) == result)
    }

    @Test("addresses without variables cost nothing at rendering")
    func staticAddresses() throws {
        let template = try Template.compile(#"<a href="x">y</a><img src=""><a href='z'>"#, escaping: .html)
        #expect(template.program.code.count == 1)
    }

    @Test("output, steps, sections, variables and source are bounded")
    func bounds() throws {
        var limits = Template.Limits()
        limits.maximumOutputBytes = 10
        let repeated = try Template.compile("x{{#l}}abc{{/l}}", escaping: .none, limits: limits)
        #expect(try repeated.render(scope(#"{"l":[1,2,3]}"#)) == "xabcabcabc")
        var output = Array("before".utf8)
        let tooLong = try scope(#"{"l":[1,2,3,4]}"#)
        #expect(throws: TemplateError.self) { try repeated.render(tooLong, into: &output) }
        #expect(output == Array("before".utf8))

        limits = Template.Limits()
        limits.maximumSteps = 1_000
        let nested = try Template.compile("{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", escaping: .none, limits: limits)
        let list = try scope("{\"l\":[" + String(repeating: "1,", count: 50) + "1]}")
        #expect(throws: TemplateError.self) { try nested.render(list) }

        let wide = try scope("{\"l\":[1,2,3],\(String((0..<500).flatMap { "\"k\($0)\":1," }.dropLast()))}")
        let searching = try Template.compile("{{#l}}{{none}}{{/l}}", escaping: .none, limits: limits)
        #expect(throws: TemplateError.self, "looking through many keys counts too") { try searching.render(wide) }

        let deep = String(repeating: "{{#a}}", count: 65) + String(repeating: "{{/a}}", count: 65)
        #expect(throws: TemplateError.self) { try Template.compile(deep, escaping: .none) }
        let allowed = try Template.compile(String(deep.dropFirst(6).dropLast(6)), escaping: .none)
        #expect(try allowed.render(scope(#"{"a":{"a":1}}"#)) == "")

        #expect(throws: TemplateError.self) { try Template.compile(String(repeating: "{{a}}", count: 10_001), escaping: .none) }
        #expect(throws: TemplateError.self) { try Template.compile(String(repeating: "x", count: (1 << 20) + 1), escaping: .none) }
        let doubling: (String) -> String? = { name in Int(name.dropFirst()).map { "{{>p\($0 + 1)}}{{>p\($0 + 1)}}" } }
        #expect(throws: TemplateError.self) { try Template.compile("{{>p0}}", escaping: .none, partials: doubling) }
    }

    @Test("templates drawn at random are refused with a place, or rendered without a trap")
    func fuzz() throws {
        var random = SeededGenerator(seed: 99)
        let pieces = [
            "{{a}}", "{{{a}}}", "{{#l}}", "{{/l}}", "{{^l}}", "{{/", "{{#a.b}}", "{{/a.b}}", "{{.}}", "{{@index}}", "{{#@last}}",
            "{{/@last}}", "{{>p}}", "{{!", "}}", "{{=<% %>=}}", "<%a%>", "<%={{ }}=%>", "<a href=\"", "\">", "<td ", "'", ">",
            "<!--", "-->", "\n", "  ",
            "x", "é", "<![endif]-->", "<!--[if mso]>", "</style>", "<style>", "{{", "&amp;",
        ]
        let context = try scope(#"{"a":{"b":["\u0041<",{"a":"javascript:"}]},"l":[{"a":1},[2,[3]],"<",null,{}]}"#)
        var rendered = 0
        for _ in 0..<20_000 {
            let source = (0..<random.next(below: 12)).map { _ in pieces[random.next(below: pieces.count)] }.joined()
            let escaping: Template.Escaping = random.next(below: 2) == 0 ? .html : .none
            do {
                let template = try Template.compile(source, escaping: escaping) { $0 == "p" ? " {{#l}}\n{{a}}{{/l}}\n" : nil }
                rendered += 1
                let missing = try template.missingVariables(in: context)
                #expect(missing.count <= template.variables.count)
                _ = try template.render(context)
            } catch {
                let error = try #require(error as? TemplateError)
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
        #expect(rendered > 2_000)
    }
}
