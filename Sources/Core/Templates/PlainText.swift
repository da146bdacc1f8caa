/// The text alternative of an HTML mail.
///
/// Paragraphs, headings, lists and table rows become lines; links become `text (address)`, images their alternative text. What is not
/// shown (head, styles, hidden preheaders, Outlook's own markup) is left out. Takes time linear in the size of the HTML, whatever it is.
public struct PlainText {
    private var scanner = HTMLScanner()
    private var lines: LineWriter
    private var link: Link?
    /// Elements that are left out with everything inside: their name and how often it is open.
    private var hidden: (name: [UInt8], depth: Int)?
    private var isForOutlook = false
    /// Item numbers of the lists that are open; nil where items have dashes.
    private var lists: [Int?] = []

    private struct Link {
        let address: [UInt8]
        var text: [UInt8] = []
    }

    private static let dropped = Set(
        ["head", "style", "script", "title", "template", "noscript", "textarea", "select"].map { Array($0.utf8) }
    )
    private static let voidElements = Set(
        ["br", "hr", "img", "input", "meta", "link", "col", "wbr", "area", "base"].map { Array($0.utf8) }
    )
    private static let blocks = Set(
        ["div", "table", "tr", "section", "article", "header", "footer", "main", "center", "address", "figure", "form", "dl", "dt", "dd"]
            .map { Array($0.utf8) }
    )
    private static let paragraphs = Set(["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"].map { Array($0.utf8) })
    private static let schemes = ["https:", "http:", "mailto:", "tel:", "sms:"].map { Array($0.utf8) }

    private init(width: Int) { lines = LineWriter(width: width) }

    /// - Parameter width: lines are wrapped at this many characters; words and addresses are never broken.
    public static func fromHTML(_ html: String, width: Int = 76) -> String {
        String(decoding: fromHTML(Array(html.utf8), width: width), as: UTF8.self)
    }

    /// As ``fromHTML(_:width:)-(String,_)``, on UTF-8.
    public static func fromHTML(_ html: [UInt8], width: Int = 76) -> [UInt8] {
        var text = PlainText(width: width)
        text.read(html[...])
        return text.lines.finish()
    }

    private mutating func read(_ html: ArraySlice<UInt8>) {
        var referenceEnd = 0
        for index in html.indices {
            let byte = html[index]
            switch scanner.feed(byte) {
            case .none, .fault: break
            case .text:
                guard hidden == nil, !isForOutlook, index >= referenceEnd else { continue }
                if byte == UInt8(ascii: "&"), let reference = HTMLEntities.reference(in: html, at: index) {
                    referenceEnd = index + reference.length
                    append(UTF8.encode(reference.scalar).map(Array.init) ?? [])
                } else {
                    append(byte)
                }
            case .strayLess:
                guard hidden == nil, !isForOutlook else { continue }
                append(UInt8(ascii: "<"))
                append(byte)
            case .startTag: startTag()
            case .endTag: endTag()
            case .conditionalStart: isForOutlook = true
            case .conditionalEnd: isForOutlook = false
            }
        }
        endLink()
    }

    // MARK: Text

    private mutating func append(_ byte: UInt8) {
        lines.append(byte)
        if link != nil { appendToLink([byte]) }
    }

    private mutating func append(_ scalar: [UInt8]) {
        lines.append(scalar)
        if link != nil { appendToLink(scalar) }
    }

    /// Only as much as can be equal to the address.
    private mutating func appendToLink(_ text: [UInt8]) {
        guard let link, link.text.count <= link.address.count + 1 else { return }
        self.link?.text += text
    }

    // MARK: Elements

    private mutating func startTag() {
        guard !isForOutlook else { return }
        let name = scanner.name
        let isVoid = scanner.isSelfClosing || Self.voidElements.contains(name)
        if let hidden {
            if hidden.name == name, !isVoid { self.hidden = (name, hidden.depth + 1) }
            return
        }
        if Self.dropped.contains(name) || isHidden {
            if !isVoid { hidden = (name, 1) }
            return
        }
        if Self.paragraphs.contains(name) {
            lines.breakLine(2)
        } else if Self.blocks.contains(name) {
            lines.breakLine(1)
        } else {
            startInline(String(decoding: name, as: UTF8.self))
        }
        if name.elementsEqual("blockquote".utf8) { lines.indent("> ") }
        if name.elementsEqual("pre".utf8) { lines.keepsLines = true }
    }

