import Core

extension UUIDv7 {
    /// Bytes of the text form.
    static let textLength = 36

    /// Writes the 36-character lower-case form to a buffer of ``textLength`` bytes.
    func writeText(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        var position = 0
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                buffer[position] = UInt8(ascii: "-")
                position += 1
            }
            let byte = UInt8(truncatingIfNeeded: (index < 8 ? high : low) >> UInt64((7 - index & 7) * 8))
            buffer[position] = Self.digit(byte >> 4)
            buffer[position + 1] = Self.digit(byte & 15)
            position += 2
        }
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }

    /// Nil when `text` is no UUID's 36-character form.
    init?(text: UnsafeBufferPointer<UInt8>) {
        guard text.count == Self.textLength else { return nil }
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for position in 0..<Self.textLength {
            let byte = text[position]
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let nibble: UInt8
            switch byte {
            case 0x30...0x39: nibble = byte - 0x30
            case 0x61...0x66: nibble = byte - 0x57
            case 0x41...0x46: nibble = byte - 0x37
            default: return nil
            }
            words.high = words.high << 4 | words.low >> 60
            words.low = words.low << 4 | UInt64(nibble)
        }
        self.init(high: words.high, low: words.low)
    }
}
