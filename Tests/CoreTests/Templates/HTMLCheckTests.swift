import TestSupport
import Testing

@testable import Core

@Suite("HTML check")
struct HTMLCheckTests {
    @Test(
        "well-made mail HTML is accepted",
        arguments: [
            "",
            "plain text with {{variables}} and & an ampersand",
            "<!DOCTYPE html><html><head><meta charset=utf-8><title>a < b {{x}}</title><style>td > p { color: red }</style></head></html>",
            "<TABLE Width=100% cellpadding=\"0\"><tr><td nowrap style='a:b; font-family:\"X\"'>x<br>y<br/>z</TD></tr></table>",
            "<p>a<img src=\"{{logo}}\" alt='>'><hr></p>",
            "<!--[if mso]><table><tr><td><![endif]--><div>x</div><!--[if mso]></td></tr></table><![endif]-->",
            "<!--[if mso]><v:rect href=\"{{u}}\"><w:anchorlock/><center>x</center></v:rect><![endif]-->"
                + "<!--[if !mso]><!--><a href=\"x\">y</a><!--<![endif]-->",
            "<!--[if !mso]><!--><div><!--<![endif]-->x<!--[if !mso]><!--></div><!--<![endif]-->",
            "<p><!--[if !mso]> --><b>x</b></p><!-- <![endif]--><i>x</i>",
            "<p><!--[if mso]><b>x</b><!--<![endif]--></p>",
            "<!--[if gte mso 9]><xml><o:AllowPNG/></xml><![endif]-->",
            "<!-- <div> -- > --><div></div><!----><!-->",
            "{{#list}}<li>{{.}}</li>{{/list}}{{! <div> }}<a href=\"{{{url}}}\" {{#x}}target=\"_blank\"{{/x}}>x</a>",
            "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/></svg>",
            "<a href=http://example.org/a?b=c&d=e>x</a>",
            "<input disabled value = \"a\" ><wbr>",
            "<td width={{w}}></td>",
        ])
    func accepted(source: String) {
        #expect(HTMLCheck.validate(source) == nil)
    }

    @Test(
        "what a browser would run is refused, however it is written",
        arguments: [
            ("<a href=\"javascript:x()\">x</a>", "javascript:"), ("<a href='jAvA\tSc\nRipt:x()'>x</a>", "javascript:"),
            ("<a href=\"&#106;ava&Tab;script&colon;x()\">x</a>", "javascript:"), ("<a href=\" &#x6A;avascript:x()\">x</a>", "javascript:"),
            ("<a href=vbscript:x>x</a>", "vbscript:"), ("<a href=\"data:text/html,x\">x</a>", "data:text/"),
            ("<form action=\"javascript:x\"><button>x</button></form>", "javascript:"),
            ("<button formaction=\"javascript:x\">x</button>", "javascript:"), ("<img src=x onerror=y>", "onerror"),
            ("<p ONCLICK=\"x\">y</p>", "onclick"), ("<img/src=x onerror=y>", "onerror"),
            ("<iframe src=\"https://x\"></iframe>", "<iframe>"),
            ("<object data=\"x\"></object>", "<object>"), ("<embed src=x>", "<embed>"), ("<base href=\"https://x\">", "<base>"),
            ("<svg><a xlink:href=\"javascript:x\">x</a></svg>", "javascript:"), ("<svg><set attributeName=\"href\"/></svg>", "<set>"),
            ("<meta http-equiv=\"Refresh\" content=\"0;url=x\">", "lead away"),
            ("<table background=\"javascript:x\"></table>", "javascript:"),
            ("<!--[if mso]><v:rect onclick=\"x\"></v:rect><![endif]-->", "onclick"),
        ])
    func active(source: String, named: String) throws {
        let problem = try #require(HTMLCheck.validate(source))
        #expect(problem.message.contains(named), "\(problem)")
    }

    @Test(
        "addresses and attributes that only look like it are taken",
        arguments: [
            "<a href=\"https://x/?javascript:y\">x</a>", "<img src=\"data:image/png;base64,xx\" alt=\"onerror=x\">",
            "<a href=\"mailto:x@y.z\">x</a>",
            "<a href=\"{{link}}\" title=\"javascript:x\">x</a>", "<a href=\"tel:+49\">x</a>", "<a href=\"cid:on\">x</a>",
            "<meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\">",
        ])
    func inactive(source: String) {
        #expect(HTMLCheck.validate(source) == nil)
    }

