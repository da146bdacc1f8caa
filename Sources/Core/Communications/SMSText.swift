/// Texts as they are sent by SMS: one typographic quote would turn a whole message from 160 characters a part to 70.
public enum SMSText {
    /// Twilio takes no longer body (error 21617); counted in UTF-16 units.
    public static let longest = 1600

    /// A text with everything replaced that made it dearer, and what that was, each once, in order of appearance.
    public struct Normalised: Sendable, Hashable {
        public var text: String
        public var replaced: [String]

        init(text: String, replaced: [String] = []) {
            self.text = text
            self.replaced = replaced
        }
    }

    /// Replaces typographic punctuation, special spaces and invisible characters when the whole text then fits the GSM alphabet.
    ///
    /// Letters never change, because that changes words: a text that needs UCS-2 for one of them keeps its typography as well, since
    /// replacing it would save nothing and `…` as three dots costs more. Only what nobody can see is dropped from such a text; joiners
    /// and direction marks stay, which Arabic, Hindi and emoji need.
    public static func normalised(_ text: String) -> Normalised {
        if text.utf8.allSatisfy({ isPlain($0) }) { return Normalised(text: text) }
        let (plain, replaced) = rewritten(text, replacing: true)
        if Segments(plain).encoding == .gsm7 { return Normalised(text: plain, replaced: replaced) }
        let (cleaned, dropped) = rewritten(text, replacing: false)
        return Normalised(text: cleaned, replaced: dropped)
    }

    /// ASCII that is in the GSM alphabet or can not be helped; everything else is looked at. Backtick and tab have replacements.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "`"), 0x09, 0x0B: false
        default: byte < 0x80
        }
    }

    private static func rewritten(_ text: String, replacing: Bool) -> (text: String, replaced: [String]) {
        var output = String.UnicodeScalarView()
        var replaced: [String] = []
        func note(_ original: String) {
            if !replaced.contains(original) { replaced.append(original) }
        }
        for character in text {
            // "e" with a combining accent is the letter é: the same letter, spelt as the alphabet has it.
            if replacing, character.unicodeScalars.count > 1 || character.unicodeScalars.first.map(isSingleton) == true,
                let letter = letters[character]
            {
                output.append(letter)
                continue
            }
            for scalar in character.unicodeScalars {
                if isNothing(scalar) || (replacing && isInvisible(scalar)) {
                    note(String(Character(scalar)))
                } else if replacing, let substitute = substitute(scalar) {
                    note(String(Character(scalar)))
                    output.append(contentsOf: substitute.unicodeScalars)
                } else {
                    output.append(scalar)
                }
            }
        }
        return (String(output), replaced)
    }

    /// Characters with the very same meaning as another: KELVIN SIGN, ANGSTROM SIGN, OHM SIGN.
    private static func isSingleton(_ scalar: Unicode.Scalar) -> Bool {
        (0x2126...0x212B).contains(scalar.value)
    }

    /// The alphabet's composed letters by themselves; a `Character` equals every canonically equivalent spelling of it.
    private static let letters: [Character: Unicode.Scalar] = {
        let composed: [Unicode.Scalar] = [
            "è", "é", "ù", "ì", "ò", "Ç", "Å", "å", "É", "Ä", "Ö", "Ñ", "Ü", "ä", "ö", "ñ", "ü", "à", "Ω", "K",
        ]
        return Dictionary(composed.map { (Character($0), $0) }) { first, _ in first }
    }()

    /// Without meaning anywhere: soft hyphen, zero-width space, word joiner, byte order mark.
    private static func isNothing(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00AD, 0x200B, 0x2060, 0xFEFF: true
        default: false
        }
    }

    /// Without meaning in a text of the GSM alphabet: joiners, direction marks, variation selectors.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200C...0x200F, 0x202A...0x202E, 0x2061...0x2064, 0x2066...0x2069, 0xFE00...0xFE0F, 0x061C: true
        default: false
        }
    }

    private static func substitute(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        // ‘ ’ ‚ ‛ ′ ‹ › ` ´ and the letters that stand for apostrophes.
        case 0x2018...0x201B, 0x2032, 0x2035, 0x2039, 0x203A, 0x0060, 0x00B4, 0x02B9, 0x02BB, 0x02BC, 0x02C8: "'"
        // “ ” „ ‟ ″ « ».
        case 0x201C...0x201F, 0x2033, 0x2036, 0x00AB, 0x00BB, 0x02BA: "\""
        // ‐ ‑ ‒ – — ― ⁃ − ﹘ ﹣.
        case 0x2010...0x2015, 0x2043, 0x2212, 0xFE58, 0xFE63: "-"
        // … ‥ ․.
        case 0x2026: "..."
        case 0x2025: ".."
        case 0x2024: "."
        // • ‣ ∙ · ● ◦ ▪.
        case 0x2022, 0x2023, 0x2219, 0x00B7, 0x25CF, 0x25E6, 0x25AA: "*"
        case 0x2044, 0x2215: "/"
        case 0x203C: "!!"
        // No-break, en, em, thin, hair … and ideographic spaces; tab.
        case 0x00A0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000, 0x0009: " "
        // NEL, vertical tab, line and paragraph separators.
        case 0x0085, 0x000B, 0x2028, 0x2029: "\n"
        // Ligatures, which word processors make of these letters.
        case 0xFB00: "ff"
        case 0xFB01: "fi"
        case 0xFB02: "fl"
        case 0xFB03: "ffi"
        case 0xFB04: "ffl"
        case 0xFB05, 0xFB06: "st"
        default: nil
        }
    }
}
