/// How many parts a text message takes, which is what providers bill (3GPP TS 23.038 and 23.040).
///
/// Parts of a longer message carry a six-byte header, which leaves 153 septets or 67 UTF-16 units. Neither an escaped character of the
/// extension table nor a surrogate pair is split between two parts.
public struct Segments: Sendable, Hashable {
    public enum Encoding: String, Sendable, Hashable {
        case gsm7 = "gsm-7"
        case ucs2 = "ucs-2"
    }

    public var encoding: Encoding
    /// What a reader counts as characters.
    public var characters: Int
    /// Septets or UTF-16 units.
    public var units: Int
    /// Parts on the wire; 0 for an empty text.
    public var count: Int

    /// Counts `text` as it is: nothing is transliterated.
    public init(_ text: String) {
        characters = text.count
        if let septets = Self.count(text.unicodeScalars, alone: 160, joined: 153, width: Self.septets) {
            encoding = .gsm7
            (units, count) = septets
        } else {
            encoding = .ucs2
            // Every scalar has a width in UTF-16, so that this is never nil.
            (units, count) = Self.count(text.unicodeScalars, alone: 70, joined: 67) { $0.value > 0xFFFF ? 2 : 1 } ?? (0, 0)
        }
    }

    /// Nil as soon as a scalar has no width.
    private static func count(
        _ scalars: String.UnicodeScalarView, alone: Int, joined: Int, width: (Unicode.Scalar) -> Int?
    ) -> (units: Int, count: Int)? {
        var units = 0
        var parts = 1
        var filled = 0
        for scalar in scalars {
            guard let width = width(scalar) else { return nil }
            units += width
            if filled + width > joined {
                parts += 1
                filled = 0
            }
            filled += width
        }
        return (units, units == 0 ? 0 : units <= alone ? 1 : parts)
    }

    /// Septets in the GSM 7-bit default alphabet, 2 for its extension table, nil for what it lacks.
    private static func septets(_ scalar: Unicode.Scalar) -> Int? {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", " ", "\n", "\r",
            "@", "£", "$", "¥", "è", "é", "ù", "ì", "ò", "Ç", "Ø", "ø", "Å", "å",
            "Δ", "_", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ", "Æ", "æ", "ß", "É",
            "!", "\"", "#", "¤", "%", "&", "'", "(", ")", "*", "+", ",", "-", ".", "/", ":", ";", "<", "=", ">", "?",
            "¡", "Ä", "Ö", "Ñ", "Ü", "§", "¿", "ä", "ö", "ñ", "ü", "à":
            1
        case "^", "{", "}", "\\", "[", "~", "]", "|", "€", "\u{0C}":
            2
        default:
            nil
        }
    }
}
