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

    private enum Role {
        case dropped, void, block, paragraph, lineBreak, rule, cell, image, link, list, numberedList, item, quote, verbatim
    }

    private static let roles: [String: Role] = {
        var roles: [String: Role] = [
            "br": .lineBreak, "hr": .rule, "td": .cell, "th": .cell, "img": .image, "a": .link, "ul": .list, "ol": .numberedList,
            "li": .item, "blockquote": .quote, "pre": .verbatim,
        ]
        for name in ["head", "style", "script", "title", "template", "noscript", "textarea", "select"] { roles[name] = .dropped }
        for name in ["input", "meta", "link", "col", "wbr", "area", "base"] { roles[name] = .void }
        for name in ["p", "h1", "h2", "h3", "h4", "h5", "h6"] { roles[name] = .paragraph }
        for name in ["div", "table", "tr", "section", "article", "header", "footer", "main", "center", "address"] { roles[name] = .block }
        for name in ["figure", "form", "dl", "dt", "dd"] { roles[name] = .block }
        return roles
    }()
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
        if link != nil { appendToLink(CollectionOfOne(byte)) }
    }

    private mutating func append(_ scalar: [UInt8]) {
        lines.append(scalar)
        if link != nil { appendToLink(scalar) }
    }

    /// Only as much as can be equal to the address.
    private mutating func appendToLink(_ text: some Sequence<UInt8>) {
        guard let length = link?.text.count, let limit = link?.address.count, length <= limit + 1 else { return }
        link?.text += text
    }

    // MARK: Elements

    private mutating func startTag() {
        guard !isForOutlook else { return }
        let role = Self.roles[String(decoding: scanner.name, as: UTF8.self)]
        let isVoid = scanner.isSelfClosing || role == .void || role == .lineBreak || role == .rule || role == .image
        if let hidden {
            if !isVoid, hidden.name == scanner.name { self.hidden = (hidden.name, hidden.depth + 1) }
            return
        }
        if role == .dropped || isHidden {
            if !isVoid { hidden = (scanner.name, 1) }
            return
        }
        if let role { start(role) }
    }

    private mutating func start(_ role: Role) {
        switch role {
        case .dropped, .void: break
        case .block: lines.breakLine(1)
        case .paragraph: lines.breakLine(2)
        case .lineBreak: lines.breakHere()
        case .rule: lines.appendRule()
        case .cell: lines.separateCell()
        case .image:
            for byte in decoded(scanner.value(ofAttribute: "alt")) { append(byte) }
        case .link:
            endLink()
            let address = decoded(scanner.value(ofAttribute: "href")).filter { $0 > 0x20 && $0 != 0x7F }
            if Self.schemes.contains(where: { startsWith($0, address) }) { link = Link(address: address) }
        case .list, .numberedList:
            lines.breakLine(lists.isEmpty ? 2 : 1)
            if lists.count < LineWriter.maximumIndentation { lists.append(role == .numberedList ? 1 : nil) }
        case .item:
            lines.breakLine(1)
            startItem()
        case .quote:
            lines.breakLine(2)
            lines.indent()
        case .verbatim:
            lines.breakLine(2)
            lines.keepsLines = true
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
        if let hidden {
            if hidden.name == scanner.name { self.hidden = hidden.depth > 1 ? (hidden.name, hidden.depth - 1) : nil }
            return
        }
        switch Self.roles[String(decoding: scanner.name, as: UTF8.self)] {
        case .link?: endLink()
        case .list?, .numberedList?:
            lists = lists.dropLast()
            lines.endItem(level: lists.count - 1)
            lines.breakLine(lists.isEmpty ? 2 : 1)
        case .quote?:
            lines.breakLine(2)
            lines.outdent()
        case .verbatim?:
            lines.breakLine(2)
            lines.keepsLines = false
        case .paragraph?: lines.breakLine(2)
        case .block?, .item?: lines.breakLine(1)
        default: break
        }
    }

    private static let hidingStyles = ["display:none", "mso-hide:all", "visibility:hidden"].map { Array($0.utf8) }

    private var isHidden: Bool {
        if scanner.attributes.isEmpty { return false }
        if scanner.value(ofAttribute: "hidden") != nil { return true }
        guard let style = scanner.value(ofAttribute: "style") else { return false }
        var compact: [UInt8] = []
        compact.reserveCapacity(style.count)
        for byte in style where byte > 0x20 { compact.append(byte | 0x20) }  // the bits of "-", ":" and letters survive
        return Self.hidingStyles.contains { contains($0, compact) }
    }

    private mutating func endLink() {
        guard let link else { return }
        self.link = nil
        lines.appendAddress(link.address, after: trimmed(link.text))
    }

    // MARK: Bytes

    private func decoded(_ value: ArraySlice<UInt8>?) -> [UInt8] {
        guard let value else { return [] }
        var text: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            if value[index] == UInt8(ascii: "&"), let reference = HTMLEntities.reference(in: value, at: index) {
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

    private func contains(_ needle: [UInt8], _ haystack: [UInt8]) -> Bool {
        var start = 0
        while start + needle.count <= haystack.count {
            if haystack[start] == needle[0], haystack[start..<start + needle.count].elementsEqual(needle) { return true }
            start += 1
        }
        return false
    }
}
