// The standard library has the normaliser but no public name for it yet; Foundation's would pull in ICU.
@_spi(_Unicode) import Swift

/// The one spelling of an address under which it is looked up and suppressed.
public enum ClientAddress {
    /// Without upper case, and with letters composed (Unicode normal form C, RFC 6532): the spellings reach the same mailbox at every
    /// provider that matters, and "no" must hold for all of them.
    public static func normalised(email: String) -> String {
        let lower = email.lowercased()
        guard lower.utf8.contains(where: { $0 >= 0x80 }) else { return lower }
        var scalars = String.UnicodeScalarView()
        for scalar in lower._nfc { scalars.append(scalar) }
        return String(scalars)
    }

    /// E.164 has one spelling only.
    public static func normalised(phoneNumber: String) -> String {
        phoneNumber
    }
}
