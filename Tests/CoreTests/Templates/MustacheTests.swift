import Testing

@testable import Core

/// The behaviour that the Mustache specification asks for.
@Suite("Mustache")
struct MustacheTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let template: String
        let context: String
        let result: String
        let partials: [String: String]
        var testDescription: String { template.debugDescription }

        init(_ template: String, _ context: String, _ result: String, _ partials: [String: String] = [:]) {
            self.template = template
            self.context = context
            self.result = result
            self.partials = partials
        }
    }

    @Test(
        "variables are written, escaped unless told otherwise",
        arguments: [
            Example("Hello from {Mustache}!", "{}", "Hello from {Mustache}!"),
            Example("Hi {{name}}!", #"{"name":"Ada"}"#, "Hi Ada!"),
            Example("{{a}}", #"{"a":"& \" < > '"}"#, "&amp; &quot; &lt; &gt; &#39;"),
            Example("{{{a}}} {{&a}} {{& a }}", #"{"a":"<b>&\""}"#, "<b>&\" <b>&\" <b>&\""),
            Example("{{a}}|{{b}}|{{c}}|{{d}}", #"{"a":85,"b":1.210,"c":-3e2,"d":0}"#, "85|1.210|-3e2|0"),
            Example("{{t}}{{f}}{{n}}{{m}}", #"{"t":true,"f":false,"n":null}"#, "truefalse"),
            Example("{{list}}{{object}}", #"{"list":[1],"object":{"a":1}}"#, ""),
            Example("{{ a }}{{\ta\n}}", #"{"a":"x"}"#, "xx"),
            Example("  {{a}}\n", #"{"a":"x"}"#, "  x\n"),
            Example("{{a}}", #"{"a":"é\u00e9\n\ud83d\ude00\u0026"}"#, "éé\n😀&amp;"),
            Example("{{a}}{{{a}}}", #"{"a":"\u003cb\u003e"}"#, "&lt;b&gt;<b>"),
            Example("{{k}}", #"{"\u006b":"escaped key"}"#, "escaped key"),
        ])
    func variables(example: Example) throws { try expect(example) }

    @Test(
        "dotted names go into objects and do not look further out once the first part was found",
        arguments: [
            Example("{{a.b.c}}", #"{"a":{"b":{"c":"deep"}}}"#, "deep"),
            Example("[{{a.b.x}}]", #"{"a":{"b":{}}}"#, "[]"),
            Example("{{#a}}{{b.c}}{{/a}}", #"{"a":{"b":{}},"b":{"c":"wrong"}}"#, ""),
            Example("{{#a}}{{c.d}}{{/a}}", #"{"a":{"b":1},"c":{"d":"outer"}}"#, "outer"),
            Example("{{#a.b}}Here{{/a.b}}{{^a.c}}Not{{/a.c}}", #"{"a":{"b":true}}"#, "HereNot"),
            Example("[{{name.first}}]", #"{"name":"text"}"#, "[]"),
        ])
    func dottedNames(example: Example) throws { try expect(example) }

    @Test(
        "sections are rendered when true, once per element",
        arguments: [
            Example("{{#b}}yes{{/b}}", #"{"b":true}"#, "yes"),
            Example("[{{#b}}yes{{/b}}]", #"{"b":false}"#, "[]"),
            Example("[{{#b}}yes{{/b}}]", #"{"b":null}"#, "[]"),
            Example("[{{#b}}yes{{/b}}]", "{}", "[]"),
            Example("[{{#b}}yes{{/b}}]", #"{"b":[]}"#, "[]"),
            Example("[{{#b}}yes{{/b}}]", #"{"b":""}"#, "[]"),
            Example("[{{#b}}yes{{/b}}{{#c}}yes{{/c}}{{#d}}yes{{/d}}]", #"{"b":0,"c":-0.00,"d":0e9}"#, "[]"),
            Example("[{{#b}}{{.}}{{/b}}]", #"{"b":0.01}"#, "[0.01]"),
            Example("{{#b}}{{.}}!{{/b}}", #"{"b":"text"}"#, "text!"),
            Example("{{#b}}{{n}}{{/b}}", #"{"b":{"n":"in"},"n":"out"}"#, "in"),
            Example("{{#b}}{{n}}{{/b}}", #"{"b":{"x":1},"n":"out"}"#, "out"),
            Example("{{#b}}empty object{{/b}}", #"{"b":{}}"#, "empty object"),
            Example("{{#l}}{{.}},{{/l}}", #"{"l":[1,"a",2.50,true]}"#, "1,a,2.50,true,"),
            Example("{{#l}}{{.}}{{/l}}{{#l}}{{{.}}}{{/l}}", #"{"l":["<"]}"#, "&lt;<"),
            Example("{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", #"{"l":[[1,2],[],[3]]}"#, "(12)()(3)"),
            Example("{{#l}}{{n}}{{/l}}", #"{"l":[{"n":1},{"n":2},{"x":3}],"n":"o"}"#, "12o"),
            Example("{{#a}}{{#b}}{{x}}{{y}}{{/b}}{{/a}}", #"{"a":{"x":1,"b":[{"y":2},{"y":3}]}}"#, "1213"),
            Example("{{#a}}1{{/a}}{{#a}}2{{#b}}3{{/b}}{{/a}}4", #"{"a":true}"#, "124"),
            Example("{{#a.b}}{{c}}{{/a.b}}", #"{"a":{"b":[{"c":1},{"c":2}]}}"#, "12"),
        ])
    func sections(example: Example) throws { try expect(example) }

    @Test(
        "inverted sections are rendered when sections are not",
        arguments: [
            Example("{{^b}}no{{/b}}", #"{"b":false}"#, "no"),
            Example("{{^b}}no{{/b}}", "{}", "no"),
            Example("{{^b}}no{{/b}}", #"{"b":[]}"#, "no"),
            Example("{{^b}}no{{/b}}", #"{"b":""}"#, "no"),
            Example("{{^b}}no{{/b}}", #"{"b":null}"#, "no"),
            Example("[{{^b}}no{{/b}}]", #"{"b":true}"#, "[]"),
            Example("[{{^b}}no{{/b}}]", #"{"b":{}}"#, "[]"),
            Example("[{{^b}}no{{/b}}]", #"{"b":[0]}"#, "[]"),
            Example("{{^a}}x{{/a}}y", #"{"a":true}"#, "y"),
            Example("{{^a}}x{{/a}}y{{#a}}z{{/a}}", "{}", "xy"),
        ])
    func inverted(example: Example) throws { try expect(example) }

    @Test(
        "tags that stand alone take their line with them",
        arguments: [
            Example("a\n{{#b}}\nb\n{{/b}}\nc\n", #"{"b":true}"#, "a\nb\nc\n"),
            Example("a\n  {{#b}}  \nb\n\t{{/b}}\t\nc\n", #"{"b":true}"#, "a\nb\nc\n"),
            Example("a\r\n{{#b}}\r\n{{/b}}\r\nc", #"{"b":true}"#, "a\r\nc"),
            Example("  {{#b}}\nx{{/b}}\ny", #"{"b":true}"#, "x\ny"),
            Example("#{{#b}}\n/\n  {{/b}}", #"{"b":true}"#, "#\n/\n"),
            Example(" {{#b}}x{{/b}}\n", #"{"b":true}"#, " x\n"),
            Example(" | {{#b}} {{! no }}\n {{/b}} | \n", #"{"b":true}"#, " |  \n  | \n"),
            Example("a\n{{! comment }}\nb", "{}", "a\nb"),
            Example("a {{! comment }} b", "{}", "a  b"),
            Example("a\n  {{!\n  several\n  lines }}\nb", "{}", "a\nb"),
            Example("{{! {{not a tag}} }}", "{}", " }}"),
            Example("a {{!\n}}\nb", "{}", "a \nb"),
            Example("{{#b}}\n\n{{/b}}\n", #"{"b":true}"#, "\n"),
            Example("{{#a}}\n{{#b}}\nx\n{{/b}}\n{{/a}}\n", #"{"a":true,"b":[1,2]}"#, "x\nx\n"),
        ])
    func standalone(example: Example) throws { try expect(example) }

    @Test(
        "delimiters can be changed, until the end of the template or partial",
        arguments: [
            Example("{{=<% %>=}}(<%a%>){{a}}", #"{"a":"x"}"#, "(x){{a}}"),
            Example("({{=[ ]=}}[a])", #"{"a":"x"}"#, "(x)"),
            Example("{{=| |=}}|#a||.||/a|", #"{"a":[1,2]}"#, "12"),
            Example("{{= <% %> =}}<%={{ }}=%>{{a}}", #"{"a":"x"}"#, "x"),
            Example("a\n  {{=@ @=}}\nb", "{}", "a\nb"),
            Example("{{=<% %>=}}<%{a}%><%&a%>", #"{"a":"<"}"#, "<<"),
            Example("{{=<% %>=}}<%>p%>", #"{"a":"x"}"#, "x", ["p": "{{a}}"]),
            Example("{{>p}}{{a}}", #"{"a":"x"}"#, "xx", ["p": "{{=| |=}}|a|"]),
        ])
    func delimiters(example: Example) throws { try expect(example) }

    @Test(
        "partials are rendered in place, with their context and indentation",
        arguments: [
            Example("[{{>p}}]", #"{"a":"x"}"#, "[x]", ["p": "{{a}}"]),
            Example("{{#l}}{{>p}}{{/l}}", #"{"l":[{"a":1},{"a":2}]}"#, "<1><2>", ["p": "<{{a}}>"]),
            Example("| {{>p}} |", "{}", "| \t|\t |", ["p": "\t|\t"]),
            Example("\\\n {{>p}}\n/\n", #"{"a":"<\n->"}"#, "\\\n |\n <\n->\n |\n/\n", ["p": "|\n{{{a}}}\n|\n"]),
            Example("  {{>p}}\n>", "{}", "  >\n  >>", ["p": ">\n>"]),
            Example("  {{a}}  {{> p }}\n", #"{"a":"|"}"#, "  |  >\n>\n", ["p": ">\n>"]),
            Example("  {{>p}}\n", "{}", "    x\n", ["p": "  {{>q}}\n", "q": "x\n"]),
            Example("{{>a.b/c}}", "{}", "x", ["a.b/c": "x"]),
            Example("{{>p}}{{>p}}", "{}", "xx", ["p": "x"]),
            Example("{{>p}}y", #"{"a":true}"#, "y", ["p": "{{^a}}x{{/a}}"]),
        ])
    func partials(example: Example) throws {
        let template = try Template.compile(example.template, escaping: .none) { example.partials[$0] }
        #expect(try template.render(scope(example.context)) == example.result)
    }

    @Test(
        "inside lists the place is known",
        arguments: [
            Example("{{#l}}{{@index}}:{{.}}{{^@last}}, {{/@last}}{{/l}}", #"{"l":["a","b","c"]}"#, "1:a, 2:b, 3:c"),
            Example("{{#l}}{{#@first}}({{/@first}}{{.}}{{#@last}}){{/@last}}{{/l}}", #"{"l":["a"]}"#, "(a)"),
            Example("{{#l}}{{#n}}{{@index}}{{/n}}{{/l}}", #"{"l":[{"n":[0,0]},{"n":true},{}]}"#, "122"),
            Example("{{@index}}{{#@first}}x{{/@first}}{{^@last}}y{{/@last}}", "{}", "y"),
            Example("{{#l}}{{#m}}{{.}}{{/m}}{{^@last}},{{/@last}}{{/l}}", #"{"l":[{"m":[1,2]},{"m":[[3]]}]}"#, "12,"),
        ])
    func loopValues(example: Example) throws { try expect(example) }

    @Test(
        "faults are named with line and column",
        arguments: [
            ("a\nb {{name", 2, 3, "the tag is not closed"),
            ("{{a {{b}}", 1, 1, "the tag is not closed"),
            ("{{{a}}", 1, 1, "the tag is not closed"),
            ("{{!", 1, 1, "the tag is not closed"),
            ("{{}}", 1, 1, "the tag has no name"),
            ("{{#}}", 1, 1, "the tag has no name"),
            ("{{a b}}", 1, 1, "a name must not contain spaces"),
            ("{{a..b}}", 1, 1, "the name \"a..b\" has an empty part"),
            ("{{.a}}", 1, 1, "the name \".a\" has an empty part"),
            ("é\n\n  {{#a}}\n{{#b}}{{/b}}", 3, 3, "the section \"a\" is not closed"),
            ("{{/a}}", 1, 1, "the section \"a\" was not opened"),
            ("{{#a}}\né {{/b}}", 2, 3, "the section \"a\" is open here, not \"b\""),
            ("{{=a=}}", 1, 1, "new delimiters are two texts with a space between them and no \"=\""),
            ("{{=a b c=}}", 1, 1, "new delimiters are two texts with a space between them and no \"=\""),
            ("x {{>none}}", 1, 3, "there is no partial \"none\""),
            ("{{@key}}", 1, 1, "unknown name \"@key\"; there are @index, @first and @last"),
            ("{{#@index}}{{/@index}}", 1, 1, "\"@index\" cannot be a section"),
            ("{{@last}}", 1, 1, "\"@last\" can only be used as a section"),
        ])
    func faults(source: String, line: Int, column: Int, message: String) {
        #expect(refusal(source) == TemplateError(line: line, column: column, message: message))
    }

    @Test("a fault inside a partial is placed there, whatever the indentation")
    func faultInPartial() {
        let partials = ["p": "x\n{{#a}}", "q": "{{/a}}", "loop": "{{>loop2}}", "loop2": "{{>loop}}"]
        #expect(
            refusal("  {{>p}}\n{{/a}}", partials)
                == TemplateError(line: 2, column: 1, message: "the section \"a\" is not closed", partial: "p")
        )
        #expect(refusal("{{#a}}{{>q}}", partials)?.message == "the section \"a\" was not opened")
        let loop = refusal("{{>loop}}", partials)
        #expect(loop?.message == "partials include one another without end: loop > loop2 > loop")
        #expect(loop?.description == "partial loop2, line 1, column 1: \(loop?.message ?? "")")
    }

    private func expect(_ example: Example) throws {
        let template = try Template.compile(example.template, escaping: .html) { example.partials[$0] }
        #expect(try template.render(scope(example.context)) == example.result)
    }

    private func refusal(_ source: String, _ partials: [String: String] = [:]) -> TemplateError? {
        do {
            _ = try Template.compile(source, escaping: .none) { partials[$0] }
            return nil
        } catch {
            return error
        }
    }
}

func scope(_ context: String) throws -> TemplateScope {
    TemplateScope(context: try JSONDocument(parsing: Array(context.utf8)).root)
}