    private mutating func startInline(_ name: String) {
        switch name {
        case "br": lines.breakHere()
        case "hr": lines.appendRule()
        case "td", "th": lines.separateCell()
        case "img":
            for byte in decoded(attribute("alt")) { append(byte) }
        case "a":
            endLink()
            let address = decoded(attribute("href")).filter { $0 > 0x20 && $0 != 0x7F }
            if Self.schemes.contains(where: { scheme in startsWith(scheme, address) }) { link = Link(address: address) }
        case "ul", "ol":
            lines.breakLine(lists.isEmpty ? 2 : 1)
            if lists.count < LineWriter.maximumIndentation { lists.append(name == "ol" ? 1 : nil) }
        case "li":
            lines.breakLine(1)
            startItem()
        default: break
        }
    }

    private mutating func startItem() {
        var bullet = "- "
        if let innermost = lists.indices.last, let number = lists[innermost] {
            bullet = "\(number). "
            lists[innermost] = number + 1
        }
        lines.startItem(bullet, level: max(0, lists.count - 1))
    }

    private mutating func endTag() {
        guard !isForOutlook else { return }
        let name = scanner.name
        if let hidden {
            if hidden.name == name { self.hidden = hidden.depth > 1 ? (name, hidden.depth - 1) : nil }
            return
        }
        switch String(decoding: name, as: UTF8.self) {
        case "a": endLink()
        case "ul", "ol":
            lists = lists.dropLast()
            lines.endItem(level: lists.count - 1)
            lines.breakLine(lists.isEmpty ? 2 : 1)
        case "li": lines.breakLine(1)
        case "blockquote":
            lines.breakLine(2)
            lines.outdent()
        case "pre":
            lines.breakLine(2)
            lines.keepsLines = false
        default:
            if Self.paragraphs.contains(name) { lines.breakLine(2) } else if Self.blocks.contains(name) { lines.breakLine(1) }
        }
    }

    private var isHidden: Bool {
        if scanner.attributes.contains(where: { $0.name.elementsEqual("hidden".utf8) }) { return true }
        let style = attribute("style").filter { $0 > 0x20 }.map { $0 | 0x20 }  // the bits of "-", ":" and letters survive
        return contains("display:none", style) || contains("mso-hide:all", style) || contains("visibility:hidden", style)
    }

    private mutating func endLink() {
        guard let link else { return }
        self.link = nil
        lines.appendAddress(link.address, after: trimmed(link.text))
    }

    // MARK: Bytes

    private func attribute(_ name: String) -> [UInt8] {
        scanner.attributes.first { $0.name.elementsEqual(name.utf8) }?.value ?? []
    }

    private func decoded(_ value: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var index = 0
        while index < value.count {
            if value[index] == UInt8(ascii: "&"), let reference = HTMLEntities.reference(in: value[...], at: index) {
                text += UTF8.encode(reference.scalar).map(Array.init) ?? []
                index += reference.length
            } else {
                text.append(value[index])
                index += 1
            }
        }
        return text
    }

    private func trimmed(_ text: [UInt8]) -> ArraySlice<UInt8> {
        var text = text.drop { $0 <= 0x20 }
        while let last = text.last, last <= 0x20 { text.removeLast() }
        return text
    }

    private func startsWith(_ scheme: [UInt8], _ address: [UInt8]) -> Bool {
        address.count > scheme.count && address.prefix(scheme.count).map { $0 | 0x20 } == scheme.map { $0 | 0x20 }
    }

    private func contains(_ needle: String, _ haystack: [UInt8]) -> Bool {
        let needle = Array(needle.utf8)
        guard haystack.count >= needle.count else { return false }
        return (0...haystack.count - needle.count).contains { haystack[$0..<$0 + needle.count].elementsEqual(needle) }
    }
}
