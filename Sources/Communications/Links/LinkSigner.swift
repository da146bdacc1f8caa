import Core
import Crypto
import FoundationEssentials
import Providers
import Storage

/// Makes the links that clients find in their messages, and says which of those that come back are ours.
///
/// A token is the link's fields and the first 16 bytes of their HMAC-SHA256, in base64url. The purpose is among the fields, so that a
/// link for one thing never opens another. The key is this store's own and survives the rotation of `DB_ENCRYPTION_KEY`.
public struct LinkSigner: Sendable {
    private static let codeLength = 16
    /// The longest token: all fields at their longest.
    private static let longestToken = 640

    private let key: SymmetricKey
    let baseURL: String

    /// - Parameter baseURL: the public address (`API_BASE_URL`), without a slash at the end.
    public init(cipher: Cipher, baseURL: String) {
        // Derived once: a link costs a single HMAC.
        key = SymmetricKey(data: cipher.authenticationCode(of: [], purpose: "public-links"))
        self.baseURL = baseURL
    }

    /// The whole address, under the public one of the server.
    public func url(_ link: PublicLink) -> String {
        "\(baseURL)/\(link.purpose.rawValue)/\(token(link))"
    }

    /// The last part of the address alone.
    public func token(_ link: PublicLink) -> String {
        let fields = LinkToken.encode(link)
        return Base64.encode(url: fields + code(of: fields))
    }

    /// What a token stands for. Whether the client still exists, and whether their links were revoked since, only the store knows.
    ///
    /// - Parameter purpose: what it must be for; a genuine token for something else is invalid.
    public func open(_ token: String, purpose: LinkPurpose, at now: Timestamp) -> Result<PublicLink, LinkRefusal> {
        guard token.utf8.count <= Self.longestToken, let bytes = Base64.decode(url: Array(token.utf8)), bytes.count > Self.codeLength
        else { return .failure(.invalid) }
        let fields = bytes.dropLast(Self.codeLength)
        guard ConstantTime.equal(code(of: Array(fields)), Array(bytes.suffix(Self.codeLength))), let link = LinkToken.decode(fields),
            link.purpose == purpose
        else { return .failure(.invalid) }
        if let expiresAt = link.expiresAt, expiresAt <= now { return .failure(.expired(link)) }
        return .success(link)
    }

    private func code(of fields: [UInt8]) -> [UInt8] {
        HMAC<SHA256>.authenticationCode(for: fields, using: key).withUnsafeBytes { Array($0.prefix(Self.codeLength)) }
    }
}
