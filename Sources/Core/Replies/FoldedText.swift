/// A message as the rules about replies compare it: words of small letters and digits, without accents; everything else only separates
/// words. `« Arrêt ! »` is `arret`, `OPT-OUT` is `opt out`, `Option2.` is `option 2`.
public struct FoldedText: Sendable, Hashable {
    public let words: [String]

    /// Scalars and words that are looked at; what comes after says nothing to a rule.
    public static let longest = 4_096
    public static let mostWords = 256

    public init(_ text: String) {
        var folding = Folding()
        for scalar in text.unicodeScalars.prefix(Self.longest) {
            folding.take(scalar)
            if folding.words.count >= Self.mostWords { break }
        }
        folding.endWord()
        words = folding.words
    }

    /// The words without anything between them, signs left out.
    public var compact: String {
        words.filter { !Self.isSign($0) }.joined()
    }

    /// Whether these words stand in the text, side by side and in this order.
    public func contains(_ phrase: [String]) -> Bool {
        guard !phrase.isEmpty, phrase.count <= words.count else { return false }
        return (0...(words.count - phrase.count)).contains { words[$0..<($0 + phrase.count)].elementsEqual(phrase) }
    }

    private static func isSign(_ word: String) -> Bool {
        word.unicodeScalars.first.map(Folding.isSign) ?? false
    }
}

/// Folds scalar by scalar.
private struct Folding {
    private(set) var words: [String] = []
    private var word = ""
    private var endsInLetter = false

    mutating func take(_ scalar: Unicode.Scalar) {
        if Self.isSign(scalar) {
            endWord()
            words.append(String(scalar))
            return
        }
        switch scalar.properties.generalCategory {
        // Accents on their own, and marks that can not be seen: they neither belong to a word nor end it.
        case .nonspacingMark, .spacingMark, .enclosingMark, .format: return
        case .decimalNumber: digit(scalar)
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: letter(scalar)
        default:
            // `don't` is one word.
            if !Self.isApostrophe(scalar) { endWord() }
        }
    }

    mutating func endWord() {
        if !word.isEmpty { words.append(word) }
        word = ""
        endsInLetter = false
    }

    /// Yes and no without words: thumbs up and down, the check mark, the OK hand.
    static func isSign(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1F44D, 0x1F44E, 0x1F44C, 0x2705: true
        default: false
        }
    }

    private mutating func digit(_ scalar: Unicode.Scalar) {
        if endsInLetter { endWord() }
        if let value = scalar.properties.numericValue, (0...9).contains(value) {
            word.append(String(Int(value)))
        } else {
            word.unicodeScalars.append(scalar)
        }
    }

    private mutating func letter(_ scalar: Unicode.Scalar) {
        for small in Self.plain(scalar).properties.lowercaseMapping.unicodeScalars where small.properties.generalCategory != .nonspacingMark
        {
            if let base = Self.base(small.value) { word += base } else { word.unicodeScalars.append(small) }
        }
        endsInLetter = true
    }

    /// The Latin letter that is meant by one in another dress: full-width, as East Asian keyboards write them, or of mathematics, as
    /// programs for decorated text do.
    private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0xFF21...0xFF3A, 0xFF41...0xFF5A: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
        // Thirteen alphabets, each of 26 capital and 26 small letters.
        case 0x1D400...0x1D6A3: Unicode.Scalar(0x61 + (scalar.value - 0x1D400) % 26) ?? scalar
        default: scalar
        }
    }

    private static func isApostrophe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x27, 0x60, 0xB4, 0x2BC, 0x2018, 0x2019: true
        default: false
        }
    }

    /// The letter under a small Latin letter's accent; nil for letters without one.
    private static func base(_ value: UInt32) -> String? {
        switch value {
        case 0xE0...0xE5, 0x101...0x105: "a"
        case 0xE6: "ae"
        case 0xE7, 0x107...0x10D: "c"
        case 0xF0, 0x10F...0x111: "d"
        case 0xE8...0xEB, 0x113...0x11B: "e"
        case 0x11D...0x123: "g"
        case 0x125...0x127: "h"
        case 0xEC...0xEF, 0x129...0x131: "i"
        case 0x13A...0x142: "l"
        case 0xF1, 0x144...0x148: "n"
        case 0xF2...0xF6, 0xF8, 0x14D...0x151: "o"
        case 0x153: "oe"
        case 0x155...0x159: "r"
        case 0x15B...0x161, 0x17F, 0x219: "s"
        case 0xDF: "ss"
        case 0x163...0x167, 0x21B: "t"
        case 0xF9...0xFC, 0x169...0x173: "u"
        case 0xFD, 0xFF, 0x177: "y"
        case 0x17A...0x17E: "z"
        default: nil
        }
    }
}
