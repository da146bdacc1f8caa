/// A JSON text (RFC 8259) that was checked completely and can be read without copying.
///
/// The text is kept as it came; a flat tape of 16-byte nodes says where each value lies. Nothing in a document is decoded before
/// it is asked for, and neither parsing nor reading uses the call stack for nesting.
public final class JSONDocument: Sendable {
    let tape: ValueTape
    /// Whether any string or key of the document holds U+0000.
    let containsNUL: Bool

    /// Checks `bytes` in one pass, in time linear in their number (`n log n` in the number of keys of one object).
    ///
    /// Refused beyond RFC 8259's grammar: keys that occur twice in one object (also when written with different escapes),
    /// escapes of lone surrogates, a byte order mark, and whatever exceeds `limits`.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        var parser = JSONParser(limits: limits, byteCount: bytes.count)
        do {
            try parser.parse(bytes.span)
        } catch {
            throw error.located(in: bytes)
        }
        self.tape = ValueTape(bytes: bytes, nodes: parser.nodes)
        self.containsNUL = parser.containsNUL
    }

    /// The text as it was given.
    public var bytes: [UInt8] { tape.bytes }

    var nodes: ContiguousArray<JSONNode> { tape.nodes }

    /// The outermost value.
    public var root: JSONView { JSONView(document: self, index: 0) }
}

/// What a document may cost.
public struct JSONLimits: Sendable {
    /// Objects and arrays inside one another.
    public var maximumDepth: Int
    /// Values and keys together.
    public var maximumNodes: Int
    /// Size of the text in bytes; never more than 4 GiB − 1.
    public var maximumBytes: Int

    public init(maximumDepth: Int = 64, maximumNodes: Int = 200_000, maximumBytes: Int = 64 << 20) {
        self.maximumDepth = maximumDepth
        self.maximumNodes = maximumNodes
        self.maximumBytes = min(maximumBytes, Int(UInt32.max) - 1)
    }
}

/// One value or key on the tape. A key is directly followed by its value; a container by its members.
struct JSONNode: Sendable {
    enum Kind: UInt8, Sendable { case null, `true`, `false`, number, string, array, object }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// The string holds at least one backslash, so its bytes are not its text.
        static let escaped = Flags(rawValue: 1)
        /// The string holds U+0000.
        static let nul = Flags(rawValue: 2)
        /// The number has a fraction or an exponent.
        static let fractional = Flags(rawValue: 4)
    }

    let kind: Kind
    let flags: Flags
    /// First byte: of strings the one after the quote, of all others the first of the source text.
    let start: UInt32
    /// Byte after the last: of strings the closing quote.
    var end: UInt32
    /// Index of the node after this value and everything inside it. While a container is open: the container around it.
    var next: UInt32

    static let noParent = UInt32.max
}
