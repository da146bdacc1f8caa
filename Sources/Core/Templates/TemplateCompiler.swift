/// Turns tokens into a flat program; partials are compiled in where they are used.
struct TemplateCompiler {
    private(set) var program = TemplateProgram()
    private(set) var variables: [Template.Variable] = []
    let limits: Template.Limits
    private var html: HTMLScanner?
    private var openSections: [OpenSection] = []
    private var openPartials: [String] = []
    private var pathIndices: [String: UInt32] = [:]
    private var compiledBytes = 0
    /// Something jumps to this instruction: a literal must not be merged into the one before.
    private var jumpTarget = 0
    /// Index of the `beginAddress` of the attribute that is being read.
    private var openAddress: Int?

    private struct OpenSection {
        let name: String
        let instruction: Int
        let isInverted: Bool
        let offset: Int
        let place: HTMLScanner.Place?
    }

    /// The source that is being read: the template or a partial.
    private struct Source {
        let bytes: [UInt8]
        let partial: String?
        /// Bytes that were put in front of every line.
        let indentation: Int

        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    }

    init(escaping: Template.Escaping, limits: Template.Limits) {
        self.limits = limits
        html = escaping == .html ? HTMLScanner() : nil
    }

    mutating func compile(_ source: [UInt8], _ partials: (String) -> String?) throws(TemplateError) {
        try compile(Source(bytes: source, partial: nil, indentation: 0), partials)
    }

    private mutating func compile(_ source: Source, _ partials: (String) -> String?) throws(TemplateError) {
        compiledBytes += source.bytes.count
        do {
            guard compiledBytes <= limits.maximumSourceBytes else {
                throw TemplateFault(offset: 0, message: "the template and its partials are larger than \(limits.maximumSourceBytes) bytes")
            }
            let outerSections = openSections.count
            var position = TextPosition()
            for token in try TemplateScanner.tokens(of: source.bytes) {
                position.advance(to: token.offset, in: source.bytes)
                switch token.kind {
                case .partial(let indentation): try include(token, indentation, source, partials)
                case .close: try closeSection(token, source, outerSections)
                default: try compile(token, source, position)
                }
            }
            if openSections.count > outerSections, let section = openSections.last {
                throw TemplateFault(offset: section.offset, message: "the section \"\(section.name)\" is not closed")
            }
        } catch let fault as TemplateFault {
            throw error(fault, source)
        } catch let error as TemplateError {
            throw error
        } catch {
            // The compiler cannot see that only the two kinds above are thrown.
            throw TemplateError(line: 1, column: 1, message: "the template cannot be read", partial: source.partial)
        }
    }

    private func error(_ fault: TemplateFault, _ source: Source) -> TemplateError {
        let position = TextPosition(of: fault.offset, in: source.bytes)
        let column = max(1, position.column - source.indentation)
        return TemplateError(line: position.line, column: column, message: fault.message, partial: source.partial)
    }

    private mutating func compile(_ token: TemplateToken, _ source: Source, _ position: TextPosition) throws(TemplateFault) {
        switch token.kind {
        case .text: appendText(source.bytes[token.range])
        case .variable(let isRaw): try appendVariable(token, isRaw, source, position)
        case .section: try openSection(token, isInverted: false, source)
        case .inverted: try openSection(token, isInverted: true, source)
        case .close, .partial: break
        }
    }

    // MARK: Text

    private mutating func appendText(_ text: ArraySlice<UInt8>) {
        guard var scanner = html else { return appendLiteral(text) }
        var start = text.startIndex
        for index in text.indices {
            let wasInAddress = scanner.isInAddress
            _ = scanner.feed(text[index])
            if scanner.isInAddress, !wasInAddress {
                appendLiteral(text[start...index])
                start = index + 1
                openAddress = program.code.count
                program.code.append(.beginAddress)
            } else if wasInAddress, !scanner.isInAddress {
                appendLiteral(text[start..<index])
                start = index
                closeAddress()
            }
        }
        appendLiteral(text[start...])
        html = scanner
    }

    /// An address without variables needs no check: its marks are taken out again.
    private mutating func closeAddress() {
        guard let begin = openAddress else { return }
        openAddress = nil
        guard jumpTarget <= begin, begin >= program.code.count - 2 else { return program.code.append(.endAddress) }
        let literal = program.code[(begin + 1)...].first
        if let literal {
            guard case .literal = literal else { return program.code.append(.endAddress) }
        }
        program.code.removeSubrange(begin...)
        if case .literal(let start, let end)? = literal { appendLiteral(start: start, end: end) }
    }

    private mutating func appendLiteral(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        let start = UInt32(truncatingIfNeeded: program.literals.count)
        program.literals += text
        appendLiteral(start: start, end: UInt32(truncatingIfNeeded: program.literals.count))
    }

    private mutating func appendLiteral(start: UInt32, end: UInt32) {
        if program.code.count > jumpTarget, case .literal(let before, start)? = program.code.last {
            program.code[program.code.count - 1] = .literal(start: before, end: end)
        } else {
            program.code.append(.literal(start: start, end: end))
        }
    }

    // MARK: Tags

