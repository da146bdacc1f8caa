import Core

/// Ids in the providers' forms.
enum EmulatedID {
    /// `count` lower-case hexadecimal digits.
    static func hex(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        var text: [UInt8] = []
        text.reserveCapacity(count)
        var bits: UInt64 = 0
        for index in 0..<count {
            if index % 16 == 0 { bits = generator.next() }
            let nibble = UInt8(truncatingIfNeeded: bits & 0xF)
            text.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            bits >>= 4
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `SM`, `MM`, `RQ`, … and 32 digits.
    static func twilio(_ prefix: String) -> String { prefix + hex(32) }

    static func whatsApp() -> String { "wamid.HBgL" + hex(44).uppercased() + "==" }

    /// Whether `text` has the form of a Twilio SID with this prefix.
    static func isSID(_ text: String, _ prefix: String) -> Bool {
        text.hasPrefix(prefix) && text.utf8.count == prefix.utf8.count + 32
            && text.utf8.dropFirst(prefix.utf8.count).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The platforms take a number in one spelling only.
    static func isE164(_ text: String) -> Bool { ClientFields.phoneNumber(text) == nil }
}
