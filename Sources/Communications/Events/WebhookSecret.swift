import Core
import Crypto
import FoundationEssentials

/// A key that signs events, as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64.
public struct WebhookSecret: Sendable, Hashable {
    public static let prefix = "whsec_"
    /// What callers are told about a text that is none.
    public static let rule = "must be whsec_ followed by 24 to 64 bytes in base64"

    public let key: [UInt8]

    /// A new one of 32 random bytes.
    public init() {
        key = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
    }

    /// - Parameter key: as it was stored; taken as it is.
    public init(stored key: [UInt8]) {
        self.key = key
    }

    /// Nil when `text` is not such a key.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            (24...64).contains(data.count)
        else { return nil }
        key = Array(data)
    }

    public var text: String { Self.prefix + Data(key).base64EncodedString() }
}
