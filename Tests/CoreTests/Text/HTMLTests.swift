import Testing

@testable import Core

@Suite("HTML out of pieces")
struct HTMLTests {
    @Test("text is escaped for content and attributes, HTML is not escaped again")
    func escaping() {
        let hostile = #"<script>alert("1" & '2')</script>"#
        let inner: HTML = "<b>\(hostile)</b>"
        #expect(inner.text == "<b>&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</b>")
        let outer: HTML = "<p title=\"\(hostile)\">\(inner)</p>"
        #expect(outer.text.hasSuffix(">\(inner.text)</p>") && !outer.text.contains("<script"))
        #expect(HTML.joined([inner, inner]).text == inner.text + inner.text)
    }
}
