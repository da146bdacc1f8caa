/// Turns a text into the tape of a ``JSONDocument``. One pass, no recursion: an open container remembers its parent on the tape.
struct JSONParser {
    private(set) var nodes: ContiguousArray<JSONNode> = []
    private(set) var containsNUL = false
    private let limits: JSONLimits
    private var position = 0
    private var depth = 0
    private var open = JSONNode.noParent

    init(limits: JSONLimits, byteCount: Int) {
        self.limits = limits
        nodes.reserveCapacity(min(byteCount / 12 + 4, 4_096))
    }

    mutating func parse(_ bytes: Span<UInt8>) throws(JSONFault) {
        guard bytes.count <= limits.maximumBytes else { throw JSONFault(reason: .tooLarge, offset: limits.maximumBytes) }
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { throw fault(.byteOrderMark) }
        skipSpace(bytes)
        guard position < bytes.count else { throw fault(.empty) }
        repeat {
            try parseValue(bytes)
        } while try anotherValueFollows(bytes)
        skipSpace(bytes)
        guard position == bytes.count else { throw fault(.trailingText) }
    }

    /// Reads one scalar, or opens containers until one is empty or a scalar was read.
    private mutating func parseValue(_ bytes: Span<UInt8>) throws(JSONFault) {
        while true {
            skipSpace(bytes)
            switch try byte(bytes) {
            case UInt8(ascii: "{"):
                try openContainer(.object)
                skipSpace(bytes)
                if try byte(bytes) == UInt8(ascii: "}") { return try close(bytes) }
                try parseKey(bytes)
            case UInt8(ascii: "["):
                try openContainer(.array)
                skipSpace(bytes)
                if try byte(bytes) == UInt8(ascii: "]") { return try close(bytes) }
            case UInt8(ascii: "\""):
                return try parseString(bytes)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                return try parseNumber(bytes)
            case UInt8(ascii: "t"):
                return try parseLiteral("true", .true, bytes)
            case UInt8(ascii: "f"):
                return try parseLiteral("false", .false, bytes)
            case UInt8(ascii: "n"):
                return try parseLiteral("null", .null, bytes)
            default:
                throw fault(.unexpectedCharacter)
            }
        }
    }

    /// After a complete value: closes what ends here; true when a comma (and in an object the next key) announced another value.
    private mutating func anotherValueFollows(_ bytes: Span<UInt8>) throws(JSONFault) -> Bool {
        while open != JSONNode.noParent {
            skipSpace(bytes)
            let next = try byte(bytes)
            let isObject = nodes[Int(open)].kind == .object
            if next == UInt8(ascii: ",") {
                position += 1
                if isObject {
                    skipSpace(bytes)
                    try parseKey(bytes)
                }
                return true
            }
            guard next == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw fault(.expectedCommaOrEnd) }
            try close(bytes)
        }
        return false
    }

    private mutating func openContainer(_ kind: JSONNode.Kind) throws(JSONFault) {
        guard depth < limits.maximumDepth else { throw fault(.tooDeep) }
        depth += 1
        let index = UInt32(truncatingIfNeeded: nodes.count)
        try append(JSONNode(kind: kind, flags: [], start: offset, end: offset, next: open))
        open = index
        position += 1
    }

    /// Closes the innermost container; `position` is at its bracket.
    private mutating func close(_ bytes: Span<UInt8>) throws(JSONFault) {
        let index = Int(open)
        if nodes[index].kind == .object {
            try JSONKeyCheck.refuseDuplicates(in: nodes, from: index + 1, bytes)
        }
        position += 1
        depth -= 1
        open = nodes[index].next
        nodes[index].end = offset
        nodes[index].next = UInt32(truncatingIfNeeded: nodes.count)
    }

    private mutating func parseKey(_ bytes: Span<UInt8>) throws(JSONFault) {
        guard try byte(bytes) == UInt8(ascii: "\"") else { throw fault(.expectedKey) }
        try parseString(bytes)
        skipSpace(bytes)
        guard try byte(bytes) == UInt8(ascii: ":") else { throw fault(.expectedColon) }
        position += 1
    }

    private mutating func parseLiteral(_ text: StaticString, _ kind: JSONNode.Kind, _ bytes: Span<UInt8>) throws(JSONFault) {
        let start = offset
        let length = text.utf8CodeUnitCount
        let matches = text.withUTF8Buffer { literal in
            guard bytes.count - position >= length else { return false }
            for index in 0..<length where bytes[position + index] != literal[index] { return false }
            return true
        }
        guard matches else { throw fault(.invalidLiteral) }
        position += length
        try append(scalar: kind, [], from: start, to: offset)
    }

    private mutating func parseNumber(_ bytes: Span<UInt8>) throws(JSONFault) {
        let start = offset
        var flags: JSONNode.Flags = []
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits(bytes)
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            flags.insert(.fractional)
            position += 1
            try skipDigits(bytes)
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            flags.insert(.fractional)
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            try skipDigits(bytes)
        }
        // Leading zeros and things like 1x2 end the number here; say so instead of complaining about a missing comma.
        if position < bytes.count, isWordCharacter(bytes[position]) { throw fault(.invalidNumber) }
        try append(scalar: .number, flags, from: start, to: offset)
    }

    /// One digit at least.
    private mutating func skipDigits(_ bytes: Span<UInt8>) throws(JSONFault) {
        let start = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else { throw fault(position < bytes.count ? .invalidNumber : .unexpectedEnd) }
    }

    private func isWordCharacter(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }

    private mutating func parseString(_ bytes: Span<UInt8>) throws(JSONFault) {
        position += 1
        let start = offset
        let flags = try JSONStringScan.skipToClosingQuote(bytes, &position)
        if flags.contains(.nul) { containsNUL = true }
        try append(scalar: .string, flags, from: start, to: offset)
        position += 1
    }

    private mutating func append(
        scalar kind: JSONNode.Kind, _ flags: JSONNode.Flags, from start: UInt32, to end: UInt32
    ) throws(JSONFault) {
        let next = UInt32(truncatingIfNeeded: nodes.count + 1)
        try append(JSONNode(kind: kind, flags: flags, start: start, end: end, next: next))
    }

    private mutating func append(_ node: JSONNode) throws(JSONFault) {
        guard nodes.count < limits.maximumNodes else { throw fault(.tooManyValues) }
        nodes.append(node)
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    private func byte(_ bytes: Span<UInt8>) throws(JSONFault) -> UInt8 {
        guard position < bytes.count else { throw fault(.unexpectedEnd) }
        return bytes[position]
    }

    /// `limits.maximumBytes` keeps every position below 2³², so nothing is cut off here.
    private var offset: UInt32 { UInt32(truncatingIfNeeded: position) }

    private func fault(_ reason: JSONError.Reason) -> JSONFault { JSONFault(reason: reason, offset: position) }
}
