public import NIOCore

/// Reads answers out of a stream that arrives in pieces of any size: RESP3 and, as its older half, RESP2.
///
/// Containers are kept on a stack of its own, so that neither depth nor pieces cost anything twice. After an error the stream has no
/// meaning any more and the parser must not be used again.
public struct RESPParser: Sendable {
    private enum Container: Sendable {
        case array, set, map, push, attribute
    }

    private struct Frame: Sendable {
        var container: Container
        /// Values that are still missing; a pair counts as two.
        var missing: Int
        var values: [RESPValue] = []
    }

    private enum Bulk: Sendable {
        case string, error, verbatim
    }

    private static let valueCost = 64

    private let limits: RESPLimits
    private var frames: [Frame] = []
    /// A bulk whose header was read already.
    private var bulk: (kind: Bulk, length: Int)?
    /// Bytes at the head of the buffer in which no end of a line was found.
    private var searched = 0
    /// What the answer being read has cost so far.
    private var spent = 0

    public init(limits: RESPLimits = RESPLimits()) {
        self.limits = limits
    }

    /// Takes one whole answer off the buffer; nil when more bytes are needed.
    /// - Throws: ``RESPError/protocolViolation(_:)``.
    public mutating func next(from buffer: inout ByteBuffer) throws(RESPError) -> RESPValue? {
        while true {
            let value: RESPValue?
            if let bulk {
                guard let read = try readBulk(bulk.kind, bulk.length, &buffer) else { return nil }
                self.bulk = nil
                value = read
            } else {
                guard let length = try lineLength(buffer) else { return nil }
                value = try readLine(length, &buffer)
            }
            if let value, let whole = put(value) {
                spent = 0
                return whole
            }
        }
    }

    // MARK: Lines

    /// The length of the next line without its end, if it is there.
    private mutating func lineLength(_ buffer: ByteBuffer) throws(RESPError) -> Int? {
        let view = buffer.readableBytesView.dropFirst(searched)
        guard let end = view.firstIndex(of: 0x0D) else {
            searched = buffer.readableBytes
            guard searched <= limits.maxLineBytes else { throw .protocolViolation("a line is too long") }
            return nil
        }
        let length = end - buffer.readerIndex
        guard length <= limits.maxLineBytes else { throw .protocolViolation("a line is too long") }
        guard let feed = buffer.getInteger(at: end + 1, as: UInt8.self) else {
            searched = length
            return nil
        }
        guard feed == 0x0A else { throw .protocolViolation("a line does not end in CR LF") }
        searched = 0
        return length
    }

