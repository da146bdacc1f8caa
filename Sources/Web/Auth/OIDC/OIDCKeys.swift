import Core
import JWTKit

/// A provider's public keys (RFC 7517): RSA for RS256, P-256 for ES256. Each key knows its one algorithm, so that a token can not
/// choose another one for it; everything else in the set is passed over.
struct OIDCKeys: Sendable {
    private struct Key: Sendable {
        let id: String?
        let algorithm: any JWTAlgorithm
    }

    static let most = 100
    private var keys: [Key] = []

    init(_ bytes: [UInt8]) async throws(OIDCFailure) {
        guard let list = (try? JSONDocument(parsing: bytes).root)?["keys"], list.kind == .array else {
            throw .provider("the key set is no JSON object with keys")
        }
        for item in list.elements.prefix(Self.most) {
            // Each use of a key needs its own (RFC 8725, section 3.8).
            guard item["use"]?.string ?? "sig" == "sig", let algorithm = await Self.algorithm(item),
                item["alg"]?.string ?? algorithm.name == algorithm.name
            else { continue }
            keys.append(Key(id: item["kid"]?.string, algorithm: algorithm))
        }
    }

    /// The key that a token's header names; without a name the only one that fits.
    func key(id: String?, algorithm: String) -> (any JWTAlgorithm)? {
        let fitting = keys.filter { $0.algorithm.name == algorithm && (id == nil || $0.id == id) }
        return fitting.count == 1 ? fitting.first?.algorithm : nil
    }

    private static func algorithm(_ item: JSONView) async -> (any JWTAlgorithm)? {
        switch item["kty"]?.string {
        case "RSA":
            // Long enough to be trusted (the library refuses less than 2,048 bits) and short enough to be checked quickly.
            guard let modulus = item["n"]?.string, let exponent = item["e"]?.string, modulus.utf8.count <= 1_400,
                exponent.utf8.count <= 8, let key = try? Insecure.RSA.PublicKey(modulus: modulus, exponent: exponent)
            else { return nil }
            return try? await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256).getKey()
        case "EC":
            guard item["crv"]?.string == "P-256", let x = item["x"]?.string, let y = item["y"]?.string, x.utf8.count <= 64,
                y.utf8.count <= 64,
                let key = try? ES256PublicKey(parameters: (x, y))
            else { return nil }
            return try? await JWTKeyCollection().add(ecdsa: key).getKey()
        default: return nil
        }
    }
}
