import Core
import Crypto
import Storage

/// An address of ours that mail comes back to. It names one communication and carries a code that only we can make.
public struct ReturnAddress: Sendable, Hashable {
    /// What mail to the address means.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The envelope sender (VERP): what comes here tells how the communication fared.
        case bounce
        /// Whoever writes here wants no more mail of this kind.
        case unsubscribe
        /// Where mailbox providers send complaints (feedback loops); one for the whole installation.
        case complaint
    }

    public var kind: Kind
    /// Nil for ``Kind/complaint``.
    public var communication: CommunicationID?
    /// Of the address that the communication went to.
    public var fingerprint: UInt32

    /// Whether the communication went to this address; its case does not matter. One in four thousand million others fits as well.
    public func wentTo(_ email: String) -> Bool {
        communication.map { ReturnAddresses.fingerprint(of: email, in: $0) == fingerprint } ?? false
    }
}

/// Makes and reads the addresses that our mail comes back to: `bounce+TOKEN@DOMAIN`.
///
/// The token is base32, so that it survives servers that change the case: the communication's id (16 bytes), a fingerprint of the
/// recipient's address (4), and a truncated code over both and the kind (10). With the longest prefix it stays within the 64 octets
/// that RFC 5321 (4.5.3.1.1) grants. The code holds as long as the store's lookup key does, through rotations of the others.
public struct ReturnAddresses: Sendable {
    private static let codeLength = 10
    private static let tokenLength = 48
    /// The whole address stays within the 254 octets that an envelope may hold.
    public static let longestDomain = 190

    public let domain: String
    private let cipher: Cipher

    /// - Parameter domain: as ``isDomain(_:)`` accepts it.
    public init(cipher: Cipher, domain: String) {
        self.cipher = cipher
        self.domain = domain.lowercased()
    }

    /// Whether mail can be sent to addresses of this domain: letters, digits and hyphens, two labels or more (RFC 1035).
    public static func isDomain(_ text: String) -> Bool {
        text.utf8.count <= longestDomain && text.utf8.allSatisfy { $0 < 0x80 } && EmailAddressRule.check("a@\(text)") == nil
    }

    /// The envelope sender of a communication to `recipient`.
    public func bounce(_ communication: CommunicationID, to recipient: String) -> String {
        address(.bounce, communication, Self.fingerprint(of: recipient, in: communication))
    }

    /// Where mail to it unsubscribes (`List-Unsubscribe: <mailto:…>`).
    public func unsubscribe(_ communication: CommunicationID, to recipient: String) -> String {
        address(.unsubscribe, communication, Self.fingerprint(of: recipient, in: communication))
    }

    /// The address to give to mailbox providers that send complaints.
    public var complaints: String { address(.complaint, Self.nobody, 0) }

    /// Reads the recipient of an incoming mail; nil for every address that we did not make.
    public func open(_ address: String) -> ReturnAddress? {
        guard address.utf8.count <= 254, let at = address.utf8.lastIndex(of: UInt8(ascii: "@")),
            address[address.utf8.index(after: at)...].lowercased() == domain
        else { return nil }
        let local = address[..<at]
        guard let plus = local.utf8.firstIndex(of: UInt8(ascii: "+")), let kind = ReturnAddress.Kind(rawValue: local[..<plus].lowercased())
        else { return nil }
        return open(token: local[local.utf8.index(after: plus)...], kind)
    }

    private func open(token: Substring, _ kind: ReturnAddress.Kind) -> ReturnAddress? {
        guard token.utf8.count == Self.tokenLength, let bytes = Base32.decode(token.utf8), bytes.count == 20 + Self.codeLength else {
            return nil
        }
        let expected = code(kind, bytes.prefix(20))
        guard zip(expected, bytes.dropFirst(20)).reduce(UInt8(0), { $0 | ($1.0 ^ $1.1) }) == 0 else { return nil }
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        let id = CommunicationID(high: word(0..<8), low: word(8..<16))
        return ReturnAddress(
            kind: kind, communication: kind == .complaint ? nil : id, fingerprint: UInt32(truncatingIfNeeded: word(16..<20)))
    }

    private func address(_ kind: ReturnAddress.Kind, _ id: CommunicationID, _ fingerprint: UInt32) -> String {
        var bytes = Self.bytes(of: id)
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: fingerprint >> UInt32(shift))) }
        bytes += code(kind, bytes[...])
        return "\(kind.rawValue)+\(Base32.encode(bytes))@\(domain)"
    }

    private func code(_ kind: ReturnAddress.Kind, _ message: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        cipher.authenticationCode(of: Array(kind.rawValue.utf8) + [0] + message, purpose: "return-address").prefix(Self.codeLength)
    }

    /// Different for each communication, so that nobody can tell by it which mails went to the same person.
    static func fingerprint(of email: String, in communication: CommunicationID) -> UInt32 {
        let digest = SHA256.hash(data: bytes(of: communication) + Array(AddressBook.normalised(email: email).utf8))
        return digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static let nobody = CommunicationID(high: 0, low: 0)

    private static func bytes(of id: CommunicationID) -> [UInt8] {
        [id.high, id.low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }
}
