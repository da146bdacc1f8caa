/// An identifier of ours: a version 7 UUID (RFC 9562, section 5.7), ordered by the time it was made.
public struct UUIDv7: Sendable, Hashable, Comparable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Makes an identifier for `time`; the other 74 bits come from `generator`.
    public init(at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        let random = generator.next() as UInt64
        let milliseconds = UInt64(bitPattern: time.milliseconds) & 0xFFFF_FFFF_FFFF
        high = milliseconds << 16 | 0x7000 | (random & 0x0FFF)
        low = 0x8000_0000_0000_0000 | ((generator.next() as UInt64) >> 2)
    }

    /// Makes an identifier for `time` with the system's random numbers.
    public init(at time: Timestamp) {
        var generator = SystemRandomNumberGenerator()
        self.init(at: time, using: &generator)
    }

    public static func < (a: UUIDv7, b: UUIDv7) -> Bool {
        (a.high, a.low) < (b.high, b.low)
    }
}

extension UUIDv7: LosslessStringConvertible {
    /// Accepts the 36-character form with hyphens, in either case, of any UUID version; anything else is nil.
    public init?(_ description: String) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        var position = 0
        for byte in description.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                let nibble: UInt64
                switch byte {
                case 0x30...0x39: nibble = UInt64(byte - 0x30)
                case 0x61...0x66: nibble = UInt64(byte - 0x61 + 10)
                case 0x41...0x46: nibble = UInt64(byte - 0x41 + 10)
                default: return nil
                }
                if digits < 16 { high = high << 4 | nibble } else { low = low << 4 | nibble }
                digits += 1
            }
            position += 1
            if position > 36 { return nil }
        }
        guard position == 36, digits == 32 else { return nil }
        self.high = high
        self.low = low
    }

    /// The 36-character lower-case form.
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            var index = 0
            func put(_ word: UInt64, from start: Int, to end: Int) {
                for shift in stride(from: start, through: end, by: -4) {
                    let nibble = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 0xF
                    buffer[index] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
                    index += 1
                }
            }
            func hyphen() {
                buffer[index] = UInt8(ascii: "-")
                index += 1
            }
            put(high, from: 60, to: 32)
            hyphen()
            put(high, from: 28, to: 16)
            hyphen()
            put(high, from: 12, to: 0)
            hyphen()
            put(low, from: 60, to: 48)
            hyphen()
            put(low, from: 44, to: 0)
            return index
        }
    }
}

/// A tenant. Everything belongs to exactly one.
public typealias BusinessID = UUIDv7
public typealias CommunicationID = UUIDv7
