/// Carries out a template's program. Sections are kept on a stack of its own, whose height the compiler has bounded.
struct TemplateRenderer {
    private(set) var missing: [String] = []
    /// What stopped the rendering.
    private(set) var failure: String?
    private var output: [UInt8]
    private let program: TemplateProgramReader
    private let limits: Template.Limits
    private let overrides: ValueTapeReader
    private let context: ValueTapeReader
    private let contextRoot: UInt32
    private let defaults: ValueTapeReader
    private let collectsMissing: Bool
    private var frames: ContiguousArray<Frame> = []
    private var scratch: [UInt8] = []
    private var addressStart: Int?
    private var reported: Set<Int> = []
    /// Instructions carried out and keys looked at.
    private var steps = 0

    /// A value in one of the tapes.
    private struct Reference {
        enum Layer { case overrides, context, defaults }
        let layer: Layer
        let index: UInt32
    }

    /// A section that is being rendered.
    private struct Frame {
        var value: Reference
        let path: Int
        let isList: Bool
        /// In a list: the node after its last element.
        let end: UInt32
        /// In a list: the element, counted from 1.
        var position: Int
    }

    /// Appends to `output`, and leaves it as it was when a limit is exceeded.
    static func render(
        _ template: Template, _ scope: TemplateScope, into output: inout [UInt8], collectsMissing: Bool = false
    ) throws(TemplateError) -> [String] {
        let start = output.count
        var bytes: [UInt8] = []
        swap(&bytes, &output)
        let (missing, failure) = template.program.withReader { program in
            scope.withReaders { overrides, context, contextRoot, defaults in
                var renderer = TemplateRenderer(
                    output: bytes, program: program, limits: template.limits, overrides: overrides, context: context,
                    contextRoot: contextRoot, defaults: defaults, collectsMissing: collectsMissing
                )
                bytes = []
                renderer.run()
                swap(&bytes, &renderer.output)
                return (renderer.missing, renderer.failure)
            }
        }
        swap(&bytes, &output)
        if let failure {
            output.removeSubrange(start...)
            throw TemplateError(line: 1, column: 1, message: failure)
        }
        return missing
    }

    private init(
        output: [UInt8], program: TemplateProgramReader, limits: Template.Limits, overrides: ValueTapeReader, context: ValueTapeReader,
        contextRoot: UInt32, defaults: ValueTapeReader, collectsMissing: Bool
    ) {
        self.output = output
        self.program = program
        self.limits = limits
        self.overrides = overrides
        self.context = context
        self.contextRoot = contextRoot
        self.defaults = defaults
        self.collectsMissing = collectsMissing
    }

    private mutating func run() {
        let start = output.count
        var next = 0
        while next < program.code.count {
            steps += 1
            step(&next)
            guard steps <= limits.maximumSteps else {
                failure = "the template's lists take too many steps to render"
                return
            }
            guard output.count - start <= limits.maximumOutputBytes else {
                failure = "the rendered text is larger than \(limits.maximumOutputBytes) bytes"
                return
            }
        }
    }

    private mutating func step(_ next: inout Int) {
        let instruction = next
        next += 1
        switch program.code[instruction] {
        case .literal(let start, let end):
            output.append(contentsOf: UnsafeBufferPointer(rebasing: program.literals[Int(start)..<Int(end)]))
        case .value(let path, let isRaw):
            if let value = resolve(Int(path)) { append(value, isRaw: isRaw) } else { noteMissing(instruction, Int(path)) }
        case .loopIndex:
            if let list = frames.last(where: \.isList) { output.append(contentsOf: String(list.position).utf8) }
        case .section(let path, let exit):
            if !enter(resolve(Int(path)), Int(path)) { next = Int(exit) }
        case .inverted(let path, let exit):
            if let value = resolve(Int(path)), isTrue(value) { next = Int(exit) }
        case .loopSection(let value, let isInverted, let exit):
            if holds(value) == isInverted { next = Int(exit) }
        case .endSection(let begin):
            if advance() { next = Int(begin) + 1 }
        case .beginAddress:
            addressStart = output.count
        case .endAddress:
            if let start = addressStart, AddressScheme.isDangerous(output[start...]) {
                output.removeSubrange(start...)
                output.append(UInt8(ascii: "#"))
            }
            addressStart = nil
        }
    }

    // MARK: Sections

    private mutating func enter(_ value: Reference?, _ path: Int) -> Bool {
        guard let value, isTrue(value) else { return false }
        let node = node(value)
        if node.kind == .array {
            let first = Reference(layer: value.layer, index: value.index + 1)
            frames.append(Frame(value: first, path: path, isList: true, end: node.next, position: 1))
        } else {
            frames.append(Frame(value: value, path: path, isList: false, end: 0, position: 0))
        }
        return true
    }

