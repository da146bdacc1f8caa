/// A message cut into header fields and body.
struct SignedMessage {
    struct Field {
        /// In lower case.
        let name: String
        let bytes: ArraySlice<UInt8>
    }

    let bytes: [UInt8]
    let fields: [Field]
    let body: ArraySlice<UInt8>

    /// Line ends are made CRLF first, as they will be on the wire.
    init(_ message: [UInt8]) {
        let bytes = LineEndings.normalized(message)
        var fields: [Field] = []
        var start = 0
        var position = 0
        var bodyStart = bytes.count
        while position < bytes.count {
            let end = Self.endOfLine(bytes, from: position)
            if end - position == 2 || end == position {
                bodyStart = end
                break
            }
            let continues = end < bytes.count && (bytes[end] == 0x20 || bytes[end] == 0x09)
            position = end
            if continues { continue }
            if let field = Self.field(bytes[start..<end]) { fields.append(field) }
            start = end
        }
        self.bytes = bytes
        self.fields = fields
        body = bytes[bodyStart...]
    }

    private static func endOfLine(_ bytes: [UInt8], from start: Int) -> Int {
        (bytes[start...].firstIndex(of: 0x0A) ?? bytes.count - 1) + 1
    }

    private static func field(_ bytes: ArraySlice<UInt8>) -> Field? {
        guard let colon = bytes.firstIndex(of: 0x3A) else { return nil }
        let name = bytes[..<colon].filter { $0 != 0x20 && $0 != 0x09 }
        return Field(name: String(decoding: name, as: UTF8.self).lowercased(), bytes: bytes)
    }

    /// The canonical bytes of the listed headers. Of repeated headers the last is taken first; a name listed more often than it
    /// occurs adds nothing, which is how its absence is signed (RFC 6376, 5.4.2).
    func canonicalHeaders(_ names: [String]) -> [UInt8] {
        var taken: [String: Int] = [:]
        var output: [UInt8] = []
        for name in names {
            let occurrences = fields.filter { $0.name == name }
            let used = taken[name, default: 0]
            taken[name] = used + 1
            guard used < occurrences.count else { continue }
            output += Canonicalization.relaxed(header: occurrences[occurrences.count - 1 - used].bytes)
            output += [0x0D, 0x0A]
        }
        return output
    }
}

enum LineEndings {
    /// Bare CR and bare LF made CRLF; the same array when there are none.
    static func normalized(_ message: [UInt8]) -> [UInt8] {
        var previous: UInt8 = 0
        var isNormal = true
        for byte in message {
            if (byte == 0x0A) != (previous == 0x0D) {
                isNormal = false
                break
            }
            previous = byte
        }
        if isNormal, previous != 0x0D { return message }
        var output: [UInt8] = []
        output.reserveCapacity(message.count + message.count / 16)
        previous = 0
        for byte in message {
            switch byte {
            case 0x0D: output += [0x0D, 0x0A]
            case 0x0A: if previous != 0x0D { output += [0x0D, 0x0A] }
            default: output.append(byte)
            }
            previous = byte
        }
        return output
    }
}
