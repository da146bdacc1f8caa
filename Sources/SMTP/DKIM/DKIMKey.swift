import Crypto
import FoundationEssentials
import _CryptoExtras

/// A private key to sign mail with.
public struct DKIMKey: Sendable {
    private enum Kind: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    private let kind: Kind

    /// - Parameter text: PEM of an RSA key (PKCS#1 or PKCS#8, at least 2048 bits) or an Ed25519 key (PKCS#8), or the 32 octets of an
    ///   Ed25519 seed in base64.
    public init(_ text: String) throws(DKIMError) {
        let trimmed = text.split(whereSeparator: \.isNewline).joined(separator: "\n")
        if trimmed.contains("-----BEGIN") {
            if let seed = Self.seed(inPEM: trimmed) {
                kind = try Self.ed25519(seed)
            } else {
                kind = try Self.rsa(trimmed)
            }
        } else {
            guard let seed = Data(base64Encoded: trimmed), seed.count == 32 else { throw .unreadableKey }
            kind = try Self.ed25519(seed)
        }
    }

    /// The value of the `a=` tag.
    public var algorithm: String {
        switch kind {
        case .rsa: "rsa-sha256"
        case .ed25519: "ed25519-sha256"
        }
    }

    /// The TXT record to publish at `<selector>._domainkey.<domain>` (RFC 6376, 3.6.1; RFC 8463, 4).
    public var dnsRecord: String {
        switch kind {
        case .rsa(let key): "v=DKIM1; k=rsa; p=\(Base64.encode(Array(key.publicKey.derRepresentation)))"
        case .ed25519(let key): "v=DKIM1; k=ed25519; p=\(Base64.encode(Array(key.publicKey.rawRepresentation)))"
        }
    }

    /// Signs the canonical headers. Ed25519 signs the digest, not the data (RFC 8463, 3).
    func signature(of data: [UInt8]) throws(DKIMError) -> [UInt8] {
        let digest = SHA256.hash(data: data)
        do {
            switch kind {
            case .rsa(let key): return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
            case .ed25519(let key): return Array(try key.signature(for: Data(digest)))
            }
        } catch {
            throw .signingFailed
        }
    }

    private static func rsa(_ pem: String) throws(DKIMError) -> Kind {
        guard let key = try? _RSA.Signing.PrivateKey(unsafePEMRepresentation: pem) else { throw .unreadableKey }
        guard key.keySizeInBits >= 2048 else { throw .weakKey(bits: key.keySizeInBits) }
        return .rsa(key)
    }

    private static func ed25519(_ seed: Data) throws(DKIMError) -> Kind {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { throw .unreadableKey }
        return .ed25519(key)
    }

    /// The seed in a PKCS#8 structure of RFC 8410: version, the algorithm's OID 1.3.101.112, an octet string in an octet string.
    private static func seed(inPEM pem: String) -> Data? {
        let body = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        guard let der = Data(base64Encoded: body) else { return nil }
        let bytes = Array(der)
        let middle: [UInt8] = [0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20]
        guard bytes.count >= 48, bytes[0] == 0x30, bytes[2] == 0x02, bytes[3] == 0x01, Array(bytes[5..<16]) == middle else { return nil }
        return Data(bytes[16..<48])
    }
}
