import Core
import Crypto

/// The random text of a session, an invitation or a reset, on its way to the one who will hold it. Only its hash is stored.
public struct AccountToken: Sendable {
    public let text: String

    /// 256 random bits in letters and digits: mail programs end a link before other characters.
    public init() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        text = String((0..<43).map { _ in alphabet[Int.random(in: 0..<62, using: &generator)] })
    }

    /// Nobody guesses 256 bits, so a plain SHA-256 protects them.
    public var hash: [UInt8] { Self.hash(text) }

    /// What the store keeps of a token: its SHA-256.
    public static func hash(_ text: some StringProtocol) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}