    @Test(
        "what is broken is named with its place",
        arguments: [
            ("<div><span></div>", 1, 12, "</div> stands where <span> of line 1 is still open"),
            ("<p>\n<b>é<i></b></i></p>", 2, 8, "</b> stands where <i> of line 2 is still open"),
            ("<div>\n <p>", 2, 2, "<p> is not closed"),
            ("x</div>", 1, 2, "</div> closes nothing"),
            ("<p>a</p>\n<a", 2, 1, "the tag that begins here is not closed"),
            ("<a href=\"x\"\n<b></b>", 1, 1, "in the tag that begins here: the tag before this \"<\" is not closed with \">\""),
            ("<a <b></b>", 1, 1, "in the tag that begins here: the tag before this \"<\" is not closed with \">\""),
            ("<a<b></b>", 1, 1, "in the tag that begins here: the tag before this \"<\" is not closed with \">\""),
            ("<a href=\"x>y</a>", 1, 1, "the tag that begins here is not closed"),
            (
                "<a href=\"x>y</a><b class=\"c\">", 1, 1,
                "in the tag that begins here: a space is missing between two attributes; is a quote missing?"
            ),
            ("<a href=x\">", 1, 1, "in the tag that begins here: unexpected character in an attribute value without quotes"),
            ("<a href=>x</a>", 1, 1, "in the tag that begins here: an attribute has no value after its \"=\""),
            ("<a \"x\">", 1, 1, "in the tag that begins here: unexpected character in a tag; is a quote missing?"),
            ("<p>\n<!-- x", 2, 1, "the comment that begins here is not closed"),
            ("<style>p {}", 1, 1, "<style> is not closed"),
            ("a < b", 1, 3, "\"<\" in text must be written \"&lt;\""),
            ("</>", 1, 1, "in the tag that begins here: \"</\" without a name"),
            ("<p><SCRIPT>x</SCRIPT></p>", 1, 4, "a mail must not contain scripts"),
            ("<br></br>", 1, 5, "<br> has no end tag"),
            ("<div/>", 1, 1, "<div/> opens the element without closing it; write <div></div>"),
            ("<!--[if mso]><table><![endif]--></table>", 1, 33, "</table> closes nothing"),
            ("<!--[if mso]><table><![endif]-->", 1, 14, "<table> is not closed"),
            ("<p>{{#a}}<b>{{/a}}</p>", 1, 19, "</p> stands where <b> of line 1 is still open"),
            ("<p>{{a</p>", 1, 4, "the tag is not closed"),
        ])
    func refused(source: String, line: Int, column: Int, message: String) {
        #expect(HTMLCheck.validate(source) == HTMLProblem(line: line, column: column, message: message))
    }

    @Test("elements inside one another are bounded")
    func depth() {
        #expect(HTMLCheck.validate(String(repeating: "<b>", count: 1_000) + String(repeating: "</b>", count: 1_000)) == nil)
        #expect(HTMLCheck.validate(String(repeating: "<b>", count: 1_001))?.message == "more than 1000 elements inside one another")
    }

    @Test("partials are checked in their place")
    func partials() {
        let partials = ["begin": "<table><tr>\n<td>", "end": "</td></tr></table>", "loop": "{{>loop}}"]
        #expect(HTMLCheck.validate("{{>begin}}x{{>end}}{{>none}}{{>loop}}") { partials[$0] } == nil)
        #expect(
            HTMLCheck.validate("x{{>begin}}") { partials[$0] }
                == HTMLProblem(line: 2, column: 1, message: "<td> is not closed", partial: "begin")
        )
        #expect(HTMLCheck.validate("{{>begin}}x{{>end}}") == nil, "without their source, partials are skipped")
    }

    @Test("whatever is thrown at it, it answers")
    func fuzz() {
        var random = SeededGenerator(seed: 5)
        let pieces = [
            "<", ">", "</", "/>", "<a", "<p>", "</p>", "<!--", "-->", "--", "<![", "[if mso]>", "<![endif]", "\"", "'", "=", " ", "x",
            "<style>", "</style", "{{a}}", "{{#a}}", "é", "<?", "&", "\n",
        ]
        for _ in 0..<20_000 {
            let source = (0..<random.next(below: 15)).map { _ in pieces[random.next(below: pieces.count)] }.joined()
            if let problem = HTMLCheck.validate(source) { #expect(problem.line >= 1 && problem.column >= 1 && !problem.message.isEmpty) }
            let text = PlainText.fromHTML(source)
            #expect(text.isEmpty || text.hasSuffix("\n"))
        }
    }
}
