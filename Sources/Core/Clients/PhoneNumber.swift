/// A telephone number as a provider's webhook tells it, brought into the one spelling under which clients are found (E.164).
public struct PhoneNumber: Sendable, Hashable {
    /// `+` and 7 to 15 digits.
    public let e164: String

    /// Reads `+14155550100`, `whatsapp:+14155550100`, `14155550100` (WhatsApp's `wa_id`) and the same with `00` or with spaces, dots,
    /// hyphens and parentheses between the digits. Nil for short codes, sender names and everything else that nobody can be called at.
    public init?(_ text: String) {
        // The longest spelling of 15 digits stays far below; a hostile megabyte is not walked.
        guard text.utf8.count <= 64 else { return nil }
        var digits: [UInt8] = []
        var isInternational = false
        for byte in Self.withoutScheme(text) {
            switch byte {
            case 0x30...0x39: digits.append(byte)
            case UInt8(ascii: "+"):
                guard digits.isEmpty, !isInternational else { return nil }
                isInternational = true
            case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"): continue
            default: return nil
            }
        }
        if !isInternational, digits.starts(with: [0x30, 0x30]) {
            digits.removeFirst(2)
            isInternational = true
        }
        // Without a mark of its own a number of a few digits is a short code.
        guard isInternational || digits.count >= 8 else { return nil }
        let number = "+" + String(decoding: digits, as: UTF8.self)
        guard ClientFields.phoneNumber(number) == nil else { return nil }
        e164 = number
    }

    /// The number as it came, then the other spellings of the same telephone, in the order in which they are to be tried.
    ///
    /// Some countries' mobile numbers are written with a digit more or less, depending on who writes: Brazil's ninth digit
    /// (`55 11 9 8765 4321`), Mexico's former `521`, Argentina's `549`.
    public var candidates: [String] {
        var all = [e164]
        let digits = Array(e164.utf8.dropFirst())
        if let other = Self.brazil(digits) ?? Self.mexico(digits) ?? Self.argentina(digits) {
            all.append("+" + String(decoding: other, as: UTF8.self))
        }
        return all
    }

    private static func withoutScheme(_ text: String) -> ArraySlice<UInt8> {
        let bytes = Array(text.utf8)
        let scheme = Array("whatsapp:".utf8)
        let begins = bytes.count >= scheme.count && zip(bytes, scheme).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
        return begins ? bytes.dropFirst(scheme.count) : bytes[...]
    }

    private static func brazil(_ digits: [UInt8]) -> [UInt8]? {
        guard digits.starts(with: Array("55".utf8)) else { return nil }
        let mobile = UInt8(ascii: "6")...UInt8(ascii: "9")
        let (area, local) = (digits.prefix(4), Array(digits.dropFirst(4)))
        if local.count == 9, local[0] == UInt8(ascii: "9"), mobile.contains(local[1]) { return Array(area) + local.dropFirst() }
        if local.count == 8, mobile.contains(local[0]) { return Array(area) + [UInt8(ascii: "9")] + local }
        return nil
    }

    private static func mexico(_ digits: [UInt8]) -> [UInt8]? {
        digits.starts(with: Array("52".utf8)) ? toggled(digits, mark: UInt8(ascii: "1")) : nil
    }

    private static func argentina(_ digits: [UInt8]) -> [UInt8]? {
        digits.starts(with: Array("54".utf8)) ? toggled(digits, mark: UInt8(ascii: "9")) : nil
    }

    /// Takes out or puts in the digit between a country code of two digits and a national number of ten.
    private static func toggled(_ digits: [UInt8], mark: UInt8) -> [UInt8]? {
        let (country, national) = (digits.prefix(2), digits.dropFirst(2))
        if national.count == 11, national.first == mark { return Array(country) + national.dropFirst() }
        if national.count == 10 { return Array(country) + [mark] + national }
        return nil
    }
}
