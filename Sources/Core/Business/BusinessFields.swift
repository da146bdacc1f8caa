/// What may be written into a business's record; each check returns what is wrong in a few words, nil when nothing is.
public enum BusinessFields {
    public static func name(_ text: String) -> String? { ClientFields.name(text) }

    /// Several lines; empty means that no marketing is sent. Blanks are no address, and would pass for one.
    public static func postalAddress(_ text: String) -> String? {
        if !text.isEmpty, text.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return "must not be blank" }
        return ClientFields.multilineText(text, longest: 500)
    }

    /// One e-mail address, or nothing.
    public static func supportEmail(_ text: String) -> String? { text.isEmpty ? nil : ClientFields.email(text) }

    public static func timezone(_ text: String) -> String? { ClientFields.timeZoneName(text) }

    public static func defaultLanguage(_ text: String) -> String? { ClientFields.languageTag(text) }

    /// ISO weekdays: at least one, each 1…7, none twice.
    public static func days(_ days: [Int]) -> String? {
        guard !days.isEmpty, days.allSatisfy({ (1...7).contains($0) }), Set(days).count == days.count else {
            return "must be weekdays from 1 (Monday) to 7 (Sunday), at least one, none twice"
        }
        return nil
    }

    /// `#rrggbb`.
    public static func brandColor(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        let valid =
            bytes.count == 7 && bytes.first == UInt8(ascii: "#")
            && bytes.dropFirst().allSatisfy {
                ClientFields.isDigit($0) || (0x41...0x46).contains($0) || (0x61...0x66).contains($0)
            }
        return valid ? nil : "must be a colour like #1a2b3c"
    }

    /// An `https` or `http` address without anything that could break out of an HTML attribute.
    public static func logoURL(_ text: String) -> String? {
        let message = "must be an https:// address of at most 2048 characters"
        guard text.utf8.count <= 2048 else { return message }
        let rest: Substring
        if text.hasPrefix("https://") {
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            rest = text.dropFirst(7)
        } else {
            return message
        }
        guard let first = rest.utf8.first, ClientFields.isLetter(first) || ClientFields.isDigit(first) || first == UInt8(ascii: "[") else {
            return message
        }
        let harmless = rest.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "'") && byte != UInt8(ascii: "<")
                && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "`")
        }
        return harmless ? nil : message
    }
}
