/// `multipart/form-data` (RFC 7578), as far as uploads need it.
struct MultipartForm: Sendable {
    struct Part: Sendable {
        var name: String
        var fileName: String?
        var contentType: String?
        var content: ArraySlice<UInt8>
    }

    private(set) var parts: [Part] = []

    /// Nil for what is none: no boundary, no closing boundary, parts without a name.
    init?(_ body: [UInt8], contentType: String) {
        guard let boundary = Self.parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count) else { return nil }
        let delimiter = Array("--\(boundary)".utf8)
        guard body.starts(with: delimiter) else { return nil }
        var position = delimiter.count
        let separator = Array("\r\n--\(boundary)".utf8)
        while parts.count < 20 {
            if body[position...].starts(with: Array("--".utf8)) { return }
            guard body[position...].starts(with: Array("\r\n".utf8)), let end = Self.find(separator, in: body, from: position) else {
                return nil
            }
            guard let part = Self.part(body[(position + 2)..<max(end, position + 2)]) else { return nil }
            parts.append(part)
            position = end + separator.count
        }
        return nil
    }

    subscript(name: String) -> Part? { parts.first { $0.name == name } }

    func text(_ name: String) -> String? { self[name].map { String(decoding: $0.content, as: UTF8.self) } }

    private static func part(_ bytes: ArraySlice<UInt8>) -> Part? {
        let blank = Array("\r\n\r\n".utf8)
        guard let end = find(blank, in: bytes, from: bytes.startIndex), end - bytes.startIndex < 4096 else { return nil }
        var part = Part(name: "", content: bytes[(end + blank.count)...])
        for line in String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            switch line[..<colon].lowercased() {
            case "content-disposition":
                guard let name = parameter("name", of: value) else { return nil }
                part.name = name
                part.fileName = parameter("filename", of: value)
            case "content-type": part.contentType = value
            default: break
            }
        }
        return part.name.isEmpty ? nil : part
    }

    /// A parameter behind a `;`, with or without quotes.
    private static func parameter(_ name: String, of header: String) -> String? {
        for piece in header.split(separator: ";").dropFirst() {
            let parts = piece.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased().filter({ $0 != " " }) == name else { continue }
            let value = parts[1].drop { $0 == " " }
            return value.first == "\"" ? String(value.dropFirst().prefix { $0 != "\"" }) : String(value.prefix { $0 != " " })
        }
        return nil
    }

    private static func find<Bytes: RandomAccessCollection<UInt8>>(
        _ pattern: [UInt8], in bytes: Bytes, from start: Int
    ) -> Int? where Bytes.Index == Int {
        guard let first = pattern.first else { return nil }
        var position = start
        while position <= bytes.endIndex - pattern.count {
            guard let candidate = bytes[position...].firstIndex(of: first), candidate <= bytes.endIndex - pattern.count else { return nil }
            if bytes[candidate...].starts(with: pattern) { return candidate }
            position = candidate + 1
        }
        return nil
    }
}