    /// Whether the innermost section is to be rendered once more; leaves it otherwise.
    private mutating func advance() -> Bool {
        guard var frame = frames.popLast(), frame.isList else { return false }
        let next = node(frame.value).next
        guard next < frame.end else { return false }
        frame.value = Reference(layer: frame.value.layer, index: next)
        frame.position += 1
        frames.append(frame)
        return true
    }

    private func holds(_ value: TemplateLoopValue) -> Bool {
        guard let list = frames.last(where: \.isList) else { return false }
        switch value {
        case .index: return true
        case .first: return list.position == 1
        case .last: return node(list.value).next >= list.end
        }
    }

    private func isTrue(_ value: Reference) -> Bool {
        let node = node(value)
        switch node.kind {
        case .null, .false: return false
        case .true, .object: return true
        case .string: return node.end > node.start
        case .array: return node.next > value.index + 1
        case .number: return !isZero(value)
        }
    }

    /// No digit but 0 before the exponent.
    private func isZero(_ value: Reference) -> Bool {
        for byte in tape(value.layer).source(of: node(value)) {
            if byte | 0x20 == UInt8(ascii: "e") { return true }
            if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(byte) { return false }
        }
        return true
    }

    // MARK: Look-up

    private mutating func resolve(_ path: Int) -> Reference? {
        let segments = program.paths[path]
        guard !segments.isEmpty else { return implicitIterator }
        guard var value = lookUp(program.name(segments.lowerBound)) else { return nil }
        var segment = segments.lowerBound + 1
        while segment < segments.upperBound {
            guard let member = member(program.name(segment), of: value) else { return nil }
            value = member
            segment += 1
        }
        return node(value).kind == .null ? nil : value
    }

    private var implicitIterator: Reference? {
        if let frame = frames.last { return frame.value }
        let root = Reference(layer: .context, index: contextRoot)
        return node(root).kind == .null ? nil : root
    }

    /// From the innermost section outwards, then the layers.
    private mutating func lookUp(_ name: UnsafeBufferPointer<UInt8>) -> Reference? {
        var index = frames.count
        while index > 0 {
            index -= 1
            if let found = member(name, of: frames[index].value) { return found }
        }
        if let found = member(name, of: Reference(layer: .overrides, index: 0)) { return found }
        if let found = member(name, of: Reference(layer: .context, index: contextRoot)) { return found }
        return member(name, of: Reference(layer: .defaults, index: 0))
    }

    private mutating func member(_ name: UnsafeBufferPointer<UInt8>, of value: Reference) -> Reference? {
        let tape = tape(value.layer)
        guard tape.nodes[Int(value.index)].kind == .object, let index = tape.member(name, of: Int(value.index), &steps) else {
            return nil
        }
        return Reference(layer: value.layer, index: UInt32(truncatingIfNeeded: index))
    }

    private func node(_ value: Reference) -> JSONNode { tape(value.layer).nodes[Int(value.index)] }

    private func tape(_ layer: Reference.Layer) -> ValueTapeReader {
        switch layer {
        case .overrides: overrides
        case .context: context
        case .defaults: defaults
        }
    }

    // MARK: Output

    private mutating func append(_ value: Reference, isRaw: Bool) {
        let tape = tape(value.layer)
        let node = tape.nodes[Int(value.index)]
        switch node.kind {
        case .null, .array, .object: return
        case .true: output.append(contentsOf: "true".utf8)
        case .false: output.append(contentsOf: "false".utf8)
        case .number, .string:
            guard node.flags.contains(.escaped) else { return append(tape.source(of: node), isRaw) }
            var text: [UInt8] = []
            swap(&text, &scratch)
            text.removeAll(keepingCapacity: true)
            tape.appendUnescaped(node, to: &text)
            text.withUnsafeBufferPointer { append($0, isRaw) }
            swap(&text, &scratch)
        }
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>, _ isRaw: Bool) {
        guard !isRaw else { return output.append(contentsOf: text) }
        var runStart = 0
        for index in 0..<text.count {
            guard let reference = Self.reference(for: text[index]) else { continue }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart..<index]))
            reference.withUTF8Buffer { output.append(contentsOf: $0) }
            runStart = index + 1
        }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart...]))
    }

    private static func reference(for byte: UInt8) -> StaticString? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }

    private mutating func noteMissing(_ instruction: Int, _ path: Int) {
        guard collectsMissing, reported.insert(instruction).inserted else { return }
        var name = ""
        for frame in frames {
            let kind = node(frame.value).kind
            guard frame.isList || kind == .object else { continue }
            name += program.text(ofPath: frame.path) + (frame.isList ? "[\(frame.position - 1)]." : ".")
        }
        missing.append(name + program.text(ofPath: path))
    }
}
