/// Carries out a template's program. Sections are kept on a stack of its own, whose height the compiler has bounded.
struct TemplateRenderer {
    private(set) var missing: [String] = []
    var output: [UInt8]
    private let program: TemplateProgram
    private let limits: Template.Limits
    private let overrides: ValueTape
    private let context: ValueTape?
    private let contextRoot: UInt32
    private let defaults: ValueTape
    private let collectsMissing: Bool
    private var frames: ContiguousArray<Frame> = []
    private var scratch: [UInt8] = []
    private var addressStart: Int?
    private var reported: Set<Int> = []

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

    init(template: Template, scope: TemplateScope, output: consuming [UInt8], collectsMissing: Bool = false) {
        program = template.program
        limits = template.limits
        overrides = scope.overrides.tape
        context = scope.context?.document.tape
        contextRoot = UInt32(truncatingIfNeeded: scope.context?.index ?? 0)
        defaults = scope.defaults.tape
        self.output = output
        self.collectsMissing = collectsMissing
    }

    mutating func run() throws(TemplateError) {
        let start = output.count
        var steps = 0
        var next = 0
        while next < program.code.count {
            steps += 1
            guard steps <= limits.maximumSteps else { throw refusal("the template's lists take too many steps to render") }
            step(&next)
            guard output.count - start <= limits.maximumOutputBytes else {
                throw refusal("the rendered text is larger than \(limits.maximumOutputBytes) bytes")
            }
        }
    }

    private func refusal(_ message: String) -> TemplateError { TemplateError(line: 1, column: 1, message: message) }

    private mutating func step(_ next: inout Int) {
        let instruction = next
        next += 1
        switch program.code[instruction] {
        case .literal(let start, let end):
            program.literals.withUnsafeBufferPointer {
                output.append(contentsOf: UnsafeBufferPointer(rebasing: $0[Int(start)..<Int(end)]))
            }
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
        let node = node(value)
        let bytes = bytes(value)
        for index in Int(node.start)..<Int(node.end) {
            if bytes[index] | 0x20 == UInt8(ascii: "e") { return true }
            if (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[index]) { return false }
        }
        return true
    }

    // MARK: Look-up

    private func resolve(_ path: Int) -> Reference? {
        let segments = program.paths[path]
        guard let first = segments.first else { return implicitIterator }
        guard var value = lookUp(program.segments[first]) else { return nil }
        for segment in segments.dropFirst() {
            guard let member = member(program.segments[segment], of: value) else { return nil }
            value = member
        }
        return node(value).kind == .null ? nil : value
    }

    private var implicitIterator: Reference? {
        if let frame = frames.last { return frame.value }
        return context == nil ? nil : Reference(layer: .context, index: contextRoot)
    }

    /// From the innermost section outwards, then the layers.
    private func lookUp(_ name: Range<Int>) -> Reference? {
        var index = frames.count
        while index > 0 {
            index -= 1
            if let found = member(name, of: frames[index].value) { return found }
        }
        if let found = member(name, of: Reference(layer: .overrides, index: 0)) { return found }
        if context != nil, let found = member(name, of: Reference(layer: .context, index: contextRoot)) { return found }
        return member(name, of: Reference(layer: .defaults, index: 0))
    }

    private func member(_ name: Range<Int>, of value: Reference) -> Reference? {
        guard node(value).kind == .object else { return nil }
        let index = program.names.withUnsafeBufferPointer { names in
            let name = UnsafeBufferPointer(rebasing: names[name])
            return switch value.layer {
            case .overrides: overrides.member(name, of: Int(value.index))
            case .context: context?.member(name, of: Int(value.index))
            case .defaults: defaults.member(name, of: Int(value.index))
            }
        }
        return index.map { Reference(layer: value.layer, index: UInt32(truncatingIfNeeded: $0)) }
    }

    private func node(_ value: Reference) -> JSONNode {
        switch value.layer {
        case .overrides: overrides.nodes[Int(value.index)]
        case .context: (context ?? defaults).nodes[Int(value.index)]
        case .defaults: defaults.nodes[Int(value.index)]
        }
    }

    private func bytes(_ value: Reference) -> [UInt8] {
        switch value.layer {
        case .overrides: overrides.bytes
        case .context: (context ?? defaults).bytes
        case .defaults: defaults.bytes
        }
    }

    // MARK: Output

    private mutating func append(_ value: Reference, isRaw: Bool) {
        let node = node(value)
        let range = Int(node.start)..<Int(node.end)
        switch node.kind {
        case .null, .array, .object: return
        case .true: output.append(contentsOf: "true".utf8)
        case .false: output.append(contentsOf: "false".utf8)
        case .number, .string:
            if node.flags.contains(.escaped) {
                scratch.removeAll(keepingCapacity: true)
                JSONStringScan.appendUnescaped(bytes(value).span, range, to: &scratch)
                Self.append(scratch, 0..<scratch.count, isRaw, &output)
            } else {
                Self.append(bytes(value), range, isRaw, &output)
            }
        }
    }

    private static func append(_ bytes: [UInt8], _ range: Range<Int>, _ isRaw: Bool, _ output: inout [UInt8]) {
        bytes.withUnsafeBufferPointer { buffer in
            let text = UnsafeBufferPointer(rebasing: buffer[range])
            guard !isRaw else { return output.append(contentsOf: text) }
            var runStart = 0
            for index in 0..<text.count {
                guard let reference = reference(for: text[index]) else { continue }
                output.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart..<index]))
                reference.withUTF8Buffer { output.append(contentsOf: $0) }
                runStart = index + 1
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart...]))
        }
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
