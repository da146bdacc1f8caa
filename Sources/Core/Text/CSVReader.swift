/// Reads CSV (RFC 4180) as it arrives, in bounded memory.
///
/// Lenient where programs differ: line ends LF or CRLF, a byte order mark, and `;` or tab in place of the comma, whichever the first line
/// has most of. Strict where guessing would move data between fields: a quote stands at both ends of a field or nowhere.
public struct CSVReader: Sendable {
    /// One record, with the number of the line on which it begins (from 1).
    public struct Record: Sendable, Hashable {
        public var line: Int
        public var result: Result<[String], Problem>
    }

    /// Why a record can not be read.
    public enum Problem: Error, Sendable, Hashable {
        case tooLong
        case notUTF8
        /// A quote inside a field that does not begin with one, or text after the closing one.
        case strayQuote
        /// The file ends inside a quoted field.
        case openQuote
    }

    private enum State {
        case fieldStart, plain, quoted
        /// After a quote inside a quoted field: the end of it, or half of an escaped one.
        case quoteSeen
    }

    private let longestRecord: Int
    private var delimiter: UInt8?
    /// The first line, until it is known whole.
    private var head: [UInt8] = []
    private var state = State.fieldStart
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var problem: Problem?
    private var line = 1
    private var firstLine = 1
    /// Something of the record has been seen.
    private var isOpen = false
    private var sawReturn = false

    /// - Parameter longestRecord: in bytes; longer ones are skipped and reported.
    public init(longestRecord: Int = 131_072) {
        self.longestRecord = longestRecord
    }

    /// Takes the next bytes and hands over every record that they complete. Blank lines are none.
    public mutating func feed(_ input: UnsafeRawBufferPointer, _ take: (Record) throws -> Void) rethrows {
        guard delimiter == nil else {
            for byte in input { try read(byte, take) }
            return
        }
        for (index, byte) in input.enumerated() {
            if byte == UInt8(ascii: "\n") || head.count >= longestRecord {
                try begin(take)
                for byte in input[index...] { try read(byte, take) }
                return
            }
            head.append(byte)
        }
    }

    /// Hands over what is left when the input has ended.
    public mutating func finish(_ take: (Record) throws -> Void) rethrows {
        if delimiter == nil { try begin(take) }
        if state == .quoted { problem = problem ?? .openQuote }
        if isOpen { try endRecord(take) }
    }

    /// The first line tells the delimiter; then it is read like any other.
    private mutating func begin(_ take: (Record) throws -> Void) rethrows {
        var counts: [UInt8: Int] = [:]
        for byte in head where byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\t") {
            counts[byte, default: 0] += 1
        }
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
        var best = UInt8(ascii: ",")
        for candidate in candidates where counts[candidate, default: 0] > counts[best, default: 0] { best = candidate }
        delimiter = best
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let first = head.starts(with: mark) ? head.dropFirst(3) : head[...]
        head = []
        for byte in first { try read(byte, take) }
    }

    private mutating func read(_ byte: UInt8, _ take: (Record) throws -> Void) rethrows {
        if byte == UInt8(ascii: "\n") {
            line += 1
            if state == .quoted { return append(byte) }
            // The CR before it belongs to the line's end.
            sawReturn = false
            if isOpen { try endRecord(take) }
            firstLine = line
            return
        }
        if sawReturn {
            sawReturn = false
            append(UInt8(ascii: "\r"))
        }
        if byte == UInt8(ascii: "\r"), state != .quoted {
            sawReturn = true
            return
        }
        isOpen = true
        switch state {
        case .quoted:
            if byte == UInt8(ascii: "\"") { state = .quoteSeen } else { append(byte) }
        case .quoteSeen:
            if byte == UInt8(ascii: "\"") {
                append(byte)
                state = .quoted
            } else if byte == delimiter {
                endField()
            } else {
                problem = problem ?? .strayQuote
                state = .plain
            }
        case .fieldStart, .plain:
            if byte == delimiter {
                endField()
            } else if byte == UInt8(ascii: "\"") {
                if state == .fieldStart { state = .quoted } else { problem = problem ?? .strayQuote }
            } else {
                append(byte)
                state = .plain
            }
        }
    }

    private mutating func append(_ byte: UInt8) {
        guard bytes.count < longestRecord else {
            problem = .tooLong
            return
        }
        bytes.append(byte)
    }

    private mutating func endField() {
        if ends.count < longestRecord { ends.append(bytes.count) }
        state = .fieldStart
    }

    private mutating func endRecord(_ take: (Record) throws -> Void) rethrows {
        endField()
        let record = Record(line: firstLine, result: problem.map(Result.failure) ?? fields())
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        (problem, isOpen, firstLine) = (nil, false, line)
        try take(record)
    }

    private func fields() -> Result<[String], Problem> {
        var fields: [String] = []
        fields.reserveCapacity(ends.count)
        var start = 0
        for end in ends {
            guard let field = String(validating: bytes[start..<end], as: UTF8.self) else { return .failure(.notUTF8) }
            fields.append(field)
            start = end
        }
        return .success(fields)
    }
}
