/// What replies of a certain wording mean: literal words, `{number}` for a number of up to four digits, `*` for any words or none.
///
/// `option {number}` means "Option 2", "option #2." and "OPTION2". Matching compares words after folding (``FoldedText``) and takes at
/// most the product of both lengths in steps, whatever was sent.
public struct ReplyPattern: Sendable, Hashable {
    /// The message type whose replies it is about; nil for all.
    public var messageType: String?
    /// As it was written.
    public var source: String
    public var action: ReplyAction
    /// The action's value; nil takes the number that `{number}` stood for.
    public var value: String?
    private let elements: [Element]

    private enum Element: Sendable, Hashable {
        case word(String)
        case number
        case anything
    }

    public static let longestSource = 200
    public static let longestValue = 200
    private static let mostElements = 32

    /// Nil when ``check(_:)`` finds something wrong with `source`.
    public init?(_ source: String, messageType: String? = nil, action: ReplyAction, value: String? = nil) {
        guard let elements = Self.parse(source) else { return nil }
        self.source = source
        self.messageType = messageType
        self.action = action
        self.value = value
        self.elements = elements
    }

    /// What is wrong with a pattern in a few words; nil when nothing is.
    public static func check(_ source: String) -> String? {
        parse(source) == nil
            ? "must be 1 to \(mostElements) words, {number} (at most once) or *, with at least one word or {number}" : nil
    }

    /// The meaning of a text that the pattern fits, whole.
    public func meaning(of text: FoldedText) -> ReplyMeaning? {
        guard let number = match(text.words) else { return nil }
        return ReplyMeaning(action: action, value: value ?? number)
    }

    private static func parse(_ source: String) -> [Element]? {
        guard source.utf8.count <= longestSource * 4, source.unicodeScalars.count <= longestSource else { return nil }
        var elements: [Element] = []
        for piece in source.split(whereSeparator: \.isWhitespace) {
            switch piece {
            case "*":
                // Two in a row mean the same as one.
                if elements.last != .anything { elements.append(.anything) }
            case "{number}", "#{number}":
                guard !elements.contains(.number) else { return nil }
                elements.append(.number)
            default:
                let words = FoldedText(String(piece)).words
                guard !words.isEmpty, !piece.contains("{"), !piece.contains("*") else { return nil }
                elements.append(contentsOf: words.map(Element.word))
            }
        }
        guard elements.count <= mostElements, elements.contains(where: { $0 != .anything }) else { return nil }
        return elements
    }

    /// The number that was met (nil inside when there was none); nil when the words do not fit. Goes back to the last `*` only, which
    /// is enough for patterns of this kind and keeps the work bounded.
    private func match(_ words: [String]) -> String?? {
        var (element, word) = (0, 0)
        var star: (element: Int, word: Int)?
        var number: String?
        while word < words.count {
            if element < elements.count {
                if elements[element] == .anything {
                    star = (element, word)
                    element += 1
                    continue
                }
                if let (fits, met) = Self.fits(elements[element], words[word]), fits {
                    if let met { number = met }
                    element += 1
                    word += 1
                    continue
                }
            }
            guard let last = star else { return .none }
            star = (last.element, last.word + 1)
            (element, word) = (last.element + 1, last.word + 1)
        }
        while element < elements.count, elements[element] == .anything { element += 1 }
        return element == elements.count ? .some(number) : .none
    }

    private static func fits(_ element: Element, _ word: String) -> (Bool, number: String?)? {
        switch element {
        case .anything: nil
        case .word(let expected): (expected == word, nil)
        case .number:
            if (1...4).contains(word.utf8.count), let number = Int(word), number >= 0 { (true, String(number)) } else { nil }
        }
    }
}
