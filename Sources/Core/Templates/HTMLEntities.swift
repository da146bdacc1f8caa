/// Character references of HTML (`&amp;`, `&#8364;`, `&#x20AC;`), as far as mails use them.
enum HTMLEntities {
    /// The scalar that the reference at `index` (an ampersand) stands for, and the bytes that it takes. Nil when it is none.
    ///
    /// Numeric references may lack their semicolon, as in browsers; of the named ones only the commonest are known.
    static func reference(in bytes: ArraySlice<UInt8>, at index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        let start = index + 1
        guard start < bytes.endIndex else { return nil }
        if bytes[start] == UInt8(ascii: "#") { return numeric(in: bytes, at: index) }
        var end = start
        while end < bytes.endIndex, end - start < 10, isAlphanumeric(bytes[end]) { end += 1 }
        guard end > start, end < bytes.endIndex, bytes[end] == UInt8(ascii: ";"),
            let scalar = named[String(decoding: bytes[start..<end], as: UTF8.self)]
        else { return nil }
        return (scalar, end + 1 - index)
    }

    private static func numeric(in bytes: ArraySlice<UInt8>, at index: Int) -> (scalar: Unicode.Scalar, length: Int)? {
        var position = index + 2
        var radix: UInt32 = 10
        if position < bytes.endIndex, bytes[position] | 0x20 == UInt8(ascii: "x") {
            radix = 16
            position += 1
        }
        let digits = position
        var value: UInt32 = 0
        while position < bytes.endIndex, let digit = digit(bytes[position]), digit < radix {
            // Far above U+10FFFF is as invalid as just above: stop counting before it overflows.
            value = min(value * radix + digit, 0x20_0000)
            position += 1
        }
        guard position > digits else { return nil }
        if position < bytes.endIndex, bytes[position] == UInt8(ascii: ";") { position += 1 }
        let scalar = value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}"
        return (scalar, position - index)
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        if byte &- UInt8(ascii: "0") < 10 { return UInt32(byte &- UInt8(ascii: "0")) }
        let letter = (byte | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? UInt32(letter) + 10 : nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }

    private static let named: [String: Unicode.Scalar] = [
        "Tab": "\t", "NewLine": "\n", "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "shy": "\u{AD}", "zwnj": "\u{200C}",
        "zwj": "\u{200D}", "lrm": "\u{200E}", "rlm": "\u{200F}", "ensp": "\u{2002}", "emsp": "\u{2003}", "thinsp": "\u{2009}",
        "ndash": "–", "mdash": "—", "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "ldquo": "“", "rdquo": "”", "bdquo": "„",
        "laquo": "«", "raquo": "»", "lsaquo": "‹", "rsaquo": "›", "hellip": "…", "bull": "•", "middot": "·", "copy": "©",
        "reg": "®", "trade": "™", "euro": "€", "pound": "£", "yen": "¥", "cent": "¢", "sect": "§", "para": "¶", "deg": "°",
        "plusmn": "±", "times": "×", "divide": "÷", "frac12": "½", "frac14": "¼", "frac34": "¾", "sup2": "²", "sup3": "³",
        "larr": "←", "uarr": "↑", "rarr": "→", "darr": "↓", "check": "✓", "hearts": "♥", "star": "☆", "colon": ":",
        "Tab": "\t", "NewLine": "\n", "iexcl": "¡", "iquest": "¿", "ordm": "º", "ordf": "ª", "micro": "µ", "szlig": "ß",
        "agrave": "à", "aacute": "á", "acirc": "â", "atilde": "ã", "auml": "ä", "aring": "å", "aelig": "æ", "ccedil": "ç",
        "egrave": "è", "eacute": "é", "ecirc": "ê", "euml": "ë", "igrave": "ì", "iacute": "í", "icirc": "î", "iuml": "ï",
        "ntilde": "ñ", "ograve": "ò", "oacute": "ó", "ocirc": "ô", "otilde": "õ", "ouml": "ö", "oslash": "ø", "oelig": "œ",
        "ugrave": "ù", "uacute": "ú", "ucirc": "û", "uuml": "ü", "yacute": "ý", "yuml": "ÿ",
        "Agrave": "À", "Aacute": "Á", "Acirc": "Â", "Atilde": "Ã", "Auml": "Ä", "Aring": "Å", "AElig": "Æ", "Ccedil": "Ç",
        "Egrave": "È", "Eacute": "É", "Ecirc": "Ê", "Euml": "Ë", "Igrave": "Ì", "Iacute": "Í", "Icirc": "Î", "Iuml": "Ï",
        "Ntilde": "Ñ", "Ograve": "Ò", "Oacute": "Ó", "Ocirc": "Ô", "Otilde": "Õ", "Ouml": "Ö", "Oslash": "Ø", "OElig": "Œ",
        "Ugrave": "Ù", "Uacute": "Ú", "Ucirc": "Û", "Uuml": "Ü", "Yacute": "Ý", "dagger": "†", "Dagger": "‡", "permil": "‰",
        "minus": "−", "infin": "∞", "ne": "≠", "le": "≤", "ge": "≥", "asymp": "≈",
    ]
}
