/// An address of the Internet Protocol, as a number: text has too many spellings to be compared.
public enum NetworkAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)
}

extension NetworkAddress {
    /// Four decimal numbers of at most 255 without leading zeros, nothing else: `127.1`, `0177.0.0.1` and `0x7f000001` are
    /// read differently by different programs, and so they are nothing here.
    public init?(v4 text: some StringProtocol) {
        var value: UInt32 = 0
        var parts = 0
        for part in text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 4, omittingEmptySubsequences: false) {
            guard parts < 4, let number = Self.decimalByte(part) else { return nil }
            value = value << 8 | number
            parts += 1
        }
        guard parts == 4 else { return nil }
        self = .v4(value)
    }

    /// The forms of RFC 4291, section 2.2, without brackets; a zone (`%eth0`) is refused.
    public init?(v6 text: some StringProtocol) {
        let utf8 = Array(text.utf8)
        guard utf8.count <= 45 else { return nil }
        var before: [UInt16] = []
        var after: [UInt16] = []
        var compressed = false
        var position = 0
        if utf8.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            compressed = true
            position = 2
        }
        while position < utf8.count {
            let end = utf8[position...].firstIndex(of: UInt8(ascii: ":")) ?? utf8.count
            let part = utf8[position..<end]
            var groups: [UInt16] = []
            if part.contains(UInt8(ascii: ".")) {
                guard end == utf8.count, case .v4(let value) = NetworkAddress(v4: String(decoding: part, as: UTF8.self)) else { return nil }
                groups = [UInt16(truncatingIfNeeded: value >> 16), UInt16(truncatingIfNeeded: value)]
            } else {
                guard let group = Self.hexGroup(part) else { return nil }
                groups = [group]
            }
            if compressed { after += groups } else { before += groups }
            guard before.count + after.count <= 8 else { return nil }
            guard end < utf8.count else { break }
            position = end + 1
            guard position < utf8.count else { return nil }
            if utf8[position] == UInt8(ascii: ":") {
                guard !compressed else { return nil }
                compressed = true
                position += 1
            }
        }
        let missing = 8 - before.count - after.count
        guard compressed ? missing >= 1 : missing == 0 else { return nil }
        let groups = before + Array(repeating: 0, count: missing) + after
        let high = groups[..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = groups[4...].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        self = .v6(high: high, low: low)
    }

    private static func decimalByte(_ bytes: some Collection<UInt8>) -> UInt32? {
        guard (1...3).contains(bytes.count), bytes.count == 1 || bytes.first != UInt8(ascii: "0") else { return nil }
        var value: UInt32 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
        }
        return value <= 255 ? value : nil
    }

    private static func hexGroup(_ part: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(part.count) else { return nil }
        var value: UInt16 = 0
        for byte in part {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt16(digit)
        }
        return value
    }
}

extension NetworkAddress: CustomStringConvertible {
    /// The one spelling that we use; IPv6 in eight groups, without brackets.
    public var description: String {
        switch self {
        case .v4(let value):
            return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
        case .v6(let high, let low):
            let groups = [high, low].flatMap { word in
                [48, 32, 16, 0].map { shift in String(word >> UInt64(shift) & 0xFFFF, radix: 16) }
            }
            return groups.joined(separator: ":")
        }
    }
}
