/// The worldwide unique name of a message (RFC 5322, 3.6.4). Keep it for every attempt to send the same mail.
public struct MessageID: Sendable, Hashable, CustomStringConvertible {
    /// Without angle brackets.
    public let text: String

    /// - Parameter text: `left@right`, with or without angle brackets.
    public init(_ text: String) throws(MIMEError) {
        var inner = text[...]
        if inner.first == "<", inner.last == ">", inner.count > 2 { inner = inner.dropFirst().dropLast() }
        guard Self.isValid(inner) else { throw .invalidMessageID }
        self.text = String(inner)
    }

    public var description: String { "<\(text)>" }

    /// `id-left "@" id-right` of atoms and dots; 200 octets, so that the header fits any line.
    static func isValid(_ text: Substring) -> Bool {
        let parts = text.utf8.split(separator: 0x40, omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 200 else { return false }
        return parts.allSatisfy { part in
            let atoms = part.split(separator: 0x2E, omittingEmptySubsequences: false)
            return atoms.allSatisfy { !$0.isEmpty && $0.allSatisfy(ASCII.isAtomText) }
        }
    }
}
