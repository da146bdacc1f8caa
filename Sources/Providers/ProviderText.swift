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

    /// A provider's words for the record: one line of at most 300 characters without `secrets` and without anything that could be a
    /// telephone number.
    static func scrubbed(_ text: String, without secrets: [String]) -> String {
        var text = text
        for secret in secrets where secret.utf8.count >= 4 { text = text.replacing(secret, with: "(…)") }
        var clean = ""
        var digits = ""
        func flush() {
            clean += digits.count >= 7 ? "(number)" : digits
            digits = ""
        }
        for scalar in text.unicodeScalars.prefix(600) {
            if ("0"..."9").contains(scalar) {
                digits.unicodeScalars.append(scalar)
                continue
            }
            flush()
            clean.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        flush()
        return String(clean.prefix(300))
    }
}
