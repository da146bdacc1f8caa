/// The caller's own name for a client: 1–128 characters of `A-Z a-z 0-9 . _ : @ -`.
public struct ClientID: Sendable, Hashable, CustomStringConvertible {
    public let text: String

    /// Nil when `text` is not a client id.
    public init?(_ text: String) {
        var text = text
        let valid = text.withUTF8 { bytes in
            (1...128).contains(bytes.count) && bytes.allSatisfy(Self.isAllowed)
        }
        guard valid else { return nil }
        self.text = text
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "-"): true
        default: false
        }
    }

    public var description: String { text }
}
