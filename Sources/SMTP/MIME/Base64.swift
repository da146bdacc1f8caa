/// Base64 (RFC 4648), plain and in MIME lines.
enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    static func encode(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = []
        append(bytes[...], to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Lines of 76 characters, each ended by CRLF (RFC 2045, 6.8).
    static func appendLines(_ bytes: [UInt8], to output: inout [UInt8]) {
        output.reserveCapacity(output.count + bytes.count / 57 * 78 + 80)
        var start = 0
        while start < bytes.count {
            let end = min(start + 57, bytes.count)
            append(bytes[start..<end], to: &output)
            output.append(0x0D)
            output.append(0x0A)
            start = end
        }
    }

    static func append(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        alphabet.withUTF8Buffer { table in
            func character(_ sextet: UInt32) -> UInt8 { table[Int(sextet & 0x3F)] }
            var index = bytes.startIndex
            while index < bytes.endIndex {
                let left = bytes.endIndex - index
                let first = UInt32(bytes[index])
                let second = left > 1 ? UInt32(bytes[index + 1]) : 0
                let third = left > 2 ? UInt32(bytes[index + 2]) : 0
                let triple = first << 16 | second << 8 | third
                output.append(character(triple >> 18))
                output.append(character(triple >> 12))
                output.append(left > 1 ? character(triple >> 6) : 0x3D)
                output.append(left > 2 ? character(triple) : 0x3D)
                index += min(3, left)
            }
        }
    }
}
