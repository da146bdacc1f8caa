/// Domain names as DNS knows them.
enum DomainName {
    /// The domain with every non-ASCII label in its A-label form, lower-cased and composed (a practical subset of RFC 5891 and
    /// UTS 46: no bidirectional rules). Nil when it is no valid domain name.
    static func aLabels(of domain: String) -> String? {
        if domain.utf8.allSatisfy({ $0 < 0x80 }) {
            return isValid(domain) ? domain : nil
        }
        // The ideographic and full-width full stops separate labels too (RFC 3490, 3.1).
        let dots: Set<Unicode.Scalar> = [".", "\u{3002}", "\u{FF0E}", "\u{FF61}"]
        let labels = CanonicalComposition.compose(domain.lowercased()).unicodeScalars
            .split(omittingEmptySubsequences: false) { dots.contains($0) }
        var encoded: [String] = []
        for label in labels {
            if label.allSatisfy({ $0.isASCII }) {
                encoded.append(String(String.UnicodeScalarView(label)))
                continue
            }
            guard label.allSatisfy(isAllowedInLabel), label.first.map(isMark) == false,
                let punycode = Punycode.encode(Array(label))
            else { return nil }
            encoded.append("xn--" + punycode)
        }
        let result = encoded.joined(separator: ".")
        return isValid(result) ? result : nil
    }

    /// Letters, digits and inner hyphens, labels of 1 to 63 octets, 253 in all (RFC 1035, 2.3.4).
    static func isValid(_ domain: String) -> Bool {
        guard domain.utf8.count <= 253 else { return false }
        for label in domain.utf8.split(separator: 0x2E, omittingEmptySubsequences: false) {
            guard !label.isEmpty, label.count <= 63, label.first != 0x2D, label.last != 0x2D else { return false }
            let valid = label.allSatisfy {
                ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x41 && $0 <= 0x5A) || ($0 >= 0x61 && $0 <= 0x7A) || $0 == 0x2D
            }
            guard valid else { return false }
        }
        return true
    }

    private static func isAllowedInLabel(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return true }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark, .spacingMark,
            .decimalNumber, .letterNumber, .otherNumber, .otherSymbol, .modifierSymbol:
            return true
        default: return false
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }
}
