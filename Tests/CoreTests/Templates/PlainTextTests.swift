import Testing

@testable import Core

@Suite("Plain text from HTML")
struct PlainTextTests {
    @Test(
        "what a reader sees becomes text",
        arguments: [
            ("", ""),
            ("  <p> \n </p> ", ""),
            ("Hello   \n world", "Hello world\n"),
            ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
            ("<h1>Title</h1>Text<h2>Next</h2>", "Title\n\nText\n\nNext\n"),
            ("<div>a</div><div><div>b</div></div>c", "a\nb\nc\n"),
            ("a<br>b<br/><br>c<br><br><br><br>d", "a\nb\n\nc\n\nd\n"),
            ("f<b>oo</b>bar <i>x</i>", "foobar x\n"),
            ("&lt;b&gt; &amp;amp; &euro;&nbsp;5 &#8364; &#x1F600; &unknown; &", "<b> &amp; € 5 € 😀 &unknown; &\n"),
            ("a &#60;b&#62; 5 < 6", "a <b> 5 < 6\n"),
            ("<a href=\"https://x.org/?a=1&amp;b=2\">here</a>.", "here (https://x.org/?a=1&b=2).\n"),
            ("<a href=\"https://x.org/\">x.org</a> <a href='https://x.org/a'>https://x.org/a</a>", "x.org https://x.org/a\n"),
            ("<a href=\"mailto:a@b.c\">a@b.c</a> <a href=\"mailto:a@b.c\">write</a>", "a@b.c write (mailto:a@b.c)\n"),
            ("<a href=\"#top\">up</a> <a href=\"javascript:x\">run</a> <a name=x>n</a>", "up run n\n"),
            ("<a href=\"https://x.org\"><img src=l.png alt=\"The &quot;Logo&quot;\"></a>", "The \"Logo\" (https://x.org)\n"),
            ("<a href=\"https://x.org\"><img src=l.png></a><a href=\"https://y.org\">Y</a>z", "https://x.org Y (https://y.org) z\n"),
            ("<img alt=Logo> <img alt=\"\"><img>", "Logo\n"),
            ("x<ul><li>a</li><li>b<ul><li>c</li></ul>d</li></ul>y", "x\n\n- a\n- b\n  - c\n  d\n\ny\n"),
            ("<ol><li>a<li>b</ol><ol><li>c</ol>", "1. a\n2. b\n\n1. c\n"),
            ("<ul><li></li></ul><p>x</p>", "x\n"),
            ("<table><tr><th>Item</th><th>Price</th></tr><tr><td>Hall</td><td> 5 </td></tr></table>", "Item  Price\nHall  5\n"),
            ("<table><tr><td><table><tr><td>in</td></tr></table></td><td>&nbsp;</td></tr></table>", "in\n"),
            ("<hr>x", String(repeating: "-", count: 40) + "\nx\n"),
            ("a<blockquote>b<br>c</blockquote>d", "a\n\n> b\n> c\n\nd\n"),
            ("<pre>a\n  b\n\nc</pre>", "a\nb\n\nc\n"),
            ("नमस्ते &shy;x\u{200B}y", "नमस्ते x\u{200B}y\n"),
        ])
    func visible(html: String, text: String) {
        #expect(PlainText.fromHTML(html) == text)
    }

    @Test(
        "what a reader does not see is left out",
        arguments: [
            "<head><title>t</title><style>p{}</style></head>", "<style>p > a {}</style>", "<script>if (a < b) x()</script>", "<!-- no -->",
            "<div style=\"display: none\">pre<div>header</div></div>", "<span hidden>x<br>y</span>",
            "<div style='color:red;DISPLAY:none'>x</div>",
            "<!--[if mso]><table><tr><td>no<![endif]-->", "<!DOCTYPE html><?xml x?>",
            "<div style=\"display:none;max-height:0\">x &zwnj;&nbsp;</div>",
            "<title>x</title><textarea>y</textarea>",
        ])
    func hidden(html: String) {
        #expect(PlainText.fromHTML("a " + html + " b") == "a b\n" || PlainText.fromHTML("a " + html + " b") == "a\nb\n")
    }

    @Test("what all but Outlook see is shown")
    func revealed() {
        #expect(PlainText.fromHTML("<!--[if !mso]><!-->a<!--<![endif]--> b<!--[if mso]>c<![endif]-->") == "a b\n")
    }

    @Test("a condition ends for all but Outlook with the first end of a comment")
    func conditionEnds() {
        #expect(PlainText.fromHTML("<!--[if !mso]> -->a<!-- <![endif]--> b") == "a b\n")
        #expect(PlainText.fromHTML("<!--[if mso]>no - > -> <!--<![endif]-->b") == "b\n")
        #expect(PlainText.fromHTML("a --> b") == "a --> b\n")
    }

    @Test("lines are wrapped between words; addresses and long words stay whole")
    func wrapping() {
        let address = "https://example.org/" + String(repeating: "a", count: 100)
        let text = PlainText.fromHTML(
            "<p>" + String(repeating: "word ", count: 40) + "<a href=\"\(address)\">link</a> and on</p><ul><li>"
                + String(repeating: "item ", count: 30) + "</li></ul>"
        )
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 76 || $0 == "(\(address))" })
        #expect(lines.contains("(\(address))"))
        #expect(lines.first?.count == 74, "fifteen words of four letters with their spaces")
        #expect(lines.filter { $0.hasPrefix("- item") }.count == 1)
        #expect(lines.filter { $0.hasPrefix("  item") }.count == 1, "wrapped lines of an item are indented")
        #expect(text.split(whereSeparator: \.isWhitespace).filter { $0 == "word" }.count == 40)
        #expect(PlainText.fromHTML("ééééé ééééé", width: 11) == "ééééé ééééé\n")
        #expect(PlainText.fromHTML("ééééé ééééé", width: 10) == "ééééé\nééééé\n")
    }

    @Test("hostile HTML gives output in proportion to the input")
    func hostile() {
        let pieces = [
            "<ul><li>x", "<blockquote>x", "<div>", "<a href=\"https://x.org/", "&#", "<p", "<!--", "<table><tr><td>x", "<ol>", "<hr>x",
            "<b ",
        ]
        for piece in pieces {
            let html = Array(String(repeating: piece, count: 20_000).utf8)
            #expect(PlainText.fromHTML(html).count <= html.count * 12)
        }
    }
}
