/// Writes one flat JSON object as a line.
struct JSONLine {
    private(set) var bytes: [UInt8] = []
    /// Longer values are cut, so that one value cannot push the rest out of the line.
    static let longestValue = 1024

    init() {
        bytes.reserveCapacity(256)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func text(_ key: String, _ value: String) {
        begin(key)
        quote(value)
    }

    mutating func time(_ key: String, milliseconds: Int64) {
        begin(key)
        bytes.append(UInt8(ascii: "\""))
        RFC3339.append(milliseconds: milliseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// `value` must be JSON already.
    mutating func literal(_ key: String, _ value: String) {
        begin(key)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func list(_ key: String, _ values: [String]) {
        begin(key)
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            quote(value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The finished line with its line feed; nil when it would be longer than `limit`.
    func finished(limit: Int) -> [UInt8]? {
        guard bytes.count + 2 <= limit else { return nil }
        return bytes + [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }

    private mutating func begin(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        quote(key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func quote(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        if value.utf8.count <= Self.longestValue {
            for byte in value.utf8 { escape(byte) }
        } else {
            var taken = 0
            for character in value.unicodeScalars {
                taken += UTF8.width(character)
                guard taken <= Self.longestValue else { break }
                for byte in String(character).utf8 { escape(byte) }
            }
            bytes.append(contentsOf: "…".utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case UInt8(ascii: "\n"):
            bytes.append(contentsOf: "\\n".utf8)
        case 0..<0x20, 0x7F:
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(Self.hex(byte >> 4))
            bytes.append(Self.hex(byte & 15))
        default:
            bytes.append(byte)
        }
    }

    private static func hex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10
    }
}
