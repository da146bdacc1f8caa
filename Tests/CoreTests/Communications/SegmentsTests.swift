import Core
import Testing

@Suite("Parts of a text message")
struct SegmentsTests {
    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(
        "counts",
        arguments: [
            ("", .gsm7, 0, 0), ("Hello", .gsm7, 5, 1), (repeated("a", 160), .gsm7, 160, 1), (repeated("a", 161), .gsm7, 161, 2),
            (repeated("a", 306), .gsm7, 306, 2), (repeated("a", 307), .gsm7, 307, 3),
            // The extension table takes two septets each.
            ("€", .gsm7, 2, 1), (repeated("€", 80), .gsm7, 160, 1), (repeated("{", 81), .gsm7, 162, 2),
            // A pair that would straddle the border moves on: 152 + 2 leave one septet of the first part empty.
            (repeated("a", 152) + "€" + repeated("a", 152), .gsm7, 306, 3), (repeated("a", 151) + "€" + repeated("a", 153), .gsm7, 306, 2),
            // UTF-16.
            ("ы", .ucs2, 1, 1), (repeated("ы", 70), .ucs2, 70, 1), (repeated("ы", 71), .ucs2, 71, 2), (repeated("ы", 134), .ucs2, 134, 2),
            (repeated("ы", 135), .ucs2, 135, 3), ("😀", .ucs2, 2, 1), (repeated("😀", 35), .ucs2, 70, 1),
            (repeated("ы", 66) + "😀" + repeated("ы", 66), .ucs2, 134, 3), (repeated("ы", 65) + "😀" + repeated("ы", 67), .ucs2, 134, 2),
            // One foreign letter turns the whole text.
            (repeated("a", 70) + "`", .ucs2, 71, 2),
        ] as [(String, Segments.Encoding, Int, Int)])
    func counts(text: String, encoding: Segments.Encoding, units: Int, count: Int) {
        let segments = Segments(text)
        #expect(segments.encoding == encoding && segments.units == units && segments.count == count)
        #expect(segments.characters == text.count)
    }

    @Test("the whole GSM alphabet is known, and nothing beside it")
    func alphabet() {
        // 3GPP TS 23.038, section 6.2.1, row by row; the escape is not a character.
        let basic =
            "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
            + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
        let extended = "\u{0C}^{}\\[~]|€"
        #expect(basic.unicodeScalars.count == 127)
        let (one, two) = (Set(basic.unicodeScalars), Set(extended.unicodeScalars))
        for value in UInt32(0)...0x2FFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let segments = Segments(String(Character(scalar)))
            #expect(segments.encoding == (one.contains(scalar) || two.contains(scalar) ? .gsm7 : .ucs2))
            #expect(segments.units == (two.contains(scalar) ? 2 : 1))
        }
    }
}
