/// Why a DKIM key or signer cannot be used.
public enum DKIMError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Neither an RSA nor an Ed25519 private key in PEM, nor a base64 seed of 32 octets.
    case unreadableKey
    /// RSA below 2048 bits.
    case weakKey(bits: Int)
    case invalidDomain
    case invalidSelector
    case signingFailed

    public var description: String {
        switch self {
        case .unreadableKey: "the key is neither an RSA or Ed25519 private key in PEM nor a base64 Ed25519 seed"
        case .weakKey(let bits): "the RSA key has \(bits) bits; 2048 is the least"
        case .invalidDomain: "the signing domain is not a domain name"
        case .invalidSelector: "the selector is not a DNS label"
        case .signingFailed: "the signature could not be made"
        }
    }
}
