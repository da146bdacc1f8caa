/// Exactly one mail address (`addr-spec`, RFC 5321 4.1.2 and RFC 6531), safe to place in an envelope or a header.
///
/// Lists, display names, comments and control characters are refused, so a value of this type cannot carry a second
/// recipient or a protocol command.
public struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    /// The address as it was given.
    public let text: String
    /// The address as it travels: an internationalised domain is replaced by its A-label form (`xn--…`, RFC 5891).
    public let wireText: String
    /// The part before the last `@`, as given.
    public let localPart: String
    /// The part after the last `@`, as given.
    public let domain: String

    /// Whether every octet on the wire is ASCII; when not, the server must offer SMTPUTF8 (RFC 6531).
    public let isASCII: Bool

    /// Exactly one bare address, such as `anna@example.com`. Everything that is not is refused with its reason.
    public init(_ text: String) throws(MailAddressError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw .empty }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw .controlCharacter }
        guard !text.unicodeScalars.contains(where: Self.isInvisibleOrControl) else { throw .controlCharacter }
        guard let at = Self.separator(in: bytes) else {
            throw bytes.contains(0x40) ? .notASingleAddress : .missingAtSign
        }
        let local = bytes[..<at]
        let host = bytes[(at + 1)...]
        guard local.count <= 64 else { throw .tooLong }
        try Self.check(local: local)
        let localText = String(decoding: local, as: UTF8.self)
        let hostText = String(decoding: host, as: UTF8.self)
        let wireDomain = try Self.wireDomain(hostText)
        self.text = text
        self.localPart = localText
        self.domain = hostText
        self.wireText = wireDomain == hostText ? text : "\(localText)@\(wireDomain)"
        self.isASCII = local.allSatisfy { $0 < 0x80 }
        guard bytes.count <= 254, self.wireText.utf8.count <= 254 else { throw .tooLong }
    }

    public var description: String { text }

    public static func == (left: MailAddress, right: MailAddress) -> Bool { left.text == right.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// The position of the only `@` that is not inside a quoted local part.
    private static func separator(in bytes: [UInt8]) -> Int? {
        var quoted = false
        var escaped = false
        var found: Int?
        for (index, byte) in bytes.enumerated() {
            if escaped {
                escaped = false
                continue
            }
            if quoted, byte == 0x5C {
                escaped = true
                continue
            }
            if byte == 0x22 {
                quoted.toggle()
                continue
            }
            if byte == 0x40, !quoted {
                guard found == nil else { return nil }
                found = index
            }
        }
        return found
    }

    private static func check(local: ArraySlice<UInt8>) throws(MailAddressError) {
        guard let first = local.first else { throw .invalidLocalPart }
        if first == 0x22 {
            try check(quoted: local)
            return
        }
        var previousWasDot = true
        for byte in local {
            if byte == 0x2E {
                guard !previousWasDot else { throw .invalidLocalPart }
                previousWasDot = true
                continue
            }
            previousWasDot = false
            guard byte >= 0x80 || ASCII.isAtomText(byte) else {
                throw isListSyntax(byte) ? .notASingleAddress : .invalidLocalPart
            }
        }
        guard !previousWasDot else { throw .invalidLocalPart }
    }

    private static func check(quoted local: ArraySlice<UInt8>) throws(MailAddressError) {
        guard local.count > 2, local.last == 0x22 else { throw .invalidLocalPart }
        var escaped = false
        for byte in local.dropFirst().dropLast() {
            if escaped {
                escaped = false
                continue
            }
            if byte == 0x5C {
                escaped = true
                continue
            }
            guard byte != 0x22 else { throw .invalidLocalPart }
        }
        guard !escaped else { throw .invalidLocalPart }
    }

    private static func wireDomain(_ host: String) throws(MailAddressError) -> String {
        let bytes = Array(host.utf8)
        guard !bytes.isEmpty else { throw .invalidDomain }
        if bytes.first == 0x5B {
            let inner = bytes.dropFirst().dropLast()
            let isLiteral: (UInt8) -> Bool = { ASCII.isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x3A || $0 == 0x2D }
            guard bytes.last == 0x5D, !inner.isEmpty, inner.allSatisfy(isLiteral) else { throw .invalidDomain }
            return host
        }
        if let bad = bytes.first(where: { $0 < 0x80 && !ASCII.isLetterOrDigit($0) && $0 != 0x2E && $0 != 0x2D }) {
            throw isListSyntax(bad) ? .notASingleAddress : .invalidDomain
        }
        guard let wire = DomainName.aLabels(of: host) else { throw .invalidDomain }
        return wire
    }

    private static func isInvisibleOrControl(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x80 else { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .unassigned: return true
        default: return false
        }
    }

    private static func isListSyntax(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x22, 0x28, 0x29, 0x2C, 0x3A, 0x3B, 0x3C, 0x3E: true
        default: false
        }
    }
}
