/// The one spelling of an address under which it is looked up and suppressed.
public enum ClientAddress {
    /// Without upper case: two spellings reach the same mailbox at every provider that matters, and "no" must hold for both.
    public static func normalised(email: String) -> String {
        email.lowercased()
    }

    /// E.164 has one spelling only.
    public static func normalised(phoneNumber: String) -> String {
        phoneNumber
    }
}
