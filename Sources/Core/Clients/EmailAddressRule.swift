/// The form of a single e-mail address, `local@domain` (RFC 5321, 5322 and, for letters outside ASCII, 6531).
///
/// Narrower than the RFCs on purpose: no comments, no quoted local parts, no address literals, no display names, at least two labels in
/// the domain. What those are needed for is never a client's mailbox, and often an attempt to slip something into a header.
public enum EmailAddressRule {
    /// What is wrong in a few words, nil when nothing is.
    public static func check(_ text: String) -> String? {
        guard text.utf8.count <= 254 else { return "must have at most 254 bytes" }
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return "must be one e-mail address, for example ada@example.org" }
        let local = text[..<at]
        let domain = text[text.utf8.index(after: at)...]
        if text.unicodeScalars.contains(where: isInvisible) { return "must not contain spaces, line breaks or control characters" }
        if text.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ";") }) { return "must be one address, not a list" }
        if !isLocalPart(local) { return "has an invalid part before the @" }
        return isDomain(domain) ? nil : "has an invalid domain"
    }

    private static func isLocalPart(_ local: Substring) -> Bool {
        guard (1...64).contains(local.utf8.count) else { return false }
        return local.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy(isAtomText)
        }
    }

    private static func isDomain(_ domain: Substring) -> Bool {
        let labels = domain.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.count >= 2, domain.utf8.count <= 253, labels.allSatisfy(isLabel), let top = labels.last else { return false }
        // A name that ends in a number is read as an IP address by too many programs (RFC 3696, section 2).
        return !top.allSatisfy(ClientFields.isDigit)
    }

    private static func isLabel(_ label: Substring.UTF8View.SubSequence) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
            && label.allSatisfy { $0 >= 0x80 || ClientFields.isLetter($0) || ClientFields.isDigit($0) || $0 == hyphen }
    }

    /// RFC 5322 `atext`, widened by RFC 6531.
    private static func isAtomText(_ byte: UInt8) -> Bool {
        if byte >= 0x80 || ClientFields.isLetter(byte) || ClientFields.isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "?"),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"),
            UInt8(ascii: "~"):
            return true
        default:
            return false
        }
    }

    /// Spaces of every kind, controls, and the marks that reorder or hide text.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x80 { return scalar.value <= 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .spaceSeparator, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
        default: return false
        }
    }
}

extension ClientFields {
    /// One e-mail address; see `EmailAddressRule`.
    public static func email(_ text: String) -> String? { EmailAddressRule.check(text) }
}
