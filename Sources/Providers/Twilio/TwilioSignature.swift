import Core
import Crypto
import FoundationEssentials

/// Twilio's signatures on its webhooks (Twilio documentation, "Webhooks Security").
public enum TwilioSignature {
    /// Twilio signs in one form or the other, by the account's setting.
    public enum Algorithm: Sendable, Hashable {
        /// The header `X-Twilio-Signature` alone; the key is the account's auth token.
        case sha1
        /// With `X-Twilio-Webhooks-Signature-Settings: key=…,algorithm=HMAC_SHA256`; the key is that shared key's secret.
        case sha256
    }

    /// What a request carries, as it came.
    public struct Presented: Sendable {
        /// `X-Twilio-Signature`.
        public var signature: String?
        /// `X-Twilio-Webhooks-Signature-Settings`.
        public var settings: String?

        public init(signature: String?, settings: String? = nil) {
            self.signature = signature
            self.settings = settings
        }
    }

    /// The signature in Base64.
    /// - Parameters:
    ///   - url: the exact public address, with its query; a fragment does not count.
    ///   - parameters: the form's fields, undecided in order, repeated ones included; none for GET and for JSON bodies.
    public static func sign(url: String, parameters: [(String, String)], token: String, algorithm: Algorithm = .sha1) -> String {
        Data(code(signed(url: url, parameters: parameters), token, algorithm)).base64EncodedString()
    }

    /// What belongs into the query parameter `bodySHA256` of requests whose body is no form.
    public static func bodyHash(_ body: [UInt8]) -> String {
        Hexadecimal.encode(Array(SHA256.hash(data: body)))
    }

    /// Whether the request was signed by somebody who knows the key.
    ///
    /// The address counts with and without its port, because the sender is inconsistent. Where it carries `bodySHA256`, the hash of the
    /// body must match too and the parameters do not count.
    /// - Parameters:
    ///   - body: the raw bytes.
    ///   - sharedKeys: secrets by key id, for the SHA-256 form; a key id that is not in it is refused.
    public static func verify(
        _ presented: Presented, url: String, parameters: [(String, String)], body: [UInt8] = [], token: String,
        sharedKeys: [String: String] = [:]
    ) -> Bool {
        guard let signature = presented.signature, !signature.isEmpty, signature.utf8.count <= 128 else { return false }
        var key = token
        var algorithm = Algorithm.sha1
        if let settings = presented.settings {
            guard let chosen = self.settings(settings), let secret = sharedKeys[chosen.key] else { return false }
            key = secret
            algorithm = chosen.algorithm
        }
        guard !key.isEmpty else { return false }
        var parameters = parameters
        if let announced = bodyHashParameter(of: url) {
            guard ConstantTime.equal(announced, bodyHash(body)) else { return false }
            parameters = []
        }
        var isValid = false
        for spelling in spellings(of: url) {
            let expected = sign(url: spelling, parameters: parameters, token: key, algorithm: algorithm)
            isValid = ConstantTime.equal(expected, signature) || isValid
        }
        return isValid
    }

    private static func signed(url: String, parameters: [(String, String)]) -> [UInt8] {
        var text = Array(url.utf8.prefix { $0 != UInt8(ascii: "#") })
        // Bytes, because strings count as equal when they only look alike.
        var values: [[UInt8]: Set<[UInt8]>] = [:]
        for (name, value) in parameters { values[Array(name.utf8), default: []].insert(Array(value.utf8)) }
        for (name, values) in values.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            for value in values.sorted(by: { $0.lexicographicallyPrecedes($1) }) { text += name + value }
        }
        return text
    }

    private static func code(_ text: [UInt8], _ key: String, _ algorithm: Algorithm) -> [UInt8] {
        let key = SymmetricKey(data: Array(key.utf8))
        return switch algorithm {
        case .sha1: Array(HMAC<Insecure.SHA1>.authenticationCode(for: text, using: key))
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: text, using: key))
        }
    }

    /// `key=<id>,algorithm=HMAC_SHA256`; nil for anything else.
    private static func settings(_ text: String) -> (key: String, algorithm: Algorithm)? {
        var key: String?
        var algorithm: Algorithm?
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { return nil }
            switch sides[0].filter({ $0 != " " }) {
            case "key": key = sides[1].filter { $0 != " " }
            case "algorithm": algorithm = sides[1].filter { $0 != " " } == "HMAC_SHA256" ? .sha256 : nil
            default: break
            }
        }
        guard let key, let algorithm else { return nil }
        return (key, algorithm)
    }

    private static func bodyHashParameter(of url: String) -> String? {
        let text = url.prefix { $0 != "#" }
        guard let question = text.firstIndex(of: "?") else { return nil }
        for pair in text[text.index(after: question)...].split(separator: "&") where pair.hasPrefix("bodySHA256=") {
            return String(pair.dropFirst("bodySHA256=".count))
        }
        return nil
    }

    /// The address as it is, and with its port taken away or the scheme's own added.
    private static func spellings(of url: String) -> [String] {
        guard let scheme = url.firstRange(of: "://") else { return [url] }
        let end = url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        let authority = url[scheme.upperBound..<end]
        let isBracketed = authority.last == "]"
        if !isBracketed, let colon = authority.lastIndex(of: ":") {
            return [url, String(url[..<colon]) + url[end...]]
        }
        let port = url[..<scheme.lowerBound].lowercased() == "http" ? ":80" : ":443"
        return [url, String(url[..<end]) + port + url[end...]]
    }
}