    private mutating func appendVariable(
        _ token: TemplateToken, _ isRaw: Bool, _ source: Source, _ position: TextPosition
    ) throws(TemplateFault) {
        let name = source.text(token.range)
        try checkPlace(token.offset, isRaw)
        switch TemplateLoopValue(name: name) {
        case .index?: return program.code.append(.loopIndex)
        case .some: throw TemplateFault(offset: token.offset, message: "\"\(name)\" can only be used as a section")
        case nil: break
        }
        let path = try pathIndex(name, token.offset)
        guard variables.count < limits.maximumVariables else {
            throw TemplateFault(offset: token.offset, message: "more than \(limits.maximumVariables) uses of variables")
        }
        variables.append(
            Template.Variable(
                path: name, line: position.line, column: max(1, position.column - source.indentation), partial: source.partial,
                sections: openSections.map { $0.isInverted ? "^" + $0.name : $0.name }, isRaw: isRaw,
                isInAddress: html?.isInAddress ?? false
            )
        )
        program.code.append(.value(path: path, isRaw: isRaw || html == nil))
    }

    private func checkPlace(_ offset: Int, _ isRaw: Bool) throws(TemplateFault) {
        switch html?.place {
        case .unquotedValue?:
            throw TemplateFault(offset: offset, message: "an attribute value that holds a variable needs quotes")
        case .tagName?:
            throw TemplateFault(offset: offset, message: "a variable cannot be the name of a tag")
        case .tag? where !isRaw:
            throw TemplateFault(offset: offset, message: "inside a tag a variable may only stand in a quoted attribute value")
        default: return
        }
    }

    private mutating func openSection(_ token: TemplateToken, isInverted: Bool, _ source: Source) throws(TemplateFault) {
        let name = source.text(token.range)
        guard openSections.count < limits.maximumSections else {
            throw TemplateFault(offset: token.offset, message: "more than \(limits.maximumSections) sections inside one another")
        }
        openSections.append(
            OpenSection(
                name: name, instruction: program.code.count, isInverted: isInverted, offset: token.offset, place: html?.place
            )
        )
        if let value = TemplateLoopValue(name: name) {
            guard value != .index else { throw TemplateFault(offset: token.offset, message: "\"@index\" cannot be a section") }
            program.code.append(.loopSection(value, isInverted: isInverted, exit: 0))
        } else {
            let path = try pathIndex(name, token.offset)
            program.code.append(isInverted ? .inverted(path: path, exit: 0) : .section(path: path, exit: 0))
        }
    }

    private mutating func closeSection(_ token: TemplateToken, _ source: Source, _ outer: Int) throws(TemplateFault) {
        let name = source.text(token.range)
        guard openSections.count > outer, let section = openSections.popLast() else {
            throw TemplateFault(offset: token.offset, message: "the section \"\(name)\" was not opened")
        }
        guard section.name == name else {
            throw TemplateFault(offset: token.offset, message: "the section \"\(section.name)\" is open here, not \"\(name)\"")
        }
        guard section.place == html?.place else {
            throw TemplateFault(offset: token.offset, message: "the section \"\(name)\" begins and ends in different parts of an HTML tag")
        }
        let begin = section.instruction
        var exit: UInt32 { UInt32(truncatingIfNeeded: program.code.count) }
        switch program.code[begin] {
        case .section(let path, _):
            program.code.append(.endSection(begin: UInt32(truncatingIfNeeded: begin)))
            program.code[begin] = .section(path: path, exit: exit)
        case .inverted(let path, _): program.code[begin] = .inverted(path: path, exit: exit)
        case .loopSection(let value, let isInverted, _):
            program.code[begin] = .loopSection(value, isInverted: isInverted, exit: exit)
        default: break
        }
        jumpTarget = program.code.count
    }

    private mutating func include(
        _ token: TemplateToken, _ indentation: Range<Int>, _ source: Source, _ partials: (String) -> String?
    ) throws {
        let name = source.text(token.range)
        if openPartials.contains(name) || openPartials.count >= limits.maximumPartials {
            let chain = (openPartials + [name]).joined(separator: " > ")
            throw TemplateFault(offset: token.offset, message: "partials include one another without end: \(chain.prefix(200))")
        }
        guard let text = partials(name) else {
            throw TemplateFault(offset: token.offset, message: "there is no partial \"\(name)\"")
        }
        openPartials.append(name)
        let indented = indent(Array(text.utf8), by: source.bytes[indentation])
        try compile(Source(bytes: indented, partial: name, indentation: indentation.count), partials)
        openPartials.removeLast()
    }

    private func indent(_ text: [UInt8], by space: ArraySlice<UInt8>) -> [UInt8] {
        guard !space.isEmpty else { return text }
        var indented: [UInt8] = []
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if !indented.isEmpty || line.startIndex > 0 { indented.append(UInt8(ascii: "\n")) }
            if !line.isEmpty || line.endIndex < text.endIndex { indented += space }
            indented += line
        }
        return indented
    }

    private mutating func pathIndex(_ name: String, _ offset: Int) throws(TemplateFault) -> UInt32 {
        if let index = pathIndices[name] { return index }
        if name.hasPrefix("@") {
            throw TemplateFault(offset: offset, message: "unknown name \"\(name)\"; there are @index, @first and @last")
        }
        let firstSegment = program.segments.count
        if name != "." {
            for segment in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
                guard !segment.isEmpty else { throw TemplateFault(offset: offset, message: "the name \"\(name)\" has an empty part") }
                let start = program.names.count
                program.names += segment
                program.segments.append(start..<program.names.count)
            }
        }
        let index = UInt32(truncatingIfNeeded: program.paths.count)
        program.paths.append(firstSegment..<program.segments.count)
        pathIndices[name] = index
        return index
    }
}
