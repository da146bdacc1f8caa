/// Why a name could not be looked up.
enum DNSFailure: Error, Equatable, CustomStringConvertible {
    case noResolver
    case noAnswer
    case malformed
    case truncated
    /// The server's response code (RFC 1035, section 4.1.1).
    case refused(Int)

    var description: String {
        switch self {
        case .noResolver: "no resolver in /etc/resolv.conf"
        case .noAnswer: "no answer"
        case .malformed: "the answer made no sense"
        case .truncated: "the answer was too long"
        case .refused(let code): "the resolver refused, code \(code)"
        }
    }
}

/// Where mail to a domain goes, as one MX record says.
struct MailExchange: Sendable, Equatable {
    /// The lowest is tried first.
    var preference: Int
    /// Without a dot at its end; empty: the domain takes no mail (RFC 7505).
    var host: String
}

/// Questions for TXT and MX records and their answers on the wire (RFC 1035, RFC 6891).
enum DNSMessage {
    enum RecordType: UInt16 {
        case mailExchange = 15
        case text = 16
    }

    /// Nil for names that DNS cannot carry.
    static func question(id: UInt16, name: String, _ type: RecordType = .text) -> [UInt8]? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard !labels.isEmpty, labels.allSatisfy({ (1...63).contains($0.utf8.count) }), name.utf8.count <= 253 else { return nil }
        // One question, recursion desired, one additional record: EDNS with room for 1232 bytes.
        var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 0xFF), 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1]
        for label in labels {
            bytes.append(UInt8(truncatingIfNeeded: label.utf8.count))
            bytes.append(contentsOf: label.utf8)
        }
        bytes += [0, 0, UInt8(truncatingIfNeeded: type.rawValue), 0, 1]
        bytes += [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0]
        return bytes
    }

    /// The texts of all TXT records in an answer; empty when the name has none or does not exist.
    static func texts(in answer: [UInt8], id: UInt16) throws(DNSFailure) -> [String] {
        var texts: [String] = []
        try records(.text, in: answer, id) { (reader, end) throws(DNSFailure) in
            texts.append(try text(of: Array(try reader.take(end - reader.position))))
        }
        return texts
    }

    /// All MX records in an answer; empty when the name has none or does not exist.
    static func exchanges(in answer: [UInt8], id: UInt16) throws(DNSFailure) -> [MailExchange] {
        var exchanges: [MailExchange] = []
        try records(.mailExchange, in: answer, id) { (reader, _) throws(DNSFailure) in
            let preference = Int(try reader.word())
            exchanges.append(MailExchange(preference: preference, host: printable(try reader.name())))
        }
        return exchanges
    }

    /// Hands each record's data to `body`, with the position behind it.
    private static func records(
        _ wanted: RecordType, in answer: [UInt8], _ id: UInt16, _ body: (inout Reader, _ end: Int) throws(DNSFailure) -> Void
    ) throws(DNSFailure) {
        var reader = Reader(bytes: answer)
        guard try reader.word() == id else { throw .malformed }
        let flags = try reader.word()
        guard flags & 0x8000 != 0 else { throw .malformed }
        let code = Int(flags & 0x000F)
        if code == 3 { return }
        guard code == 0 else { throw .refused(code) }
        guard flags & 0x0200 == 0 else { throw .truncated }
        let questions = try reader.word()
        let answers = try reader.word()
        _ = try reader.take(4)
        for _ in 0..<questions {
            try reader.skipName()
            _ = try reader.take(4)
        }
        for _ in 0..<answers {
            try reader.skipName()
            let type = try reader.word()
            _ = try reader.take(6)
            let length = Int(try reader.word())
            var data = reader
            _ = try reader.take(length)
            if type == wanted.rawValue { try body(&data, reader.position) }
        }
    }

    /// A record is a row of strings of up to 255 bytes, read as one.
    private static func text(of data: [UInt8]) throws(DNSFailure) -> String {
        var reader = Reader(bytes: data)
        var bytes: [UInt8] = []
        while !reader.isAtEnd {
            bytes += try reader.take(Int(try reader.byte()))
        }
        return printable(bytes)
    }

    /// It goes to a terminal: no control characters.
    private static func printable(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        var isAtEnd: Bool { position >= bytes.count }

        mutating func take(_ count: Int) throws(DNSFailure) -> ArraySlice<UInt8> {
            guard count <= bytes.count - position else { throw .malformed }
            defer { position += count }
            return bytes[position..<position + count]
        }

        mutating func byte() throws(DNSFailure) -> UInt8 {
            guard let byte = try take(1).first else { throw .malformed }
            return byte
        }

        mutating func word() throws(DNSFailure) -> UInt16 {
            UInt16(try byte()) << 8 | UInt16(try byte())
        }

        /// A name with dots between its labels; follows pointers, which only ever lead back.
        mutating func name() throws(DNSFailure) -> [UInt8] {
            var name: [UInt8] = []
            while true {
                let start = position
                let length = Int(try byte())
                if length & 0xC0 == 0xC0 {
                    let target = (length & 0x3F) << 8 | Int(try byte())
                    guard target < start else { throw .malformed }
                    position = target
                    continue
                }
                guard length & 0xC0 == 0 else { throw .malformed }
                if length == 0 { return name }
                if !name.isEmpty { name.append(UInt8(ascii: ".")) }
                name += try take(length)
                guard name.count <= 255 else { throw .malformed }
            }
        }

        mutating func skipName() throws(DNSFailure) {
            while true {
                let length = try byte()
                // A pointer ends the name here, whatever it points to.
                if length & 0xC0 == 0xC0 {
                    _ = try byte()
                    return
                }
                guard length & 0xC0 == 0 else { throw .malformed }
                if length == 0 { return }
                _ = try take(Int(length))
            }
        }
    }
}
