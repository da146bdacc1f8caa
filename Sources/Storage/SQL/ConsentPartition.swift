import Core

/// Which of the advisory locks guards a client's consent. All instances compute the same.
enum ConsentPartition {
    /// First half of the two-part advisory key.
    static let space: Int32 = 0x5250_5401
    static let count = 64

    static func of(_ business: BusinessID, _ clientID: ClientID) -> Int {
        var hash = StableHash()
        hash.combine(business)
        hash.combine(clientID.text)
        return Int(hash.value % UInt64(count))
    }
}

/// FNV-1a: the same in every process, unlike `Hasher`. Not for secrets.
struct StableHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func combine(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    mutating func combine(_ id: UUIDv7) {
        for word in [id.high, id.low] {
            for shift in stride(from: 56, through: 0, by: -8) { combine(UInt8(truncatingIfNeeded: word >> UInt64(shift))) }
        }
    }

    /// The text and an end mark, so that ("a", "bc") and ("ab", "c") differ.
    mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(0xFF)
    }
}
