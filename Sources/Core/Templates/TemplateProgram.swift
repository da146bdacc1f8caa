/// The instructions of a template and the bytes and names they refer to.
struct TemplateProgram: Sendable {
    var code: ContiguousArray<TemplateInstruction> = []
    var literals: [UInt8] = []
    var names: [UInt8] = []
    /// Range in `names` of each segment of each path.
    var segments: ContiguousArray<Range<Int>> = []
    /// Range in `segments`; empty for the implicit iterator.
    var paths: ContiguousArray<Range<Int>> = []

    /// Lends the program without reference counting. Nothing of the reader may leave `body`.
    func withReader<Result>(_ body: (TemplateProgramReader) -> Result) -> Result {
        code.withUnsafeBufferPointer { code in
            literals.withUnsafeBufferPointer { literals in
                names.withUnsafeBufferPointer { names in
                    segments.withUnsafeBufferPointer { segments in
                        paths.withUnsafeBufferPointer { paths in
                            body(TemplateProgramReader(code: code, literals: literals, names: names, segments: segments, paths: paths))
                        }
                    }
                }
            }
        }
    }
}

/// A program that is lent for the time of a rendering. Every index into it comes from the compiler.
struct TemplateProgramReader {
    let code: UnsafeBufferPointer<TemplateInstruction>
    let literals: UnsafeBufferPointer<UInt8>
    let names: UnsafeBufferPointer<UInt8>
    let segments: UnsafeBufferPointer<Range<Int>>
    let paths: UnsafeBufferPointer<Range<Int>>

    func name(_ segment: Int) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: names[segments[segment]]) }

    func text(ofPath path: Int) -> String {
        let segments = paths[path].map { String(decoding: name($0), as: UTF8.self) }
        return segments.isEmpty ? "." : segments.joined(separator: ".")
    }
}

/// What the pseudo-variables tell about the list around them.
enum TemplateLoopValue: Int, Sendable {
    case index, first, last

    init?(name: String) {
        switch name {
        case "@index": self = .index
        case "@first": self = .first
        case "@last": self = .last
        default: return nil
        }
    }
}

enum TemplateInstruction: Sendable {
    /// Copy this part of the literals.
    case literal(start: UInt32, end: UInt32)
    case value(path: UInt32, isRaw: Bool)
    case loopIndex
    /// Go on if the path is true, once per element; otherwise jump behind the section.
    case section(path: UInt32, exit: UInt32)
    case inverted(path: UInt32, exit: UInt32)
    case loopSection(TemplateLoopValue, isInverted: Bool, exit: UInt32)
    /// Next element of the section that begins there, or leave it.
    case endSection(begin: UInt32)
    /// An attribute that holds an address and at least one variable.
    case beginAddress
    case endAddress
}
