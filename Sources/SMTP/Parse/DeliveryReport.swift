/// What a delivery status notification says (RFC 3464); all of it in the words of the server that wrote it.
public struct DeliveryReport: Sendable, Hashable {
    /// What the report says of one recipient (RFC 3464, section 2.3).
    public struct Recipient: Sendable, Hashable {
        /// The address that the sender named, and the one that it came to be.
        public var originalRecipient: String?
        public var finalRecipient: String?
        /// In lower case: `failed`, `delayed`, `delivered`, `relayed`, `expanded`, or something else.
        public var action: String
        /// As written, for example `5.1.1 (bad address)`; empty where it is missing.
        public var status: String
        public var diagnostic: String?
        public var remoteServer: String?
    }

    public var reportingServer: String?
    public var envelopeID: String?
    public var recipients: [Recipient]

    private static let mostRecipients = 100
    private static let longest = 1 << 17

    /// Reads the part that holds it; nil where a message has none, or where it names no recipient.
    public init?(in message: ParsedMessage) {
        let part = message.allParts.first {
            $0.contentType.mediaType == "message/delivery-status" || $0.contentType.mediaType == "message/global-delivery-status"
        }
        guard let part else { return nil }
        let blocks = Self.blocks(part.decodedBody(limit: Self.longest))
        recipients = []
        for block in blocks {
            guard block.contains(where: { $0.name == "final-recipient" || $0.name == "action" || $0.name == "original-recipient" }) else {
                reportingServer = reportingServer ?? Self.typed(block, "reporting-mta")
                envelopeID = envelopeID ?? Self.value(block, "original-envelope-id")
                continue
            }
            recipients.append(
                Recipient(
                    originalRecipient: Self.typed(block, "original-recipient").map(Self.decodedXText),
                    finalRecipient: Self.typed(block, "final-recipient"),
                    action: Self.word(Self.value(block, "action") ?? ""), status: Self.value(block, "status") ?? "",
                    diagnostic: Self.typed(block, "diagnostic-code"), remoteServer: Self.typed(block, "remote-mta")))
        }
        if recipients.isEmpty { return nil }
    }

    private static func blocks(_ bytes: [UInt8]) -> [[ParsedHeader]] {
        var blocks: [[ParsedHeader]] = []
        var rest = bytes[...]
        let limits = ParseLimits(headers: 50)
        while !rest.isEmpty, blocks.count <= mostRecipients {
            // Moves on by at least one line each time.
            let block = HeaderBlock(rest, limits: limits)
            rest = rest[block.end...]
            if !block.headers.isEmpty { blocks.append(block.headers) }
        }
        return blocks
    }

    private static func value(_ block: [ParsedHeader], _ name: String) -> String? {
        block.first { $0.name == name }?.value
    }

    /// The value behind `type;`.
    private static func typed(_ block: [ParsedHeader], _ name: String) -> String? {
        guard let value = value(block, name) else { return nil }
        guard let semicolon = value.utf8.firstIndex(of: 0x3B) else { return value.isEmpty ? nil : value }
        let rest = value[value.utf8.index(after: semicolon)...].drop { $0 == " " }
        return rest.isEmpty ? nil : String(rest)
    }

    private static func word(_ value: String) -> String {
        String(value.lowercased().prefix { $0 != " " && $0 != "(" && $0 != ";" })
    }

    /// RFC 3461, section 4: `+3D` stands for `=`.
    static func decodedXText(_ text: String) -> String {
        guard text.utf8.contains(0x2B) else { return text }
        var output: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 0x2B, rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), code >= 0x20 {
                output.append(code)
                rest = rest.dropFirst(2)
            } else {
                output.append(byte)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
