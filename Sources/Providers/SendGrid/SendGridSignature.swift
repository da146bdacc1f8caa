import Crypto
import FoundationEssentials

/// Checks SendGrid's signed event webhook: ECDSA on P-256 with SHA-256 over the timestamp's text and the raw body.
public struct SendGridSignature: Sendable {
    private let key: P256.Signing.PublicKey

    /// - Parameter key: the verification key as SendGrid shows it: base64 of a SubjectPublicKeyInfo. Nil where it is none.
    public init?(key: String) {
        guard let der = Data(base64Encoded: key), let key = try? P256.Signing.PublicKey(derRepresentation: der) else { return nil }
        self.key = key
    }

    /// - Parameters:
    ///   - signature: `X-Twilio-Email-Event-Webhook-Signature`, base64 of the DER form.
    ///   - timestamp: `X-Twilio-Email-Event-Webhook-Timestamp`.
    public func verify(signature: String?, timestamp: String?, body: [UInt8]) -> Bool {
        guard let signature, let timestamp, signature.utf8.count <= 256, timestamp.utf8.count <= 64,
            let der = Data(base64Encoded: signature), let signature = try? P256.Signing.ECDSASignature(derRepresentation: der)
        else { return false }
        return key.isValidSignature(signature, for: Array(timestamp.utf8) + body)
    }
}
