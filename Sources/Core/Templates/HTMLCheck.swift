/// What is not well-formed in an HTML template, and where.
public struct HTMLProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    /// In Unicode scalars, counted from 1.
    public let column: Int
    public let message: String
    /// The partial that the position lies in; nil for the template itself.
    public let partial: String?

    public init(line: Int, column: Int, message: String, partial: String? = nil) {
        self.line = line
        self.column = column
        self.message = message
        self.partial = partial
    }

    public var description: String {
        "\(partial.map { "partial \($0), " } ?? "")line \(line), column \(column): \(message)"
    }
}

/// Tells whether the HTML of a mail template is well-formed: every element that has an end tag has one, in the right order, tags and
/// quotes are closed, and nothing in it would run (``HTMLActiveContent``).
///
/// Stricter than browsers, which guess: every mail program guesses differently. Mustache tags are skipped. What only Outlook sees,
/// inside `<!--[if mso]> … <![endif]-->`, is balanced on its own over the whole mail, because its tables open and close in different
/// comments.
public struct HTMLCheck {
    private struct OpenElement {
        let name: [UInt8]
        let line: Int
        let column: Int
        let partial: String?
    }

    private static let voidElements = Set(
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
            .map { Array($0.utf8) }
    )
    private static let maximumPartials = 16
    private static let maximumDepth = 1_000

    private var scanner = HTMLScanner()
    private var elements: [OpenElement] = []
    private var outlookElements: [OpenElement] = []
    private var isForOutlook = false
    private var tagStart = TextPosition()
    private var partial: String?
    private var openPartials: [String] = []

    private init() {}

    /// The first problem, or nil when the source is well-formed.
    ///
    /// - Parameter partials: the source of a partial, which is then checked in its place; nil skips it.
    public static func validate(_ source: String, partials: (String) -> String? = { _ in nil }) -> HTMLProblem? {
        var check = HTMLCheck()
        do {
            try check.read(Array(source.utf8), partials)
            try check.finish()
            return nil
        } catch {
            return error
        }
    }

    private mutating func read(_ source: [UInt8], _ partials: (String) -> String?) throws(HTMLProblem) {
        let tokens: [TemplateToken]
        do {
            tokens = try TemplateScanner.tokens(of: source)
        } catch {
            throw problem(TextPosition(of: error.offset, in: source), error.message)
        }
        var position = TextPosition()
        for token in tokens {
            switch token.kind {
            case .text:
                for index in token.range { try read(source[index], at: index, in: source, &position) }
            case .variable:
                // Some text: an attribute is not empty for it, and a tag not closed.
                _ = scanner.feed(UInt8(ascii: "x"))
            case .partial:
                try readPartial(String(decoding: source[token.range], as: UTF8.self), partials)
            case .section, .inverted, .close:
                break
            }
        }
    }

    private mutating func readPartial(_ name: String, _ partials: (String) -> String?) throws(HTMLProblem) {
        guard openPartials.count < Self.maximumPartials, !openPartials.contains(name), let text = partials(name) else { return }
        let outer = partial
        partial = name
        openPartials.append(name)
        try read(Array(text.utf8), partials)
        openPartials.removeLast()
        partial = outer
    }

    private mutating func read(
        _ byte: UInt8, at index: Int, in source: [UInt8], _ position: inout TextPosition
    ) throws(HTMLProblem) {
        if byte == UInt8(ascii: "<"), scanner.state == .text || scanner.state == .rawText {
            position.advance(to: index, in: source)
            tagStart = position
        }
        switch scanner.feed(byte) {
        case .none, .text: break
        case .startTag: try open()
        case .endTag: try close()
        case .conditionalStart: isForOutlook = true
        case .conditionalEnd: isForOutlook = false
        case .strayLess: throw problem(tagStart, "\"<\" in text must be written \"&lt;\"")
        case .fault(let message): throw problem(tagStart, "in the tag that begins here: \(message)")
        }
    }

    private mutating func open() throws(HTMLProblem) {
        let name = scanner.name
        if let message = HTMLActiveContent.problem(in: scanner) { throw problem(tagStart, message) }
        if Self.voidElements.contains(name) { return }
        if scanner.isSelfClosing {
            // Names with a colon and drawings are XML, where this form closes.
            if name.contains(UInt8(ascii: ":")) || isInDrawing { return }
            throw problem(tagStart, "<\(text(name))/> opens the element without closing it; write <\(text(name))></\(text(name))>")
        }
        guard elements.count + outlookElements.count < Self.maximumDepth else {
            throw problem(tagStart, "more than \(Self.maximumDepth) elements inside one another")
        }
        let element = OpenElement(name: name, line: tagStart.line, column: tagStart.column, partial: partial)
        if isForOutlook { outlookElements.append(element) } else { elements.append(element) }
    }

    private var isInDrawing: Bool {
        (isForOutlook ? outlookElements : elements).contains { $0.name.elementsEqual("svg".utf8) || $0.name.elementsEqual("math".utf8) }
    }

    private mutating func close() throws(HTMLProblem) {
        let name = scanner.name
        if Self.voidElements.contains(name) { throw problem(tagStart, "<\(text(name))> has no end tag") }
        guard let element = isForOutlook ? outlookElements.popLast() : elements.popLast() else {
            throw problem(tagStart, "</\(text(name))> closes nothing")
        }
        guard element.name == name else {
            throw problem(tagStart, "</\(text(name))> stands where <\(text(element.name))> of line \(element.line) is still open")
        }
    }

    private func finish() throws(HTMLProblem) {
        switch scanner.state {
        case .text, .rawText: break
        case .markup, .declaration, .comment: throw problem(tagStart, "the comment that begins here is not closed")
        default: throw problem(tagStart, "the tag that begins here is not closed")
        }
        guard let element = elements.last ?? outlookElements.last else { return }
        throw HTMLProblem(
            line: element.line, column: element.column, message: "<\(text(element.name))> is not closed", partial: element.partial
        )
    }

    private func text(_ name: [UInt8]) -> String { String(decoding: name.prefix(40), as: UTF8.self) }

    private func problem(_ position: TextPosition, _ message: String) -> HTMLProblem {
        HTMLProblem(line: position.line, column: position.column, message: message, partial: partial)
    }
}
