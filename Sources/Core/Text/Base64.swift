/// Base64 (RFC 4648) as strictly as its section 3 allows: canonical padding, no line breaks, no stray bits.
public enum Base64 {
    /// The standard alphabet, padded. Nil for anything else.
    public static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        return decode(text[..<end], standard)
    }

    /// The URL-safe alphabet without padding. Nil for anything else.
    public static func decode(url text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBufferPointer { decode($0[...], urlSafe) }
    }

    /// The standard alphabet, padded.
    public static func encode(_ bytes: [UInt8]) -> String {
        encode(bytes, "+/") + String(repeating: "=", count: (3 - bytes.count % 3) % 3)
    }

    /// The URL-safe alphabet without padding.
    public static func encode(url bytes: [UInt8]) -> String {
        encode(bytes, "-_")
    }

    private static func encode(_ bytes: [UInt8], _ lastTwo: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(lastTwo)".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count)) & 0x3F])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count)) & 0x3F]) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decode(_ text: Slice<UnsafeBufferPointer<UInt8>>, _ values: [UInt8]) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        var seen: UInt8 = 0
        for character in text {
            let value = values[Int(character)]
            seen |= value
            bits = bits << 6 | UInt32(value & 0x3F)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        // Left-over bits must be zero, or two texts would mean the same bytes.
        guard seen & invalid == 0, bits & ((1 << UInt32(count)) - 1) == 0 else { return nil }
        return bytes
    }

    private static let invalid: UInt8 = 0x80
    private static let standard = table(UInt8(ascii: "+"), UInt8(ascii: "/"))
    private static let urlSafe = table(UInt8(ascii: "-"), UInt8(ascii: "_"))

    private static func table(_ plus: UInt8, _ slash: UInt8) -> [UInt8] {
        var values = [UInt8](repeating: invalid, count: 256)
        for index in 0..<26 {
            values[Int(UInt8(ascii: "A")) + index] = UInt8(index)
            values[Int(UInt8(ascii: "a")) + index] = UInt8(26 + index)
        }
        for index in 0..<10 { values[Int(UInt8(ascii: "0")) + index] = UInt8(52 + index) }
        values[Int(plus)] = 62
        values[Int(slash)] = 63
        return values
    }
}
