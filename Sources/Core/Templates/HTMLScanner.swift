/// Reads HTML byte by byte, the way a browser does, and says what each byte completes. Never fails: what is wrong is only reported.
///
/// Text inside `<!--[if mso]> … <![endif]-->` is read as markup, because Outlook does so; `conditionalStart` and `conditionalEnd`
/// frame what other programs do not see.
struct HTMLScanner {
    enum State: UInt8 {
        case text, rawText, tagOpen, endTagOpen, tagName, beforeAttribute, attributeName, afterAttributeName, beforeValue
        case doubleQuoted, singleQuoted, unquoted, afterValue, slash, markup, declaration, comment
    }

    enum Event {
        case none
        /// The byte is text.
        case text
        /// The `<` before this byte was text after all, and this byte is text too.
        case strayLess
        /// `name`, `attributes` and `isSelfClosing` describe the tag.
        case startTag, endTag
        case conditionalStart, conditionalEnd
        case fault(StaticString)
    }

    /// Place of an attribute in `attributeBytes`; it ends where the next one begins.
    struct Attribute {
        let start: Int
        /// Nil while there is no value.
        var valueStart: Int?
    }

    /// Where a variable or a section would stand.
    enum Place: Equatable { case text, tag, quotedValue(isAddress: Bool), unquotedValue, tagName, comment }

    private(set) var state = State.text
    /// Name of the tag, in lower case.
    private(set) var name: [UInt8] = []
    private(set) var attributes: [Attribute] = []
    /// Names and values of the attributes, one after the other.
    private var attributeBytes: [UInt8] = []
    private(set) var isSelfClosing = false
    private var isEndTag = false
    /// What follows `<!`, or what may become the end tag of raw text.
    private var pending: [UInt8] = []
    private var rawTextEnd: [UInt8] = []
    /// Inside what only Outlook reads, and how many dashes its text ended with so far.
    private var isConditional = false
    private var dashes = 0

    /// Elements whose content is text up to their end tag.
    private static let rawTextElements = ["style", "script", "title", "textarea", "xmp"].map { Array($0.utf8) }
    private static let addressAttributes = ["href", "src", "background", "action", "formaction", "poster"].map { Array($0.utf8) }

    var place: Place {
        switch state {
        case .text, .rawText: .text
        case .tagOpen, .endTagOpen, .tagName: .tagName
        case .beforeAttribute, .attributeName, .afterAttributeName, .afterValue, .slash: .tag
        case .beforeValue, .unquoted: .unquotedValue
        case .doubleQuoted, .singleQuoted: .quotedValue(isAddress: isInAddress)
        case .markup, .declaration, .comment: .comment
        }
    }

    /// Inside the quotes of an attribute that holds an address.
    var isInAddress: Bool { (state == .doubleQuoted || state == .singleQuoted) && isAddress }

    /// Whether the attribute that was read last holds an address.
    private var isAddress = false

    /// The source of an attribute's value; nil when the tag has no such attribute, empty when the attribute has no value.
    func value(ofAttribute name: StaticString) -> ArraySlice<UInt8>? {
        for (index, attribute) in attributes.enumerated() {
            let end = index + 1 < attributes.count ? attributes[index + 1].start : attributeBytes.count
            let valueStart = attribute.valueStart ?? end
            let matches = name.withUTF8Buffer { attributeBytes[attribute.start..<valueStart].elementsEqual($0) }
            if matches { return attributeBytes[valueStart..<end] }
        }
        return nil
    }

    /// Names in lower case and sources of the values, in order; a value is empty where there is none.
    func forEachAttribute(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        for (index, attribute) in attributes.enumerated() {
            let end = index + 1 < attributes.count ? attributes[index + 1].start : attributeBytes.count
            let valueStart = attribute.valueStart ?? end
            body(attributeBytes[attribute.start..<valueStart], attributeBytes[valueStart..<end])
        }
    }

    mutating func feed(_ byte: UInt8) -> Event {
        switch state {
        case .text:
            if byte == UInt8(ascii: "<") {
                state = .tagOpen
                dashes = 0
                return .none
            }
            return isConditional ? feedConditionalText(byte) : .text
        case .rawText: return feedRawText(byte)
        case .tagOpen, .endTagOpen, .tagName: return feedTagName(byte)
        case .beforeAttribute, .attributeName, .afterAttributeName, .afterValue, .slash: return feedTag(byte)
        case .beforeValue, .doubleQuoted, .singleQuoted, .unquoted: return feedValue(byte)
        case .markup, .declaration, .comment: return feedMarkup(byte)
        }
    }

    // MARK: Tags

    private mutating func feedTagName(_ byte: UInt8) -> Event {
        switch (state, byte) {
        case (.tagOpen, UInt8(ascii: "/")):
            state = .endTagOpen
        case (.tagOpen, UInt8(ascii: "!")):
            pending = []
            state = .markup
        case (.tagOpen, UInt8(ascii: "?")):
            pending = [byte]
            state = .declaration
        case (.tagOpen, _) where isLetter(byte), (.endTagOpen, _) where isLetter(byte):
            beginTag(isEnd: state == .endTagOpen)
            name.append(byte | 0x20)
        case (.tagOpen, _):
            state = .text
            return .strayLess
        case (.endTagOpen, _):
            pending = []
            state = byte == UInt8(ascii: ">") ? .text : .declaration
            return .fault("\"</\" without a name")
        default:
            if isSpace(byte) {
                state = .beforeAttribute
            } else if byte == UInt8(ascii: "/") {
                state = .slash
            } else if byte == UInt8(ascii: ">") {
                return finishTag()
            } else if byte == UInt8(ascii: "<") {
                return .fault("the tag before this \"<\" is not closed with \">\"")
            } else {
                name.append(lowercased(byte))
            }
        }
        return .none
    }

