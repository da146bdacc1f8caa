import Core
import Crypto
import FoundationEssentials

/// Signatures by the Standard Webhooks specification 1.0.
enum WebhookSignature {
    /// The value of `webhook-signature`: `v1,` and the HMAC-SHA256 of `id.timestamp.payload` in base64, one for each key, separated by
    /// spaces.
    ///
    /// - Parameters:
    ///   - timestamp: seconds since the epoch, as in `webhook-timestamp`.
    ///   - keys: more than one while a key is being replaced.
    static func sign(id: String, timestamp: Int64, payload: [UInt8], keys: [WebhookSecret]) -> String {
        var message = Array("\(id).\(timestamp).".utf8)
        message.append(contentsOf: payload)
        return keys.map { secret in
            let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: secret.key))
            return "v1," + code.withUnsafeBytes { Data($0) }.base64EncodedString()
        }.joined(separator: " ")
    }
}
