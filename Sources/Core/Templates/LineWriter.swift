/// Puts words into lines of a given width, with indentation, bullets and blank lines.
struct LineWriter {
    /// Deeper levels are not indented further, so that output stays in proportion to input.
    static let maximumIndentation = 8

    /// Line feeds in the text end lines.
    var keepsLines = false
    private let width: Int
    private var output: [UInt8] = []
    private var line: [UInt8] = []
    private var lineWidth = 0
    private var word: [UInt8] = []
    private var wordWidth = 0
    /// Line ends that are due before the next word.
    private var breaks = 0
    private var isCellPending = false
    private var isAfterAddress = false
    private var quoteLevel = 0
    private var itemLevel = -1
    private var bullet: [UInt8] = []

    init(width: Int) { self.width = width }

    // MARK: Text

    mutating func append(_ byte: UInt8) {
        switch byte {
        case 0x0A where keepsLines: breakHere()
        case 0x00...0x20, 0x7F: flushWord()
        default: appendToWord(byte)
        }
    }

    /// A scalar that was written as a reference.
    mutating func append(_ scalar: [UInt8]) {
        if scalar == [0xC2, 0xA0] { return appendNonBreakingSpace() }
        if Self.invisible.contains(scalar) { return }
        for byte in scalar { append(byte) }
    }

    /// Zero width space, soft hyphen, combining grapheme joiner, byte order mark.
    private static let invisible: Set<[UInt8]> = [[0xE2, 0x80, 0x8B], [0xC2, 0xAD], [0xCD, 0x8F], [0xEF, 0xBB, 0xBF]]

    private mutating func appendNonBreakingSpace() {
        if word.isEmpty { return }
        word.append(0x20)
        wordWidth += 1
    }

    private mutating func appendToWord(_ byte: UInt8) {
        if isAfterAddress {
            isAfterAddress = false
            if byte >= 0x80 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 { flushWord() }
        }
        word.append(byte)
        if byte & 0xC0 != 0x80 { wordWidth += 1 }
    }

    /// The address behind a link's text, unless the text is the address.
    mutating func appendAddress(_ address: [UInt8], after text: ArraySlice<UInt8>) {
        if text.isEmpty {
            flushWord()
            for byte in address { appendToWord(byte) }
        } else if !Self.shows(text, address) {
            flushWord()
            for byte in [UInt8(ascii: "(")] + address + [UInt8(ascii: ")")] { appendToWord(byte) }
        }
        isAfterAddress = true
    }

    /// Whether the text is the address, be it without scheme and final slash.
    private static func shows(_ text: ArraySlice<UInt8>, _ address: [UInt8]) -> Bool {
        var bare = address[...]
        if text.elementsEqual(bare) { return true }
        if let colon = bare.firstIndex(of: UInt8(ascii: ":")) { bare = bare[(colon + 1)...].drop { $0 == UInt8(ascii: "/") } }
        if text.elementsEqual(bare) { return true }
        return bare.last == UInt8(ascii: "/") && text.elementsEqual(bare.dropLast())
    }

    // MARK: Structure

    /// The next word begins a line; with 2, after a blank one.
    mutating func breakLine(_ count: Int) {
        flushWord()
        endLine()
        breaks = max(breaks, count)
    }

    /// One more line end, as by `<br>`.
    mutating func breakHere() {
        flushWord()
        if line.isEmpty { breaks = min(breaks + 1, 2) } else { breakLine(1) }
    }

    mutating func separateCell() {
        flushWord()
        isCellPending = !line.isEmpty
    }

    mutating func appendRule() {
        breakLine(1)
        for _ in 0..<min(width, 40) { appendToWord(UInt8(ascii: "-")) }
        breakLine(1)
    }

    mutating func startItem(_ bullet: String, level: Int) {
        itemLevel = min(level, Self.maximumIndentation)
        self.bullet = Array(bullet.utf8)
    }

    mutating func endItem(level: Int) {
        breakLine(1)
        itemLevel = level
        bullet = []
    }

    mutating func indent() { quoteLevel += 1 }
    mutating func outdent() { quoteLevel = max(0, quoteLevel - 1) }

    mutating func finish() -> [UInt8] {
        breakLine(0)
        return output
    }

    // MARK: Lines

    private mutating func flushWord() {
        isAfterAddress = false
        while word.last == 0x20 { word.removeLast() }
        guard !word.isEmpty else {
            wordWidth = 0
            return
        }
        if line.isEmpty {
            startLine()
        } else {
            let gap = isCellPending ? 2 : 1
            if lineWidth + gap + wordWidth > width {
                endLine()
                breaks = max(breaks, 1)
                startLine()
            } else {
                line.append(contentsOf: repeatElement(0x20, count: gap))
                lineWidth += gap
            }
        }
        line += word
        lineWidth += wordWidth
        word.removeAll(keepingCapacity: true)
        wordWidth = 0
        isCellPending = false
    }

    private mutating func startLine() {
        if !output.isEmpty, breaks > 1 { output.append(0x0A) }
        breaks = 0
        for _ in 0..<min(quoteLevel, Self.maximumIndentation) { line += [UInt8(ascii: ">"), 0x20] }
        if itemLevel >= 0 {
            line.append(contentsOf: repeatElement(0x20, count: itemLevel * 2 + (bullet.isEmpty ? 2 : 0)))
            line += bullet
            bullet = []
        }
        lineWidth = line.count
    }

    private mutating func endLine() {
        guard !line.isEmpty else { return }
        output += line
        output.append(0x0A)
        line.removeAll(keepingCapacity: true)
        lineWidth = 0
        isCellPending = false
    }
}
