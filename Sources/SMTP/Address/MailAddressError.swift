/// Why a text is not one usable mail address.
public enum MailAddressError: Error, Sendable, Hashable, CustomStringConvertible {
    case empty
    /// Longer than 254 octets, or a local part longer than 64 octets (RFC 5321, 4.5.3.1).
    case tooLong
    /// A line break, NUL or another control character: never sent anywhere.
    case controlCharacter
    case missingAtSign
    /// More than one address, a display name, angle brackets or a comment.
    case notASingleAddress
    case invalidLocalPart
    case invalidDomain

    public var description: String {
        switch self {
        case .empty: "the address is empty"
        case .tooLong: "the address is longer than 254 octets or its local part longer than 64"
        case .controlCharacter: "the address contains a control character"
        case .missingAtSign: "the address has no @"
        case .notASingleAddress: "exactly one bare address is expected, without display name, list or comment"
        case .invalidLocalPart: "the part before the @ is not valid"
        case .invalidDomain: "the part after the @ is not a valid domain"
        }
    }
}
