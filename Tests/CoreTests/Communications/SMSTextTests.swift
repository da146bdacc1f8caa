import Core
import TestSupport
import Testing

@Suite("Texts for SMS")
struct SMSTextTests {
    @Test(
        "typography gives way when the text then fits the GSM alphabet",
        arguments: [
            ("Hello", "Hello", []), ("It’s “done” – at last…", "It's \"done\" - at last...", ["’", "“", "”", "–", "…"]),
            ("a\u{00A0}b\u{2009}c\u{202F}d\u{3000}e", "a b c d e", ["\u{00A0}", "\u{2009}", "\u{202F}", "\u{3000}"]),
            ("• one\n• two", "* one\n* two", ["•"]), ("of\u{FB01}ce e\u{FB03}cient", "office efficient", ["\u{FB01}", "\u{FB03}"]),
            ("don`t\tgo", "don't go", ["`", "\t"]), ("one\u{2028}two", "one\ntwo", ["\u{2028}"]),
            ("«oui» — 5−3", "\"oui\" - 5-3", ["«", "»", "—", "−"]),
            // The euro sign and its like are in the extension table: two septets are cheaper than UCS-2.
            ("€5 [a] {b} ~ | ^ \\", "€5 [a] {b} ~ | ^ \\", []),
            // The same letter in another spelling is no change of the text worth telling.
            ("cafe\u{301} a\u{300} la man\u{303}ana", "café à la mañana", []), ("20 \u{212A}", "20 K", []), ("5 \u{2126}", "5 Ω", []),
            ("\u{FEFF}Hi\u{200B} the\u{AD}re\u{200D}", "Hi there", ["\u{FEFF}", "\u{200B}", "\u{AD}", "\u{200D}"]),
        ] as [(String, String, [String])])
    func replaces(text: String, expected: String, replaced: [String]) {
        let normalised = SMSText.normalised(text)
        // Compared by scalars: Swift holds both spellings of é for equal.
        #expect(Array(normalised.text.unicodeScalars) == Array(expected.unicodeScalars))
        #expect(normalised.replaced == replaced)
        #expect(Segments(normalised.text).encoding == .gsm7)
    }

    @Test(
        "a text that needs UCS-2 for a letter keeps its typography",
        arguments: [
            "Peça “já” – amanhã…", "Ваш план готов — смотрите", "कृपया “देखें”", "نعم\u{200C}ها – “تم”", "Ready 🎉 – “go”", "naïve – “façade”",
        ])
    func keeps(text: String) {
        let normalised = SMSText.normalised(text)
        #expect(normalised.text == text && normalised.replaced.isEmpty)
        #expect(Segments(normalised.text).encoding == .ucs2)
    }

    @Test("what nobody sees goes from every text; joiners stay where scripts need them")
    func invisible() {
        #expect(SMSText.normalised("\u{FEFF}План\u{200B}").text == "План")
        let family = "👩\u{200D}👩\u{200D}👧"
        #expect(Array(SMSText.normalised(family).text.unicodeScalars) == Array(family.unicodeScalars))
        #expect(Array(SMSText.normalised("क्\u{200D}ष").text.unicodeScalars).contains("\u{200D}"))
    }

    @Test("letters never change", arguments: ["ç", "á", "í", "ó", "ú", "ã", "ê", "ő", "ł", "ş", "œ", "ё", "ï"])
    func letters(letter: String) {
        #expect(SMSText.normalised("“\(letter)”").text == "“\(letter)”")
    }

    @Test("one typographic quote no longer doubles the price")
    func price() {
        let text = "We’ll send your plan today. " + String(repeating: "a", count: 120)
        #expect(Segments(text).count == 3 && Segments(SMSText.normalised(text).text).count == 1)
    }

    @Test("normalising twice is normalising once")
    func idempotent() {
        var random = SeededGenerator(seed: 7)
        let alphabet: [Unicode.Scalar] = [
            "a", "é", "“", "…", "\u{301}", "e", "\u{200D}", "ы", "\u{A0}", "\r", "\n", "`", "•", "\u{FB01}", "👩", "\u{2028}",
        ]
        for _ in 0..<2_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...12, using: &random) { scalars.append(alphabet.randomElement(using: &random) ?? "a") }
            let once = SMSText.normalised(String(scalars)).text
            let twice = SMSText.normalised(once)
            #expect(Array(twice.text.unicodeScalars) == Array(once.unicodeScalars) && twice.replaced.isEmpty, "\(Array(scalars))")
        }
    }
}

@Suite("Prices of text messages")
struct SMSPricesTests {
    @Test("the longest prefix holds, else the default")
    func prefixes() throws {
        let prices = try #require(SMSPrices("USD:default=0.01,1=0.0079,49=0.075,4915=0.08"))
        #expect(prices.cost(segments: 2, to: "+14155550100") == "0.0158")
        #expect(prices.cost(segments: 1, to: "+4930123456") == "0.075")
        #expect(prices.cost(segments: 3, to: "+4915112345678") == "0.24")
        #expect(prices.cost(segments: 1, to: "+8613800000000") == "0.01")
        #expect(prices.cost(segments: 0, to: "+14155550100") == "0.00")
        #expect(prices.currency == "USD")
    }

    @Test("without a default a foreign country has no price")
    func unknown() throws {
        let prices = try #require(SMSPrices("EUR:49=0.075"))
        #expect(prices.cost(segments: 1, to: "+14155550100") == nil)
    }

    @Test("money is counted exactly, and never overflows")
    func exact() throws {
        let prices = try #require(SMSPrices("USD:default=0.1,2=999999.999999"))
        #expect(prices.cost(segments: 3, to: "+1") == "0.30")
        #expect(prices.cost(segments: 10, to: "+2") == "9999999.99999")
        #expect(prices.cost(segments: Int.max, to: "+2") == nil)
    }

    @Test(
        "what is not of the form is refused",
        arguments: [
            "", "USD", "USD:", "usd:default=1", "USD:default", "USD:default=", "USD:default=-1", "USD:default=1.2.3",
            "USD:default=0.0000001",
            "USD:+1=0.1", "USD:1=0.1,1=0.2", "USD:default=1,default=2", "USD:1=0,1", "USD:1= 1", "USD:default=1e3",
            "USD:1234567890123456=1",
            "DOLLAR:default=1", "USD:default=1234567", "USD:default=٣",
        ])
    func refuses(text: String) {
        #expect(SMSPrices(text) == nil)
    }
}
