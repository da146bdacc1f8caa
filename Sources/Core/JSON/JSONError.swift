/// Why a text is not acceptable JSON, and where. Safe to show to whoever sent the text: it never repeats their bytes.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: String, Sendable, CaseIterable {
        case empty = "the document is empty"
        case byteOrderMark = "the document starts with a byte order mark"
        case invalidUTF8 = "the text is not valid UTF-8"
        case unexpectedEnd = "the document ends too early"
        case unexpectedCharacter = "unexpected character"
        case expectedKey = "expected a key in double quotes"
        case expectedColon = "expected a colon after the key"
        case expectedCommaOrEnd = "expected a comma or the end of the object or array"
        case invalidLiteral = "expected true, false or null"
        case invalidNumber = "malformed number"
        case invalidEscape = "malformed escape sequence"
        case loneSurrogate = "an escape names half of a surrogate pair"
        case controlCharacter = "a control character inside a string must be escaped"
        case unterminatedString = "a string is not closed"
        case duplicateKey = "a key occurs twice in the same object"
        case tooDeep = "the document is nested too deeply"
        case tooManyValues = "the document holds too many values"
        case tooLarge = "the document is too large"
        case trailingText = "unexpected text after the end of the document"
    }

    public let reason: Reason
    /// Bytes before the fault.
    public let offset: Int
    /// Line of the fault, counted from 1 (lines end in LF).
    public let line: Int
    /// Column of the fault in Unicode scalars, counted from 1.
    public let column: Int

    public var description: String { "\(reason.rawValue) (line \(line), column \(column))" }
}

/// A fault as the parser meets it; line and column are only counted when it leaves the parser.
struct JSONFault: Error {
    let reason: JSONError.Reason
    let offset: Int

    func located(in bytes: [UInt8]) -> JSONError {
        let position = TextPosition(of: offset, in: bytes)
        return JSONError(reason: reason, offset: offset, line: position.line, column: position.column)
    }
}

/// Line and column of a byte offset, both counted from 1; the column counts Unicode scalars.
struct TextPosition: Equatable {
    private(set) var line = 1
    private(set) var column = 1
    private var offset = 0

    init() {}

    init(of offset: Int, in bytes: [UInt8]) { advance(to: offset, in: bytes) }

    /// Moves forward; an offset before the current one changes nothing.
    mutating func advance(to end: Int, in bytes: [UInt8]) {
        while offset < end, offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[offset] & 0xC0 != 0x80 {  // continuation bytes belong to the scalar before them
                column += 1
            }
            offset += 1
        }
    }
}
