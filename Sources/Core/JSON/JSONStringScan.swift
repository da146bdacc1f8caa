/// The inside of JSON strings: finding their end while checking every byte, and decoding their escapes.
enum JSONStringScan {
    /// Moves `position` from the byte after the opening quote to the closing quote.
    static func skipToClosingQuote(_ bytes: Span<UInt8>, _ position: inout Int) throws(JSONFault) -> JSONNode.Flags {
        var flags: JSONNode.Flags = []
        var index = position
        while true {
            index = firstSpecial(bytes, from: index)
            guard index < bytes.count else { throw JSONFault(reason: .unterminatedString, offset: bytes.count) }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                position = index
                return flags
            case UInt8(ascii: "\\"):
                flags.insert(.escaped)
                if try skipEscape(bytes, &index) == 0 { flags.insert(.nul) }
            case 0x80...:
                let length = UTF8Sequence.length(bytes, at: index)
                guard length > 0 else { throw JSONFault(reason: .invalidUTF8, offset: index) }
                index += length
            default:
                throw JSONFault(reason: .controlCharacter, offset: index)
            }
        }
    }

    /// The first byte from `start` on that is a quote, a backslash, a control character or not ASCII; eight bytes at a time.
    static func firstSpecial(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        let raw = bytes.bytes
        while index <= bytes.count - 8 {
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            let special = specials(in: word)
            if special != 0 { return index + special.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            index += 1
        }
        return index
    }

    /// A word whose lowest set bit lies in the first byte that needs care. (Borrows may mark later bytes wrongly, never earlier.)
    static func specials(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        return (((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | control | word) & highs
    }

    /// Moves `index` behind the escape that starts there and returns the scalar it stands for.
    private static func skipEscape(_ bytes: Span<UInt8>, _ index: inout Int) throws(JSONFault) -> UInt32 {
        let start = index
        guard index + 1 < bytes.count else { throw JSONFault(reason: .unterminatedString, offset: bytes.count) }
        let letter = bytes[index + 1]
        index += 2
        if letter != UInt8(ascii: "u") {
            guard let scalar = simpleEscape(letter) else { throw JSONFault(reason: .invalidEscape, offset: start) }
            return UInt32(scalar)
        }
        guard let unit = hexadecimal(bytes, at: index) else { throw JSONFault(reason: .invalidEscape, offset: start) }
        index += 4
        guard unit & 0xF800 == 0xD800 else { return unit }
        guard unit < 0xDC00, index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u"),
            let low = hexadecimal(bytes, at: index + 2), low & 0xFC00 == 0xDC00
        else { throw JSONFault(reason: .loneSurrogate, offset: start) }
        index += 6
        return 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
    }

    private static func simpleEscape(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    private static func hexadecimal(_ bytes: Span<UInt8>, at start: Int) -> UInt32? {
        guard start <= bytes.count - 4 else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let byte = bytes[index]
            let digit: UInt8
            if byte &- UInt8(ascii: "0") < 10 {
                digit = byte &- UInt8(ascii: "0")
            } else if (byte | 0x20) &- UInt8(ascii: "a") < 6 {
                digit = (byte | 0x20) &- UInt8(ascii: "a") &+ 10
            } else {
                return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Appends the text of a string whose source bytes (without quotes) passed the parser.
    static func appendUnescaped(_ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [UInt8]) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                index += 1
                continue
            }
            // The parser accepted this escape; were it not so, the text would end here rather than be wrong.
            guard let value = try? skipEscape(bytes, &index), let scalar = Unicode.Scalar(value) else { return }
            output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }
}

/// Well-formedness of UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Sequence {
    /// Length of the well-formed sequence of two to four bytes at `index`, or 0.
    static func length(_ bytes: Span<UInt8>, at index: Int) -> Int {
        let lead = bytes[index]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return 0
        }
        guard index <= bytes.count - length, second.contains(bytes[index + 1]) else { return 0 }
        if length > 2, bytes[index + 2] & 0xC0 != 0x80 { return 0 }
        if length > 3, bytes[index + 3] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