    private mutating func beginTag(isEnd: Bool) {
        name.removeAll(keepingCapacity: true)
        attributes.removeAll(keepingCapacity: true)
        attributeBytes.removeAll(keepingCapacity: true)
        isSelfClosing = false
        isEndTag = isEnd
        state = .tagName
    }

    private mutating func feedTag(_ byte: UInt8) -> Event {
        if byte == UInt8(ascii: ">") {
            isSelfClosing = state == .slash
            return finishTag()
        }
        if isSpace(byte) {
            state = state == .attributeName || state == .afterAttributeName ? .afterAttributeName : .beforeAttribute
            return .none
        }
        switch byte {
        case UInt8(ascii: "/"):
            state = .slash
        case UInt8(ascii: "=") where state == .attributeName || state == .afterAttributeName:
            state = .beforeValue
            if let last = attributes.indices.last {
                attributes[last].valueStart = attributeBytes.count
                isAddress = Self.addressAttributes.contains { $0.elementsEqual(attributeBytes[attributes[last].start...]) }
            }
        case UInt8(ascii: "<"):
            return .fault("the tag before this \"<\" is not closed with \">\"")
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "="):
            return .fault("unexpected character in a tag; is a quote missing?")
        default:
            let followsValue = state == .afterValue
            if state != .attributeName {
                attributes.append(Attribute(start: attributeBytes.count, valueStart: nil))
                state = .attributeName
            }
            attributeBytes.append(lowercased(byte))
            if followsValue { return .fault("a space is missing between two attributes; is a quote missing?") }
        }
        return .none
    }

    private mutating func feedValue(_ byte: UInt8) -> Event {
        switch (state, byte) {
        case (.beforeValue, UInt8(ascii: "\"")): state = .doubleQuoted
        case (.beforeValue, UInt8(ascii: "'")): state = .singleQuoted
        case (.beforeValue, _) where isSpace(byte): break
        case (.beforeValue, UInt8(ascii: ">")):
            _ = finishTag()
            return .fault("an attribute has no value after its \"=\"")
        case (.doubleQuoted, UInt8(ascii: "\"")), (.singleQuoted, UInt8(ascii: "'")): state = .afterValue
        case (.unquoted, _) where isSpace(byte): state = .beforeAttribute
        case (.unquoted, UInt8(ascii: ">")): return finishTag()
        case (.unquoted, UInt8(ascii: "\"")), (.unquoted, UInt8(ascii: "'")), (.unquoted, UInt8(ascii: "<")):
            return .fault("unexpected character in an attribute value without quotes")
        default:
            if state == .beforeValue { state = .unquoted }
            attributeBytes.append(byte)
        }
        return .none
    }

    private mutating func finishTag() -> Event {
        state = .text
        if isEndTag { return .endTag }
        if !isSelfClosing, Self.rawTextElements.contains(name) {
            state = .rawText
            rawTextEnd = Array("</".utf8) + name
            pending = []
        }
        return .startTag
    }

    // MARK: Raw text, comments and declarations

    private mutating func feedRawText(_ byte: UInt8) -> Event {
        if pending.count == rawTextEnd.count, isSpace(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") {
            let element = Array(rawTextEnd.dropFirst(2))
            beginTag(isEnd: true)
            name = element
            return feedTagName(byte)
        }
        if pending.count < rawTextEnd.count, lowercased(byte) == rawTextEnd[pending.count] {
            pending.append(lowercased(byte))
            return .none
        }
        pending = byte == UInt8(ascii: "<") ? [byte] : []
        return .none
    }

    private mutating func feedMarkup(_ byte: UInt8) -> Event {
        switch state {
        case .markup:
            pending.append(byte)
            if pending.elementsEqual("--".utf8) {
                pending = []
                state = .comment
            } else if byte == UInt8(ascii: ">") {
                state = .text
            } else if !pending.elementsEqual("-".utf8) {
                state = .declaration
            }
            return .none
        case .declaration:
            guard byte == UInt8(ascii: ">") else {
                if pending.count < 16 { pending.append(byte) }
                return .none
            }
            state = .text
            return pending.starts(with: "[endif]".utf8) ? endConditional() : .none
        default:
            return feedComment(byte)
        }
    }

    /// For all but Outlook a condition is a comment up to the first `-->`, as in `<!--[if !mso]> --> … <!-- <![endif]-->`.
    private mutating func feedConditionalText(_ byte: UInt8) -> Event {
        if byte == UInt8(ascii: "-") {
            dashes += 1
            return .text
        }
        defer { dashes = 0 }
        return byte == UInt8(ascii: ">") && dashes > 1 ? endConditional() : .text
    }

    private mutating func endConditional() -> Event {
        defer { isConditional = false }
        return isConditional ? .conditionalEnd : .none
    }

    /// `pending` keeps the beginning of the comment and its last two bytes.
    private mutating func feedComment(_ byte: UInt8) -> Event {
        let isEmpty = pending.isEmpty || pending.elementsEqual("-".utf8)
        if byte == UInt8(ascii: ">") {
            if isEmpty {  // <!--> ends a condition that other programs than Outlook meet, too
                state = .text
                return endConditional()
            }
            if pending.suffix(2).elementsEqual("--".utf8) {
                state = .text
                return endConditional()
            }
            if pending.last == UInt8(ascii: "]"), pending.starts(with: "[if".utf8) {
                state = .text
                isConditional = true
                dashes = 0
                return .conditionalStart
            }
        }
        if pending.count >= 16 { pending.remove(at: 13) }
        pending.append(byte)
        return .none
    }

    // MARK: Bytes

    private func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }
    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private func lowercased(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }
}
