import Core

/// Text that came from outside, made fit to be kept or shown.
enum ProviderText {
    /// Without U+0000, which databases refuse.
    static func plain(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
    }

    /// An id of a provider's: 1 to 512 printable ASCII characters.
    static func isIdentifier(_ text: String) -> Bool {
        (1...512).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// A provider's words for the record: one line of at most 300 characters without `secrets` and without anything that could be an
    /// e-mail address or a telephone number.
    static func scrubbed(_ text: String, without secrets: [String]) -> String {
        var text = text
        for secret in secrets where secret.utf8.count >= 4 { text = text.replacing(secret, with: "(…)") }
        return String(withoutNumbers(MailWords.clean(text, limit: 600)).prefix(300))
    }

    /// Without seven digits in a row; behind a plus they may be grouped.
    private static func withoutNumbers(_ text: String) -> String {
        var clean = ""
        var number = ""
        var digits = 0
        // Behind the last digit: it belongs to the number only where another one follows.
        var gap = ""
        func flush() {
            clean += digits >= 7 ? "(number)" : number
            clean += gap
            (number, digits, gap) = ("", 0, "")
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "0"..."9":
                number += gap
                gap = ""
                number.unicodeScalars.append(scalar)
                digits += 1
            case "+":
                flush()
                number = "+"
            case " ", "-", ".", "/", "(", ")":
                if number.first == "+", gap.utf8.count < 3 {
                    gap.unicodeScalars.append(scalar)
                } else {
                    flush()
                    clean.unicodeScalars.append(scalar)
                }
            default:
                flush()
                clean.unicodeScalars.append(scalar)
            }
        }
        flush()
        return clean
    }
}
