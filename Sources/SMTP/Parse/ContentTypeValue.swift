/// The value of a `Content-Type` header (RFC 2045, section 5.1), as far as it can be read.
public struct ContentTypeValue: Sendable, Hashable {
    /// In lower case, for example `multipart/report`.
    public var mediaType: String
    /// Names in lower case; the first value of each name.
    public var parameters: [String: String]

    /// What holds where a part says nothing (RFC 2045, section 5.2).
    public static let plain = ContentTypeValue(mediaType: "text/plain", parameters: ["charset": "us-ascii"])

    public init(mediaType: String, parameters: [String: String]) {
        self.mediaType = mediaType
        self.parameters = parameters
    }

    /// Nil where it does not begin with `type/subtype`.
    public init?(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        guard let type = scanner.token(), scanner.take(0x2F), let subtype = scanner.token() else { return nil }
        mediaType = "\(type)/\(subtype)".lowercased()
        parameters = [:]
        while parameters.count < 32, scanner.skip(to: 0x3B) {
            guard let name = scanner.token(), scanner.take(0x3D), let value = scanner.value() else { continue }
            // RFC 2231: what is too long for one line comes in pieces `name*0`, `name*1*`.
            let plain = name.lowercased().split(separator: "*", maxSplits: 1).first.map(String.init) ?? ""
            if name.contains("*") { parameters[plain, default: ""] += value } else if parameters[plain] == nil { parameters[plain] = value }
        }
    }
}

extension ContentTypeValue {
    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        private mutating func skipSpace() {
            var depth = 0
            while position < bytes.count {
                switch bytes[position] {
                case 0x28: depth += 1
                case 0x29 where depth > 0: depth -= 1
                case 0x20, 0x09: break
                default: if depth == 0 { return }
                }
                position += 1
            }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard position < bytes.count, bytes[position] == byte else { return false }
            position += 1
            return true
        }

        /// Moves behind the next `byte`; false at the end.
        mutating func skip(to byte: UInt8) -> Bool {
            while position < bytes.count {
                skipSpace()
                guard position < bytes.count else { return false }
                position += 1
                if bytes[position - 1] == byte { return true }
            }
            return false
        }

        mutating func token() -> String? {
            skipSpace()
            let start = position
            while position < bytes.count, ASCII.isToken(bytes[position]) { position += 1 }
            return position == start ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
        }

        mutating func value() -> String? {
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x22 else {
                // Generous: many write characters that would need quotes.
                let start = position
                while position < bytes.count, bytes[position] > 0x20, bytes[position] != 0x3B { position += 1 }
                return position == start ? nil : String(decoding: bytes[start..<position], as: UTF8.self)
            }
            position += 1
            var text: [UInt8] = []
            while position < bytes.count, bytes[position] != 0x22 {
                if bytes[position] == 0x5C, position + 1 < bytes.count { position += 1 }
                text.append(bytes[position])
                position += 1
            }
            position += 1
            return String(decoding: text, as: UTF8.self)
        }
    }
}
