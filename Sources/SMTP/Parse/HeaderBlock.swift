/// One field of an incoming message's header.
public struct ParsedHeader: Sendable, Hashable {
    /// In lower case.
    public let name: String
    /// Unfolded, without control characters; bytes that are no UTF-8 are replaced. Encoded words stay as they are.
    public let value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Reads a block of `Name: value` lines up to an empty line, in one pass (RFC 5322, section 2.2, read generously).
struct HeaderBlock {
    private(set) var headers: [ParsedHeader] = []
    /// Where the body begins.
    private(set) var end: Int

    private var name = ""
    private var value: [UInt8] = []

    init(_ bytes: ArraySlice<UInt8>, limits: ParseLimits) {
        end = bytes.startIndex
        var position = bytes.startIndex
        var isComplete = false
        let stop = bytes.index(position, offsetBy: limits.headerBytes, limitedBy: bytes.endIndex) ?? bytes.endIndex
        while position < stop {
            let (line, next) = Lines.next(in: bytes, from: position)
            position = next
            end = next
            if line.isEmpty {
                isComplete = true
                break
            }
            take(line, limits)
            if headers.count >= limits.headers { break }
        }
        if headers.count < limits.headers { finish() }
        // Whoever writes more header than is read gets the rest of it skipped.
        while end < bytes.endIndex, !isComplete {
            let (line, next) = Lines.next(in: bytes, from: end)
            end = next
            if line.isEmpty { break }
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>, _ limits: ParseLimits) {
        if let first = line.first, first == 0x20 || first == 0x09 {
            guard !name.isEmpty else { return }
            value.append(0x20)
            append(line.drop { $0 == 0x20 || $0 == 0x09 }, limits)
            return
        }
        finish()
        // A line without a name is no field; servers put such lines into headers all the same.
        guard let colon = line.prefix(100).firstIndex(of: 0x3A) else { return }
        var written = line[line.startIndex..<colon]
        while let last = written.last, last == 0x20 || last == 0x09 { written = written.dropLast() }
        guard !written.isEmpty, written.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        name = String(decoding: written, as: UTF8.self).lowercased()
        append(line[(colon + 1)...], limits)
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>, _ limits: ParseLimits) {
        let room = max(0, limits.valueBytes - value.count)
        for byte in bytes.prefix(room) {
            if byte == 0x09 { value.append(0x20) } else if byte >= 0x20, byte != 0x7F { value.append(byte) }
        }
    }

    private mutating func finish() {
        defer {
            name = ""
            value.removeAll(keepingCapacity: true)
        }
        guard !name.isEmpty else { return }
        var trimmed = value[...]
        while trimmed.first == 0x20 { trimmed = trimmed.dropFirst() }
        while trimmed.last == 0x20 { trimmed = trimmed.dropLast() }
        headers.append(ParsedHeader(name: name, value: String(decoding: trimmed, as: UTF8.self)))
    }
}

/// Lines as parsers see them: ended by LF, with or without a CR before it.
enum Lines {
    /// The line at `position` without its end, and where the next one begins.
    static func next(in bytes: ArraySlice<UInt8>, from position: Int) -> (line: ArraySlice<UInt8>, next: Int) {
        guard let end = bytes[position...].firstIndex(of: 0x0A) else { return (bytes[position...], bytes.endIndex) }
        var line = bytes[position..<end]
        if line.last == 0x0D { line = line.dropLast() }
        return (line, end + 1)
    }
}
