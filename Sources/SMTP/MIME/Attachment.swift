/// A file that travels with a message.
public struct Attachment: Sendable, Hashable {
    /// Without path separators and control characters, at most 200 octets.
    public let filename: String
    public let contentType: String
    public let bytes: [UInt8]

    /// - Parameters:
    ///   - filename: any text; made safe rather than refused, because it often comes from people.
    ///   - contentType: `type/subtype`, optionally with parameters; not multipart or message, which must not be encoded.
    public init(filename: String, contentType: String, bytes: [UInt8]) throws(MIMEError) {
        try ContentType.check(contentType)
        self.filename = FileName.safe(filename)
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// An image shown inside the HTML, referred to as `cid:` and its content id (RFC 2392).
public struct InlineImage: Sendable, Hashable {
    /// `left@right`, without angle brackets.
    public let contentID: String
    public let contentType: String
    public let filename: String
    public let bytes: [UInt8]

    public init(contentID: String, contentType: String, filename: String = "image", bytes: [UInt8]) throws(MIMEError) {
        try ContentType.check(contentType)
        guard MessageID.isValid(contentID[...]) else { throw .invalidContentID }
        self.contentID = contentID
        self.contentType = contentType
        self.filename = FileName.safe(filename)
        self.bytes = bytes
    }
}

enum ContentType {
    /// `type/subtype` and printable parameters, 200 octets at most.
    static func check(_ text: String) throws(MIMEError) {
        let semicolon = text.utf8.firstIndex(of: 0x3B) ?? text.utf8.endIndex
        let parts = text.utf8[..<semicolon].split(separator: 0x2F, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(ASCII.isToken) }),
            text.utf8.count <= 200, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { throw .invalidContentType }
        let type = String(decoding: Array(parts[0]), as: UTF8.self).lowercased()
        guard type != "multipart", type != "message" else { throw .invalidContentType }
    }
}

enum FileName {
    static func safe(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        var octets = 0
        for scalar in name.unicodeScalars {
            let kept: Unicode.Scalar? =
                switch scalar.properties.generalCategory {
                // `format` holds the marks that reverse text, used to disguise an extension.
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: nil
                default: scalar == "/" || scalar == "\\" || scalar == ":" ? "_" : scalar
                }
            guard let kept else { continue }
            octets += UTF8.width(kept)
            if octets > 200 { break }
            scalars.append(kept)
        }
        let trimmed = String(scalars).split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        return trimmed.isEmpty || trimmed.allSatisfy({ $0 == "." }) ? "attachment" : trimmed
    }
}
