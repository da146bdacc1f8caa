/// Undoes content transfer encodings (RFC 2045, section 6), in one pass and without ever failing: what makes no sense falls out.
enum TransferDecoding {
    /// - Parameter limit: how much is written at most.
    static func decode(_ bytes: ArraySlice<UInt8>, encoding: String?, limit: Int) -> [UInt8] {
        switch encoding?.lowercased() {
        case "base64": base64(bytes, limit: limit)
        case "quoted-printable": quotedPrintable(bytes, limit: limit)
        default: Array(bytes.prefix(limit))
        }
    }

    static func base64(_ bytes: ArraySlice<UInt8>, limit: Int) -> [UInt8] {
        var output: [UInt8] = []
        var buffer: UInt32 = 0
        var bits = 0
        for byte in bytes {
            guard output.count < limit else { break }
            guard let value = sextet(byte) else { continue }
            buffer = (buffer << 6 | value) & 0xFFFF
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            output.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
        }
        return output
    }

    private static func sextet(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte) - 0x41
        case 0x61...0x7A: UInt32(byte) - 0x61 + 26
        case 0x30...0x39: UInt32(byte) - 0x30 + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }

    /// - Parameter isHeader: the form of encoded words, where `_` stands for a space (RFC 2047, section 4.2).
    static func quotedPrintable(_ bytes: ArraySlice<UInt8>, limit: Int, isHeader: Bool = false) -> [UInt8] {
        var output: [UInt8] = []
        var position = bytes.startIndex
        while position < bytes.endIndex, output.count < limit {
            let byte = bytes[position]
            position += 1
            if isHeader, byte == 0x5F {
                output.append(0x20)
                continue
            }
            guard byte == 0x3D else {
                output.append(byte)
                continue
            }
            let rest = bytes[position...]
            if let first = rest.first, let high = nibble(first), let second = rest.dropFirst().first, let low = nibble(second) {
                output.append(high << 4 | low)
                position += 2
            } else if rest.first == 0x0A {
                position += 1
            } else if rest.first == 0x0D, rest.dropFirst().first == 0x0A {
                position += 2
            } else {
                output.append(byte)
            }
        }
        return output
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

/// Reads text in the character sets that matter for reports; what is neither UTF-8 nor ASCII is read as Latin-1.
enum CharacterSet {
    static func text(_ bytes: [UInt8], charset: String?) -> String {
        switch charset?.lowercased() {
        case "iso-8859-1", "latin1", "windows-1252", "iso-8859-15":
            return latin1(bytes)
        default:
            return String(validating: bytes, as: UTF8.self) ?? latin1(bytes)
        }
    }

    private static func latin1(_ bytes: [UInt8]) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
