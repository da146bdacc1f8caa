import NIOCore

/// Cuts the server's bytes into replies. Everything is bounded: no server can make it keep more than 64 KiB.
struct ReplyParser {
    enum Violation: Error, Hashable {
        case lineTooLong
        case replyTooLong
        case malformedLine
        case codesDiffer
    }

    static let maxLineLength = 4096
    static let maxReplyLength = 65536
    static let maxLines = 128

    private var buffer = ByteBuffer()
    private var scanned = 0
    private var lines: [ByteBuffer] = []
    private var code = 0
    private var length = 0

    /// Whether bytes are waiting that belong to no complete reply returned so far.
    var hasUnreadBytes: Bool { buffer.readableBytes > 0 || !lines.isEmpty }

    /// Whether the unread bytes begin with this reply code.
    func unreadBytesBegin(with code: StaticString) -> Bool {
        guard lines.isEmpty else { return false }
        return code.withUTF8Buffer { buffer.readableBytesView.starts(with: $0) }
    }

    mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
            scanned = 0
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next complete reply; nil when more bytes are needed.
    mutating func next() throws(Violation) -> Reply? {
        while let line = try nextLine() {
            let parsed = try Self.parse(line)
            if lines.isEmpty {
                code = parsed.code
                length = 0
                if parsed.isLast { return Reply(code: code, first: parsed.text, rest: []) }
            } else if parsed.code != code {
                throw .codesDiffer
            }
            length += parsed.text.readableBytes
            lines.append(parsed.text)
            guard lines.count <= Self.maxLines, length <= Self.maxReplyLength else { throw .replyTooLong }
            if parsed.isLast {
                let first = lines.removeFirst()
                defer { lines = [] }
                return Reply(code: code, first: first, rest: lines)
            }
        }
        return nil
    }

    /// The next line without its line end (CRLF, or a bare LF from lenient servers).
    private mutating func nextLine() throws(Violation) -> ByteBuffer? {
        let view = buffer.readableBytesView
        let start = view.startIndex + scanned
        guard let end = view[start...].firstIndex(of: 0x0A) else {
            scanned = view.count
            guard view.count <= Self.maxLineLength else { throw .lineTooLong }
            return nil
        }
        let count = end - view.startIndex
        guard count <= Self.maxLineLength else { throw .lineTooLong }
        scanned = 0
        guard var line = buffer.readSlice(length: count + 1) else { return nil }
        let hasCR = count > 0 && view[end - 1] == 0x0D
        line.moveWriterIndex(to: line.writerIndex - (hasCR ? 2 : 1))
        return line
    }

    private static func parse(_ line: ByteBuffer) throws(Violation) -> (code: Int, isLast: Bool, text: ByteBuffer) {
        var line = line
        guard let a = line.readInteger(as: UInt8.self), let b = line.readInteger(as: UInt8.self),
            let c = line.readInteger(as: UInt8.self),
            a >= 0x32, a <= 0x35, b >= 0x30, b <= 0x39, c >= 0x30, c <= 0x39
        else { throw .malformedLine }
        let code = Int(a - 0x30) * 100 + Int(b - 0x30) * 10 + Int(c - 0x30)
        guard let separator = line.readInteger(as: UInt8.self) else { return (code, true, line) }
        guard separator == 0x20 || separator == 0x2D else { throw .malformedLine }
        return (code, separator == 0x20, line)
    }
}