    /// Reads a line. Nil: it began something that is not whole yet.
    private mutating func readLine(_ length: Int, _ buffer: inout ByteBuffer) throws(RESPError) -> RESPValue? {
        guard length > 0, let kind: UInt8 = buffer.readInteger(), let line = buffer.readSlice(length: length - 1) else {
            throw .protocolViolation("an empty line")
        }
        buffer.moveReaderIndex(forwardBy: 2)  // CR LF: `lineLength` has seen both.
        try spend(Self.valueCost + line.readableBytes)
        switch kind {
        case UInt8(ascii: "+"): return .simple(String(buffer: line))
        case UInt8(ascii: "-"): return .error(String(buffer: line))
        case UInt8(ascii: ":"): return .integer(try Self.integer(line))
        case UInt8(ascii: "("): return .simple(try Self.bigNumber(line))
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: "#"): return .boolean(try Self.boolean(line))
        case UInt8(ascii: ","): return .double(try Self.double(line))
        case UInt8(ascii: "$"): return try beginBulk(.string, line)
        case UInt8(ascii: "!"): return try beginBulk(.error, line)
        case UInt8(ascii: "="): return try beginBulk(.verbatim, line)
        case UInt8(ascii: "*"): return try begin(.array, line)
        case UInt8(ascii: "~"): return try begin(.set, line)
        case UInt8(ascii: ">"): return try begin(.push, line)
        case UInt8(ascii: "%"): return try begin(.map, line)
        case UInt8(ascii: "|"): return try begin(.attribute, line)
        default: throw .protocolViolation("an unknown kind of value")
        }
    }

    private mutating func spend(_ cost: Int) throws(RESPError) {
        spent += cost
        guard spent <= limits.maxAnswerBytes else { throw .protocolViolation("an answer is too large") }
    }

    // MARK: Bulks

    private mutating func beginBulk(_ kind: Bulk, _ line: ByteBuffer) throws(RESPError) -> RESPValue? {
        let length = try Self.integer(line)
        if length == -1 { return .null }
        guard length >= 0, length <= limits.maxBulkBytes else { throw .protocolViolation("the length of a bulk string") }
        try spend(Int(length))
        bulk = (kind, Int(length))
        return nil
    }

    private func readBulk(_ kind: Bulk, _ length: Int, _ buffer: inout ByteBuffer) throws(RESPError) -> RESPValue? {
        guard buffer.readableBytes >= length + 2, let bytes = buffer.readBytes(length: length) else { return nil }
        guard buffer.readInteger(as: UInt16.self) == 0x0D0A else { throw .protocolViolation("a bulk string has another length") }
        switch kind {
        case .string: return .bulk(bytes)
        case .error: return .error(String(decoding: bytes, as: UTF8.self))
        case .verbatim:
            // Three letters and a colon name the format.
            guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":") else { throw .protocolViolation("a verbatim string without a format") }
            return .bulk(Array(bytes.dropFirst(4)))
        }
    }

    // MARK: Containers

    private mutating func begin(_ container: Container, _ line: ByteBuffer) throws(RESPError) -> RESPValue? {
        let count = try Self.integer(line)
        if count == -1, container == .array { return .null }
        // Each value has a cost, so a count beyond what may be spent can never be fulfilled.
        guard count >= 0, count <= Int64(limits.maxAnswerBytes / Self.valueCost) else {
            throw .protocolViolation("the number of values in a container")
        }
        let isOfPairs = container == .map || container == .attribute
        let frame = Frame(container: container, missing: Int(count) * (isOfPairs ? 2 : 1))
        if count == 0 { return Self.value(of: frame) }
        guard frames.count < limits.maxDepth else { throw .protocolViolation("containers are nested too deeply") }
        frames.append(frame)
        return nil
    }

    /// Puts a value where it belongs. Returns the answer that it completes, if it does.
    private mutating func put(_ value: RESPValue) -> RESPValue? {
        var value = value
        while let last = frames.indices.last {
            frames[last].values.append(value)
            frames[last].missing -= 1
            guard frames[last].missing == 0 else { return nil }
            // An attribute says something about the value after it; nobody here asks for that.
            guard let whole = Self.value(of: frames.removeLast()) else { return nil }
            value = whole
        }
        return value
    }

    private static func value(of frame: Frame) -> RESPValue? {
        switch frame.container {
        case .array: return .array(frame.values)
        case .set: return .set(frame.values)
        case .push: return .push(frame.values)
        case .attribute: return nil
        case .map:
            var pairs: [RESPValue.Pair] = []
            pairs.reserveCapacity(frame.values.count / 2)
            var values = frame.values.makeIterator()
            while let key = values.next(), let value = values.next() { pairs.append(RESPValue.Pair(key: key, value: value)) }
            return .map(pairs)
        }
    }

    // MARK: Scalars

    private static func integer(_ line: ByteBuffer) throws(RESPError) -> Int64 {
        var digits = line.readableBytesView[...]
        var isNegative = false
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty else { throw .protocolViolation("a number without digits") }
        var number: Int64 = 0
        for byte in digits {
            guard (0x30...0x39).contains(byte) else { throw .protocolViolation("a number that is none") }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let digit = Int64(byte - 0x30)
            let (sum, overflowToo) = isNegative ? tens.subtractingReportingOverflow(digit) : tens.addingReportingOverflow(digit)
            guard !overflow, !overflowToo else { throw .protocolViolation("a number that is too large") }
            number = sum
        }
        return number
    }

    private static func bigNumber(_ line: ByteBuffer) throws(RESPError) -> String {
        let text = String(buffer: line)
        let digits = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .protocolViolation("a number that is none")
        }
        return text
    }

    private static func boolean(_ line: ByteBuffer) throws(RESPError) -> Bool {
        switch String(buffer: line) {
        case "t": return true
        case "f": return false
        default: throw .protocolViolation("neither true nor false")
        }
    }

    private static func double(_ line: ByteBuffer) throws(RESPError) -> Double {
        guard let number = Double(String(buffer: line)) else { throw .protocolViolation("a number that is none") }
        return number
    }
}
