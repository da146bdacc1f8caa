/// One value of a ``JSONDocument``: what it is and what it holds. Cheap to copy; every reading that does not fit is nil.
public struct JSONView: Sendable {
    public enum Kind: String, Sendable { case null, bool, number, string, array, object }

    public let document: JSONDocument
    let index: Int

    init(document: JSONDocument, index: Int) {
        self.document = document
        self.index = index
    }

    var node: JSONNode { document.nodes[index] }

    public var kind: Kind {
        switch node.kind {
        case .null: .null
        case .true, .false: .bool
        case .number: .number
        case .string: .string
        case .array: .array
        case .object: .object
        }
    }

    public var isNull: Bool { node.kind == .null }

    public var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The text of a string with its escapes decoded.
    public var string: String? {
        guard node.kind == .string else { return nil }
        return document.tape.text(of: node)
    }

    /// The number, if it is written without fraction and exponent and lies within 64 bits.
    public var int64: Int64? {
        let node = node
        guard node.kind == .number, !node.flags.contains(.fractional) else { return nil }
        var value: Int64 = 0
        var digits = document.bytes[Int(node.start)..<Int(node.end)]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        for byte in digits {
            let digit = Int64(byte &- UInt8(ascii: "0"))
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowedToo) = isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !overflowed, !overflowedToo else { return nil }
            value = sum
        }
        return value
    }

    /// The nearest finite double.
    public var double: Double? {
        guard node.kind == .number, let value = Double(String(decoding: rawBytes, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// The value's source text, strings with their quotes.
    public var rawBytes: ArraySlice<UInt8> {
        let node = node
        let quote = node.kind == .string ? 1 : 0
        return document.bytes[Int(node.start) - quote..<Int(node.end) + quote]
    }

    /// Whether this string, or any string or key inside this object or array, holds U+0000, which databases refuse.
    public var containsNUL: Bool {
        document.containsNUL && document.nodes[index..<Int(node.next)].contains { $0.flags.contains(.nul) }
    }

    /// Number of elements or members; 0 for scalars. Counts on every call.
    public var count: Int {
        switch node.kind {
        case .array: return document.tape.childCount(of: index)
        case .object: return document.tape.childCount(of: index) / 2
        default: return 0
        }
    }

    /// The elements of an array; nothing for every other kind.
    public var elements: JSONElements { JSONElements(container: self) }

    /// The members of an object in the order of the text; nothing for every other kind.
    public var members: JSONMembers { JSONMembers(container: self) }

    /// The member of this name, if this is an object that has it.
    public subscript(_ key: String) -> JSONView? {
        guard node.kind == .object else { return nil }
        var key = key
        return key.withUTF8 { document.tape.member($0, of: index) }.map { JSONView(document: document, index: $0) }
    }
}

/// The elements of an array, made as they are asked for.
public struct JSONElements: Sequence, IteratorProtocol, Sendable {
    private let document: JSONDocument
    private var position: Int
    private let end: Int

    init(container: JSONView) {
        document = container.document
        end = container.node.kind == .array ? Int(container.node.next) : 0
        position = container.index + 1
    }

    public mutating func next() -> JSONView? {
        guard position < end else { return nil }
        let view = JSONView(document: document, index: position)
        position = Int(view.node.next)
        return view
    }
}

/// The members of an object, made as they are asked for.
public struct JSONMembers: Sequence, IteratorProtocol, Sendable {
    private let document: JSONDocument
    private var position: Int
    private let end: Int

    init(container: JSONView) {
        document = container.document
        end = container.node.kind == .object ? Int(container.node.next) : 0
        position = container.index + 1
    }

    public mutating func next() -> (key: String, value: JSONView)? {
        guard position + 1 < end else { return nil }
        let key = document.tape.text(of: document.nodes[position])
        let value = JSONView(document: document, index: position + 1)
        position = Int(value.node.next)
        return (key, value)
    }
}
