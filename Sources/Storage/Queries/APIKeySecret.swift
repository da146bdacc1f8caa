import Core
import Crypto

/// The text of an API key, on its way to the one who will hold it. Only its hash is ever stored.
public struct APIKeySecret: Sendable {
    /// What the caller sends after `Bearer`.
    public let text: String

    /// A key that someone chose; nil when it is shorter than ``minimumLength`` or not visible ASCII.
    public init?(chosen text: String) {
        guard text.utf8.count >= Self.minimumLength, text.utf8.count <= 512, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        self.text = text
    }

    /// A new key: `rk_` and 256 random bits in base64url.
    public init(using generator: inout some RandomNumberGenerator) {
        var text = "rk_"
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for _ in 0..<43 {
            text.append(alphabet[Int.random(in: 0..<64, using: &generator)])
        }
        self.text = text
    }

    /// A new key from the system's random numbers.
    public init() {
        var generator = SystemRandomNumberGenerator()
        self.init(using: &generator)
    }

    /// Shorter keys are refused: they might be guessed.
    public static let minimumLength = 32

    /// What is stored and looked up. A key has 256 random bits, so a plain SHA-256 can not be reversed by guessing.
    public static func hash(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }

    public var hash: [UInt8] { Self.hash(text) }

    /// The last four characters, by which people tell their keys apart.
    public var hint: String { "…" + text.suffix(4) }
}
