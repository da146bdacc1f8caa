import Providers
import Testing

@Suite("WhatsApp's signatures")
struct WhatsAppSignatureTests {
    private static let secret = "test_app_secret"
    private static let examples = [
        (#"{"object":"whatsapp_business_account","entry":[]}"#, "dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756"),
        (#"{"text":{"body":"h\u00e9llo"}}"#, "c13ee15edaeb2ab5c091db72bf7ebb4dea7b0daaec67c919ff3635f147cb90bb"),
    ]

    @Test("the vectors hold", arguments: examples)
    func vectors(body: String, digest: String) {
        let body = Array(body.utf8)
        #expect(WhatsAppSignature.sign(body: body, secret: Self.secret) == "sha256=" + digest)
        #expect(WhatsAppSignature.verify(header: "sha256=" + digest, body: body, secret: Self.secret))
    }

    @Test("anything but the signature of these very bytes is refused")
    func forged() {
        let body = Array(Self.examples[0].0.utf8)
        let digest = Self.examples[0].1
        for header in [
            nil, "", digest, "sha256=", "sha256=" + digest.dropLast(), "sha256=" + digest.uppercased(), "sha1=" + digest,
            "sha256=" + digest + " ", "sha256=0" + digest.dropFirst(),
        ] {
            #expect(!WhatsAppSignature.verify(header: header, body: body, secret: Self.secret), "\(header ?? "none")")
        }
        #expect(!WhatsAppSignature.verify(header: "sha256=" + digest, body: body + [0x0A], secret: Self.secret))
        #expect(!WhatsAppSignature.verify(header: WhatsAppSignature.sign(body: body, secret: ""), body: body, secret: ""))
        #expect(!WhatsAppSignature.verify(header: "sha256=" + digest, body: Array(#"{"text":{"body":"héllo"}}"#.utf8), secret: Self.secret))
    }
}
