/// What may be written into a client's record; each check returns what is wrong in a few words, nil when nothing is.
///
/// The checks are about form. Whether a mailbox, a number or a time zone exists is for others to say.
public enum ClientFields {
    public static let longestName = 200
    public static let longestTag = 64
    public static let mostTags = 50

    /// A person's name: not blank, one line.
    public static func name(_ text: String) -> String? {
        if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return "must not be blank" }
        return headerText(text, longest: longestName)
    }

    /// Text that goes into a header or a single line: no line breaks, no control characters, at most `longest` characters.
    public static func headerText(_ text: String, longest: Int = 998) -> String? {
        // Counting bytes first keeps a hostile megabyte from being walked by character.
        if text.utf8.count > longest * 16 || text.unicodeScalars.count > longest { return "must have at most \(longest) characters" }
        return text.unicodeScalars.contains(where: isLineBreakOrControl) ? "must not contain line breaks or control characters" : nil
    }

    /// Text of several lines: line feeds and tabs are fine, other control characters are not.
    public static func multilineText(_ text: String, longest: Int) -> String? {
        if text.utf8.count > longest * 16 || text.unicodeScalars.count > longest { return "must have at most \(longest) characters" }
        let refused = text.unicodeScalars.contains { $0 != "\n" && $0 != "\r" && $0 != "\t" && isLineBreakOrControl($0) }
        return refused ? "must not contain control characters" : nil
    }

    /// At most 50 tags of 1 to 64 characters, each on one line.
    public static func tags(_ tags: [String]) -> String? {
        if tags.count > mostTags { return "must be at most \(mostTags) tags" }
        for tag in tags {
            if tag.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return "must not contain a blank tag" }
            if headerText(tag, longest: longestTag) != nil { return "must consist of tags of 1 to \(longestTag) characters on one line" }
        }
        return nil
    }

    /// E.164: `+`, a country code that does not begin with 0, 7 to 15 digits in all.
    public static func phoneNumber(_ text: String) -> String? {
        let message = "must be a phone number in E.164 form, for example +14155550100"
        guard text.utf8.first == UInt8(ascii: "+") else { return message }
        let digits = text.utf8.dropFirst()
        guard (7...15).contains(digits.count), digits.first != UInt8(ascii: "0"), digits.allSatisfy(isDigit) else { return message }
        return nil
    }

    /// The common part of BCP 47: language, then optionally script, region and variants, for example `de`, `pt-BR`, `zh-Hant-TW`.
    public static func languageTag(_ text: String) -> String? {
        let message = "must be a language tag, for example en or pt-BR"
        guard text.utf8.count <= 35 else { return message }
        var parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)[...]
        guard let language = parts.popFirst(), (2...3).contains(language.count), language.allSatisfy(isLetter) else { return message }
        if language.count == 2, !LanguageCodes.isKnown(language) { return "names no language that is known" }
        if let script = parts.first, script.count == 4, script.allSatisfy(isLetter) { parts = parts.dropFirst() }
        if let region = parts.first, (region.count == 2 && region.allSatisfy(isLetter)) || (region.count == 3 && region.allSatisfy(isDigit))
        {
            parts = parts.dropFirst()
        }
        let variants = parts.allSatisfy { part in
            part.allSatisfy { isLetter($0) || isDigit($0) }
                && ((5...8).contains(part.count) || (part.count == 4 && part.first.map(isDigit) ?? false))
        }
        return variants ? nil : message
    }

    /// The form of an IANA time zone name: `Area/Location`, each part letters, digits, `_`, `-`, `+`, beginning with a letter.
    /// The form alone keeps it from being a path to anywhere else.
    public static func timeZoneName(_ text: String) -> String? {
        let message = "must be an IANA time zone name, for example Europe/Berlin"
        guard (1...64).contains(text.utf8.count) else { return message }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let valid =
            parts.count <= 3
            && parts.allSatisfy { part in
                guard let first = part.first, isLetter(first) else { return false }
                return part.allSatisfy {
                    isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+")
                }
            }
        return valid ? nil : message
    }

    /// No channel twice; an empty list leaves the choice to the message type.
    public static func preferredChannels(_ channels: [Channel]) -> String? {
        Set(channels).count == channels.count ? nil : "must not name a channel twice"
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

    static func isLineBreakOrControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}
