/// A message that came in, or a part of one, read within ``ParseLimits``. Nothing in it is trusted or checked beyond its form.
public struct ParsedMessage: Sendable {
    public let headers: [ParsedHeader]
    public let contentType: ContentTypeValue
    /// Still in its transfer encoding.
    public let body: ArraySlice<UInt8>
    /// Of a multipart; empty otherwise.
    public let parts: [ParsedMessage]

    /// Reads whatever the bytes are; there is no message that can not be read in some way.
    public init(_ bytes: [UInt8], limits: ParseLimits = .standard) {
        var left = limits.parts
        self.init(bytes.prefix(limits.bytes), limits, depth: limits.depth, &left, fallback: .plain)
    }

    private init(_ bytes: ArraySlice<UInt8>, _ limits: ParseLimits, depth: Int, _ left: inout Int, fallback: ContentTypeValue) {
        let block = HeaderBlock(bytes, limits: limits)
        headers = block.headers
        body = bytes[block.end...]
        contentType = block.headers.first { $0.name == "content-type" }.flatMap { ContentTypeValue($0.value) } ?? fallback
        guard depth > 0, contentType.mediaType.hasPrefix("multipart/"), let boundary = contentType.parameters["boundary"],
            (1...200).contains(boundary.utf8.count)
        else {
            parts = []
            return
        }
        let inner = contentType.mediaType == "multipart/digest" ? ContentTypeValue(mediaType: "message/rfc822", parameters: [:]) : .plain
        var parts: [ParsedMessage] = []
        for slice in Self.split(body, at: Array("--\(boundary)".utf8), most: left) {
            guard left > 0 else { break }
            left -= 1
            parts.append(ParsedMessage(slice, limits, depth: depth - 1, &left, fallback: inner))
        }
        self.parts = parts
    }

    /// The parts between delimiter lines (RFC 2046, section 5.1.1). Without a closing delimiter the last part ends with the message.
    private static func split(_ body: ArraySlice<UInt8>, at delimiter: [UInt8], most: Int) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start: Int?
        var position = body.startIndex
        while position < body.endIndex, parts.count < most {
            let lineStart = position
            let (line, next) = Lines.next(in: body, from: position)
            position = next
            guard line.starts(with: delimiter) else { continue }
            let rest = line.dropFirst(delimiter.count)
            let isClosing = rest.starts(with: [0x2D, 0x2D])
            guard rest.dropFirst(isClosing ? 2 : 0).allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { continue }
            if let begun = start { parts.append(trimmed(body[begun..<lineStart])) }
            start = isClosing ? nil : next
            if isClosing { return parts }
        }
        if let begun = start, parts.count < most { parts.append(body[begun...]) }
        return parts
    }

    /// The line break before a delimiter belongs to the delimiter.
    private static func trimmed(_ part: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var part = part
        if part.last == 0x0A { part = part.dropLast() }
        if part.last == 0x0D { part = part.dropLast() }
        return part
    }
}

extension ParsedMessage {
    /// The first value of this name, given in lower case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }

    /// A header's value with encoded words decoded (RFC 2047).
    public func text(of header: ParsedHeader) -> String {
        EncodedWords.decode(header.value)
    }

    /// The body without its transfer encoding.
    public func decodedBody(limit: Int) -> [UInt8] {
        TransferDecoding.decode(body, encoding: header("content-transfer-encoding"), limit: limit)
    }

    /// The body as text.
    public func bodyText(limit: Int) -> String {
        CharacterSet.text(decodedBody(limit: limit), charset: contentType.parameters["charset"])
    }

    /// This part and all within it, in the order in which they stand in the message.
    public var allParts: [ParsedMessage] {
        [self] + parts.flatMap(\.allParts)
    }

    /// For a part that holds a message or its header (`message/rfc822`, `text/rfc822-headers`): that message, without its parts.
    public func embedded(limits: ParseLimits = .standard) -> ParsedMessage? {
        switch contentType.mediaType {
        case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
            var flat = limits
            flat.depth = 0
            return ParsedMessage(decodedBody(limit: limits.headerBytes), limits: flat)
        default:
            return nil
        }
    }
}
