import Core
import Crypto
import CryptoExtras
import FoundationEssentials

/// The provider's keys, and the tokens that it signs with them, wrong ones included.
struct OIDCSigner: Sendable {
    static let keyID = "emulator-rsa"
    static let curveKeyID = "emulator-p256"

    private let rsa: _RSA.Signing.PrivateKey
    private let other: _RSA.Signing.PrivateKey
    private let curve = P256.Signing.PrivateKey()

    init() throws {
        rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        other = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    }

    /// - Parameter onCurve: ES256 in place of RS256.
    func token(_ claims: [UInt8], onCurve: Bool, fault: OIDCFault?) throws -> String {
        let algorithm =
            switch fault {
            case .algorithmNone: "none"
            case .keyConfusion: "HS256"
            default: onCurve ? "ES256" : "RS256"
            }
        var head = JSONWriter()
        head.object { json in
            json.member("alg", algorithm)
            json.member("typ", "JWT")
            json.member("kid", fault == .unknownKey ? "nobody" : onCurve ? Self.curveKeyID : Self.keyID)
            if fault == .criticalHeader { json.member("crit", ["exp"]) }
        }
        let signed = Self.encoded(head.bytes) + "." + Self.encoded(claims)
        let signature = try signature(of: Array(signed.utf8), onCurve: onCurve, fault)
        guard fault == .alteredClaims else { return signed + "." + Self.encoded(signature) }
        var altered = String(decoding: claims, as: UTF8.self)
        altered = altered.replacing("\"sub\":\"", with: "\"sub\":\"x")
        return Self.encoded(head.bytes) + "." + Self.encoded(Array(altered.utf8)) + "." + Self.encoded(signature)
    }

    private func signature(of bytes: [UInt8], onCurve: Bool, _ fault: OIDCFault?) throws -> [UInt8] {
        switch fault {
        case .algorithmNone: return []
        case .keyConfusion:
            let secret = SymmetricKey(data: Array(rsa.publicKey.pemRepresentation.utf8))
            return Array(HMAC<SHA256>.authenticationCode(for: bytes, using: secret))
        default: break
        }
        if onCurve { return Array(try curve.signature(for: bytes).rawRepresentation) }
        let key = fault == .foreignKey ? other : rsa
        return Array(try key.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation)
    }

    /// The public keys (RFC 7517).
    func keySet() throws -> [UInt8] {
        let (modulus, exponent) = try numbers()
        let point = Array(curve.publicKey.rawRepresentation)
        var json = JSONWriter()
        json.object { json in
            json.array("keys") { json in
                json.object { json in
                    json.member("kty", "RSA")
                    json.member("use", "sig")
                    json.member("alg", "RS256")
                    json.member("kid", Self.keyID)
                    json.member("n", Self.encoded(modulus))
                    json.member("e", Self.encoded(exponent))
                }
                json.object { json in
                    json.member("kty", "EC")
                    json.member("use", "sig")
                    json.member("crv", "P-256")
                    json.member("kid", Self.curveKeyID)
                    json.member("x", Self.encoded(Array(point.prefix(32))))
                    json.member("y", Self.encoded(Array(point.dropFirst(32))))
                }
            }
        }
        return json.bytes
    }

    private func numbers() throws -> ([UInt8], [UInt8]) {
        let numbers = try rsa.publicKey.getKeyPrimitives()
        return (Array(numbers.modulus), Array(numbers.publicExponent))
    }

    /// base64url without padding (RFC 4648, section 5).
    static func encoded(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
