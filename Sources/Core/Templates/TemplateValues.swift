/// Named values that a template may use beside the request's own context: the business' name, links, colours, parts of a batch.
///
/// A name that is set twice keeps its first value.
public struct TemplateValues: Sendable {
    private(set) var tape = ValueTape(bytes: [], nodes: [])

    public init() {
        tape.bytes.reserveCapacity(256)
        tape.nodes.reserveCapacity(24)
        tape.nodes.append(JSONNode(kind: .object, flags: [], start: 0, end: 0, next: 1))
    }

    /// Nil sets nothing, so that the name counts as missing.
    public mutating func set(_ name: String, _ text: String?) {
        guard let text else { return }
        append(name, .string)
        append(text, .string)
        finish()
    }

    public mutating func set(_ name: String, _ value: Bool) {
        append(name, .string)
        append("", value ? .true : .false)
        finish()
    }

    public mutating func set(_ name: String, _ number: Int64) {
        append(name, .string)
        append(String(number), .number)
        finish()
    }

    /// A list for a section to go through.
    public mutating func set(_ name: String, _ list: [TemplateValues]) {
        append(name, .string)
        let index = tape.nodes.count
        append("", .array)
        for element in list {
            let byteOffset = UInt32(truncatingIfNeeded: tape.bytes.count)
            let nodeOffset = UInt32(truncatingIfNeeded: tape.nodes.count)
            tape.bytes += element.tape.bytes
            for node in element.tape.nodes {
                tape.nodes.append(
                    JSONNode(
                        kind: node.kind, flags: node.flags, start: node.start &+ byteOffset, end: node.end &+ byteOffset,
                        next: node.next &+ nodeOffset
                    )
                )
            }
        }
        tape.nodes[index].next = UInt32(truncatingIfNeeded: tape.nodes.count)
        finish()
    }

    private mutating func append(_ text: String, _ kind: JSONNode.Kind) {
        let start = UInt32(truncatingIfNeeded: tape.bytes.count)
        var text = text
        text.withUTF8 { tape.bytes.append(contentsOf: $0) }
        let end = UInt32(truncatingIfNeeded: tape.bytes.count)
        let next = UInt32(truncatingIfNeeded: tape.nodes.count + 1)
        tape.nodes.append(JSONNode(kind: kind, flags: [], start: start, end: end, next: next))
    }

    private mutating func finish() {
        tape.nodes[0].next = UInt32(truncatingIfNeeded: tape.nodes.count)
    }
}

/// Where a template's names are looked up, in this order: `overrides`, the request's `context`, `defaults`.
public struct TemplateScope: Sendable {
    public var overrides: TemplateValues
    public var context: JSONView?
    public var defaults: TemplateValues

    private static let nothing = TemplateValues()
    private static let null = ValueTape(bytes: [], nodes: [JSONNode(kind: .null, flags: [], start: 0, end: 0, next: 1)])

    public init(context: JSONView? = nil, overrides: TemplateValues? = nil, defaults: TemplateValues? = nil) {
        self.context = context
        self.overrides = overrides ?? Self.nothing
        self.defaults = defaults ?? Self.nothing
    }

    /// Lends the layers and the index of the context's root.
    func withReaders<Result>(
        _ body: (_ overrides: ValueTapeReader, _ context: ValueTapeReader, _ root: UInt32, _ defaults: ValueTapeReader) -> Result
    ) -> Result {
        let contextTape = context?.document.tape ?? Self.null
        let root = UInt32(truncatingIfNeeded: context?.index ?? 0)
        return overrides.tape.withReader { overrides in
            contextTape.withReader { context in
                defaults.tape.withReader { defaults in body(overrides, context, root, defaults) }
            }
        }
    }
}
