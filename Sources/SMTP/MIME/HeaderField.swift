/// One header of a message. It cannot hold a line break, so no value can add a header or a body.
public struct HeaderField: Sendable, Hashable {
    public let name: String
    public let value: String

    /// - Parameters:
    ///   - name: printable ASCII without colon; not one of those `MIMEMessage` writes from its own properties.
    ///   - value: text; characters outside ASCII travel as encoded words (RFC 2047), lines are folded.
    public init(_ name: String, _ value: String) throws(MIMEError) {
        let valid = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
        guard !name.isEmpty, name.utf8.count <= 76, valid, !Self.reserved.contains(name.lowercased()) else {
            throw .invalidHeaderName(name)
        }
        try MIMEError.checkNoControls(value, in: name)
        let isASCII = value.utf8.allSatisfy { $0 < 0x80 }
        let words = value.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
        guard !isASCII || words.allSatisfy({ $0.count <= 900 }) else { throw .headerTooLong(name) }
        self.name = name
        self.value = value
    }

    private static let reserved: Set<String> = [
        "from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding",
        "content-disposition", "content-id", "auto-submitted", "dkim-signature", "bcc", "return-path",
    ]
}
