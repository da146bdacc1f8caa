import Core
import Crypto

/// Meta's signature on WhatsApp's webhooks: HMAC-SHA256 over the raw body with the app's secret.
public enum WhatsAppSignature {
    /// The value of `X-Hub-Signature-256`: `sha256=` and lower-case hexadecimal digits.
    public static func sign(body: [UInt8], secret: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: body, using: SymmetricKey(data: Array(secret.utf8)))
        return "sha256=" + Hexadecimal.encode(Array(code))
    }

    /// - Parameter header: `X-Hub-Signature-256`, as it came; nil is no signature.
    public static func verify(header: String?, body: [UInt8], secret: String) -> Bool {
        guard let header, !secret.isEmpty else { return false }
        return ConstantTime.equal(sign(body: body, secret: secret), header)
    }
}
