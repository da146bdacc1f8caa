import Core
import FoundationEssentials
import JWTKit

/// A signed token as it came (RFC 7515, compact form), read but not believed yet.
///
/// Stricter than the library that checks its signature: base64url in its one spelling, JSON without repeated keys, no header that
/// would have to be understood (`crit`), and the algorithm is only ever compared with the one that the caller expects.
struct CompactJWS: Sendable {
    static let longest = 16_384

    let algorithm: String
    let type: String?
    let keyID: String?
    let claims: JSONView
    private let signed: [UInt8]
    private let signature: [UInt8]

    /// Nil for what is none.
    init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.longest else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Self.object(parts[0]), let claims = Self.object(parts[1]),
            let signature = Base64.decode(url: Array(parts[2])), let algorithm = head["alg"]?.string, head["crit"] == nil
        else { return nil }
        self.algorithm = algorithm
        type = head["typ"]?.string
        keyID = head["kid"]?.string
        self.claims = claims
        self.signature = signature
        signed = Array(bytes[..<(parts[0].count + 1 + parts[1].count)])
    }

    /// Whether the signature is `key`'s. The key's algorithm must be the one that the caller expects; the token's word for it is not taken.
    func isSigned(by key: any JWTAlgorithm) -> Bool {
        algorithm == key.name && !signature.isEmpty && (try? key.verify(signature, signs: signed)) == true
    }

    /// A new token.
    ///
    /// - Parameters:
    ///   - type: `typ` of its header.
    ///   - claims: a JSON object.
    static func sign(_ claims: [UInt8], type: String, with key: any JWTAlgorithm) throws -> String {
        var head = JSONWriter()
        head.object { json in
            json.member("alg", key.name)
            json.member("typ", type)
        }
        let signed = Base64.encode(url: head.bytes) + "." + Base64.encode(url: claims)
        return signed + "." + Base64.encode(url: try key.sign(Array(signed.utf8)))
    }

    private static func object(_ part: ArraySlice<UInt8>) -> JSONView? {
        guard let bytes = Base64.decode(url: Array(part)), let root = try? JSONDocument(parsing: bytes).root, root.kind == .object else {
            return nil
        }
        return root
    }
}

extension JSONView {
    /// A time claim: whole seconds since 1970, or with a fraction that is dropped.
    func claimSeconds(_ name: String) -> Int64? {
        guard let value = self[name] else { return nil }
        if let whole = value.int64 { return whole }
        guard let number = value.double, number.isFinite, abs(number) < 1e12 else { return nil }
        return Int64(number)
    }
}
