/// One piece of a template's source.
struct TemplateToken {
    enum Kind {
        case text
        case variable(isRaw: Bool)
        case section
        case inverted
        case close
        /// The white space before a partial that stands alone on its line.
        case partial(indentation: Range<Int>)
    }

    let kind: Kind
    /// The text, or the name inside the tag.
    let range: Range<Int>
    /// Where the tag begins.
    let offset: Int
}

/// A fault at a byte offset of the source that is being read.
struct TemplateFault: Error {
    let offset: Int
    let message: String
}

/// Splits a source into text and tags; comments, delimiter changes and the white space of lone tags are gone afterwards.
struct TemplateScanner {
    private let source: [UInt8]
    private(set) var tokens: [TemplateToken] = []
    private var position = 0
    private var textStart = 0
    private var lineStart = 0
    private var open = Array("{{".utf8)
    private var close = Array("}}".utf8)

    init(_ source: [UInt8]) { self.source = source }

    static func tokens(of source: [UInt8]) throws(TemplateFault) -> [TemplateToken] {
        var scanner = TemplateScanner(source)
        try scanner.scan()
        return scanner.tokens
    }

    private mutating func scan() throws(TemplateFault) {
        while position < source.count {
            if matches(open, at: position) {
                try scanTag()
            } else {
                position += 1
                if source[position - 1] == UInt8(ascii: "\n") { lineStart = position }
            }
        }
        appendText(until: source.count)
    }

    private mutating func scanTag() throws(TemplateFault) {
        let tagStart = position
        var inner = tagStart + open.count
        while inner < source.count, isSpace(source[inner]) { inner += 1 }
        guard inner < source.count else { throw unclosed(tagStart) }
        let sigil = source[inner]
        let (content, end) = try content(after: sigil, at: inner, tagStart)
        let mayStandAlone: Bool
        switch sigil {
        case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "/"), UInt8(ascii: "!"), UInt8(ascii: ">"), UInt8(ascii: "="):
            mayStandAlone = true
        default: mayStandAlone = false
        }
        let indentation = lineStart..<tagStart
        let lineEnd = mayStandAlone && standsAfterSpaceOnly(tagStart) ? endOfBlankLine(from: end) : nil
        appendText(until: lineEnd == nil ? tagStart : lineStart)

        let name = trimmed(content)
        switch sigil {
        case UInt8(ascii: "!"): break
        case UInt8(ascii: "="): try setDelimiters(name, tagStart)
        case UInt8(ascii: "#"): try append(.section, name, tagStart)
        case UInt8(ascii: "^"): try append(.inverted, name, tagStart)
        case UInt8(ascii: "/"): try append(.close, name, tagStart)
        case UInt8(ascii: ">"):
            let noIndentation = tagStart..<tagStart
            try append(.partial(indentation: lineEnd == nil ? noIndentation : indentation), name, tagStart)
        case UInt8(ascii: "{"), UInt8(ascii: "&"): try append(.variable(isRaw: true), name, tagStart)
        default: try append(.variable(isRaw: false), name, tagStart)
        }

        for index in tagStart..<end where source[index] == UInt8(ascii: "\n") { lineStart = index + 1 }
        position = end
        if let lineEnd {
            position = lineEnd
            lineStart = lineEnd
        }
        textStart = position
    }

    /// The range between sigil and closing delimiter, and where the tag ends.
    private func content(after sigil: UInt8, at inner: Int, _ tagStart: Int) throws(TemplateFault) -> (Range<Int>, Int) {
        var closing = close
        var start = inner
        switch sigil {
        case UInt8(ascii: "{"):
            closing = [UInt8(ascii: "}")] + close
            start += 1
        case UInt8(ascii: "="):
            closing = [UInt8(ascii: "=")] + close
            start += 1
        case UInt8(ascii: "#"), UInt8(ascii: "^"), UInt8(ascii: "/"), UInt8(ascii: "!"), UInt8(ascii: ">"), UInt8(ascii: "&"):
            start += 1
        default: break
        }
        var end = start
        while end < source.count {
            if matches(closing, at: end) { return (start..<end, end + closing.count) }
            // A second opening before the end: the first was not closed. Comments may hold anything.
            if sigil != UInt8(ascii: "!"), matches(open, at: end) { break }
            end += 1
        }
        throw unclosed(tagStart)
    }

    private mutating func append(_ kind: TemplateToken.Kind, _ name: Range<Int>, _ offset: Int) throws(TemplateFault) {
        guard !name.isEmpty else { throw TemplateFault(offset: offset, message: "the tag has no name") }
        guard !source[name].contains(where: isSpace) else {
            throw TemplateFault(offset: offset, message: "a name must not contain spaces")
        }
        guard name.count <= 200 else { throw TemplateFault(offset: offset, message: "the name is longer than 200 bytes") }
        tokens.append(TemplateToken(kind: kind, range: name, offset: offset))
    }

    private mutating func appendText(until end: Int) {
        if textStart < end { tokens.append(TemplateToken(kind: .text, range: textStart..<end, offset: textStart)) }
    }

    private mutating func setDelimiters(_ range: Range<Int>, _ offset: Int) throws(TemplateFault) {
        let parts = source[range].split(whereSeparator: isSpace)
        guard parts.count == 2, !source[range].contains(UInt8(ascii: "=")) else {
            throw TemplateFault(offset: offset, message: "new delimiters are two texts with a space between them and no \"=\"")
        }
        open = Array(parts[0])
        close = Array(parts[1])
    }

    private func standsAfterSpaceOnly(_ tagStart: Int) -> Bool {
        source[lineStart..<tagStart].allSatisfy { $0 == 0x20 || $0 == 0x09 }
    }

    /// Where the next line begins, if nothing but spaces follows on this one.
    private func endOfBlankLine(from start: Int) -> Int? {
        var index = start
        while index < source.count, source[index] == 0x20 || source[index] == 0x09 { index += 1 }
        if index < source.count, source[index] == UInt8(ascii: "\r") {
            index += 1
            return index < source.count && source[index] == UInt8(ascii: "\n") ? index + 1 : nil
        }
        if index == source.count { return index }
        return source[index] == UInt8(ascii: "\n") ? index + 1 : nil
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, isSpace(source[start]) { start += 1 }
        while start < end, isSpace(source[end - 1]) { end -= 1 }
        return start..<end
    }

    private func matches(_ delimiter: [UInt8], at index: Int) -> Bool {
        guard index <= source.count - delimiter.count else { return false }
        for distance in 0..<delimiter.count where source[index + distance] != delimiter[distance] { return false }
        return true
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private func unclosed(_ offset: Int) -> TemplateFault { TemplateFault(offset: offset, message: "the tag is not closed") }
}
