import Crypto

/// Signs messages with DKIM (RFC 6376, RFC 8463), relaxed/relaxed.
public struct DKIMSigner: Sendable {
    /// The `d=` tag, in A-label form.
    public let domain: String
    /// The `s=` tag.
    public let selector: String
    public let key: DKIMKey

    /// - Parameters:
    ///   - domain: the `d=` tag; should be the domain of the From address, or a parent of it, so that DMARC aligns.
    ///   - selector: the `s=` tag; one or more DNS labels.
    public init(domain: String, selector: String, key: DKIMKey) throws(DKIMError) {
        guard let wire = DomainName.aLabels(of: domain) else { throw .invalidDomain }
        guard DomainName.isValid(selector) else { throw .invalidSelector }
        self.domain = wire
        self.selector = selector
        self.key = key
    }

    /// The name of the TXT record that holds `key.dnsRecord`.
    public var dnsName: String { "\(selector)._domainkey.\(domain)" }

    /// The message with a signature header before it.
    ///
    /// An RSA signature costs many times what rendering does: where throughput matters, sign outside `OutgoingMail.message`, which
    /// runs on the pool's event loop.
    /// - Parameter time: milliseconds since 1970-01-01T00:00:00Z, for the `t=` tag.
    public func sign(_ message: [UInt8], at time: Int64) throws(DKIMError) -> [UInt8] {
        try Self.sign(message, at: time, with: [self])
    }

    /// The message with one signature header per signer before it, in their order. Many verifiers know only RSA, so an Ed25519
    /// signer belongs beside an RSA one.
    public static func sign(_ message: [UInt8], at time: Int64, with signers: [DKIMSigner]) throws(DKIMError) -> [UInt8] {
        if signers.isEmpty { return message }
        let parsed = SignedMessage(message)
        let bodyHash = Base64.encode(Array(SHA256.hash(data: Canonicalization.relaxed(body: parsed.body))))
        let names = headerNames(parsed)
        let canonical = parsed.canonicalHeaders(names)
        var output: [UInt8] = []
        output.reserveCapacity(parsed.bytes.count + signers.count * 1024)
        for signer in signers {
            let unsigned = signer.unsignedField(names: names, bodyHash: bodyHash, time: time)
            let signature = try signer.signature(unsigned, canonicalHeaders: canonical)
            output += unsigned.utf8
            append(folded: signature, to: &output)
            output += [0x0D, 0x0A]
        }
        output += parsed.bytes
        return output
    }

    /// The signature in base64 over the headers and the signature header itself with an empty `b=`.
    func signature(_ unsigned: String, canonicalHeaders: [UInt8]) throws(DKIMError) -> String {
        let field = Canonicalization.relaxed(header: Array(unsigned.utf8)[...])
        return Base64.encode(try key.signature(of: canonicalHeaders + field))
    }

    private func unsignedField(names: [String], bodyHash: String, time: Int64) -> String {
        var text = "DKIM-Signature: v=1; a=\(key.algorithm); c=relaxed/relaxed;\r\n"
        text += " d=\(domain); s=\(selector);\r\n t=\(max(time, 0) / 1000); h="
        var column = 30
        for (index, name) in names.enumerated() {
            let last = index == names.count - 1
            if column + name.utf8.count > 74 {
                text += "\r\n "
                column = 1
            }
            text += last ? "\(name);" : "\(name):"
            column += name.utf8.count + 1
        }
        return text + "\r\n bh=\(bodyHash);\r\n b="
    }

    private static func append(folded signature: String, to output: inout [UInt8]) {
        for (index, byte) in signature.utf8.enumerated() {
            if index > 0, index % 72 == 0 { output += [0x0D, 0x0A, 0x20] }
            output.append(byte)
        }
    }

    /// Every occurrence of the headers worth signing, and for those that must not be added later one more than there are.
    private static func headerNames(_ message: SignedMessage) -> [String] {
        var names: [String] = []
        for (name, isOversigned) in signed {
            let count = message.fields.count { $0.name == name } + (isOversigned ? 1 : 0)
            names += Array(repeating: name, count: count)
        }
        return names
    }

    private static let signed: [(name: String, isOversigned: Bool)] = [
        ("from", true), ("to", true), ("cc", true), ("reply-to", true), ("subject", true), ("date", true), ("message-id", true),
        ("in-reply-to", false), ("references", false), ("mime-version", false), ("content-type", true),
        ("content-transfer-encoding", false), ("list-unsubscribe", true), ("list-unsubscribe-post", true), ("list-id", false),
        ("feedback-id", false), ("auto-submitted", false),
    ]
}
