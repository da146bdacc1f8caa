/// A QR code (ISO/IEC 18004) of some text: byte mode, error correction M, the smallest version that holds it.
public struct QRCode: Sendable {
    /// Modules to a side, without the quiet zone.
    public let size: Int
    private var modules: [Bool]
    /// Patterns whose modules carry no data.
    private var isFunction: [Bool]

    /// Dark or light; false outside.
    public func isDark(_ x: Int, _ y: Int) -> Bool {
        (0..<size).contains(x) && (0..<size).contains(y) && modules[y * size + x]
    }

    /// Nil when `text` is longer than a code can hold (about 2,300 bytes).
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let version = (1...40).first(where: { QRLayout(version: $0).holds(byteCount: bytes.count) }) else { return nil }
        let layout = QRLayout(version: version)
        size = layout.size
        modules = Array(repeating: false, count: size * size)
        isFunction = modules
        drawFunctionPatterns(layout)
        drawCodewords(layout.codewords(of: bytes))
        var best: (penalty: Int, mask: Int)?
        for mask in 0..<8 {
            var candidate = self
            candidate.apply(mask: mask)
            candidate.drawFormat(mask: mask)
            let penalty = candidate.penalty
            if penalty < best?.penalty ?? .max { best = (penalty, mask) }
        }
        let mask = best?.mask ?? 0
        apply(mask: mask)
        drawFormat(mask: mask)
    }

    private mutating func set(_ x: Int, _ y: Int, _ dark: Bool) {
        modules[y * size + x] = dark
        isFunction[y * size + x] = true
    }

    private mutating func drawFunctionPatterns(_ layout: QRLayout) {
        for index in 0..<size {
            set(6, index, index % 2 == 0)
            set(index, 6, index % 2 == 0)
        }
        for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] { drawFinder(x, y) }
        let centres = layout.alignmentCentres
        for (row, y) in centres.enumerated() {
            for (column, x) in centres.enumerated() {
                // Three corners belong to the finders.
                let isCorner = row == 0 && (column == 0 || column == centres.count - 1) || row == centres.count - 1 && column == 0
                if isCorner { continue }
                for dy in -2...2 { for dx in -2...2 { set(x + dx, y + dy, max(abs(dx), abs(dy)) != 1) } }
            }
        }
        drawFormat(mask: 0)
        drawVersion(layout.version)
    }

    private mutating func drawFinder(_ x: Int, _ y: Int) {
        for dy in -4...4 {
            for dx in -4...4 where (0..<size).contains(x + dx) && (0..<size).contains(y + dy) {
                let distance = max(abs(dx), abs(dy))
                set(x + dx, y + dy, distance != 2 && distance != 4)
            }
        }
    }

    /// Error correction M is 00; the mask follows; both under a BCH code of ten bits.
    private mutating func drawFormat(mask: Int) {
        var rest = mask
        for _ in 0..<10 { rest = rest << 1 ^ (rest >> 9) * 0x537 }
        let bits = (mask << 10 | rest) ^ 0x5412
        func bit(_ index: Int) -> Bool { bits >> index & 1 != 0 }
        for index in 0...5 { set(8, index, bit(index)) }
        set(8, 7, bit(6))
        set(8, 8, bit(7))
        set(7, 8, bit(8))
        for index in 9..<15 { set(14 - index, 8, bit(index)) }
        for index in 0..<8 { set(size - 1 - index, 8, bit(index)) }
        for index in 8..<15 { set(8, size - 15 + index, bit(index)) }
        set(8, size - 8, true)
    }

    private mutating func drawVersion(_ version: Int) {
        guard version >= 7 else { return }
        var rest = version
        for _ in 0..<12 { rest = rest << 1 ^ (rest >> 11) * 0x1F25 }
        let bits = version << 12 | rest
        for index in 0..<18 {
            let dark = bits >> index & 1 != 0
            let (a, b) = (size - 11 + index % 3, index / 3)
            set(a, b, dark)
            set(b, a, dark)
        }
    }

    /// In two columns at a time from the right, upwards and downwards in turn, past the vertical timing pattern.
    private mutating func drawCodewords(_ codewords: [UInt8]) {
        var index = 0
        var right = size - 1
        while right >= 1 {
            if right == 6 { right = 5 }
            for vertical in 0..<size {
                for x in [right, right - 1] {
                    let isUpwards = (right + 1) & 2 == 0
                    let y = isUpwards ? size - 1 - vertical : vertical
                    guard !isFunction[y * size + x], index < codewords.count * 8 else { continue }
                    modules[y * size + x] = codewords[index >> 3] >> UInt8(7 - index & 7) & 1 != 0
                    index += 1
                }
            }
            right -= 2
        }
    }

    private mutating func apply(mask: Int) {
        for y in 0..<size {
            for x in 0..<size where !isFunction[y * size + x] && Self.inverts(mask, x, y) { modules[y * size + x].toggle() }
        }
    }

    private static func inverts(_ mask: Int, _ x: Int, _ y: Int) -> Bool {
        switch mask {
        case 0: (x + y) % 2 == 0
        case 1: y % 2 == 0
        case 2: x % 3 == 0
        case 3: (x + y) % 3 == 0
        case 4: (x / 3 + y / 2) % 2 == 0
        case 5: x * y % 2 + x * y % 3 == 0
        case 6: (x * y % 2 + x * y % 3) % 2 == 0
        default: ((x + y) % 2 + x * y % 3) % 2 == 0
        }
    }
}

extension QRCode {
    /// How hard it is to read (section 7.8.3): long runs, blocks, patterns like a finder's, too much of one colour.
    private var penalty: Int {
        var total = 0
        for line in 0..<size {
            total += Self.penalty(ofLine: (0..<size).map { isDark($0, line) })
            total += Self.penalty(ofLine: (0..<size).map { isDark(line, $0) })
        }
        for y in 0..<(size - 1) {
            for x in 0..<(size - 1) {
                let colour = isDark(x, y)
                if colour == isDark(x + 1, y), colour == isDark(x, y + 1), colour == isDark(x + 1, y + 1) { total += 3 }
            }
        }
        let dark = modules.count { $0 }
        let deviation = abs(dark * 20 - modules.count * 10)
        return total + max(0, (deviation + modules.count - 1) / modules.count - 1) * 10
    }

    private static let finderLike: [[Bool]] = [
        [true, false, true, true, true, false, true, false, false, false, false],
        [false, false, false, false, true, false, true, true, true, false, true],
    ]

    private static func penalty(ofLine line: [Bool]) -> Int {
        var total = 0
        var run = 0
        for (index, dark) in line.enumerated() {
            run = index > 0 && dark == line[index - 1] ? run + 1 : 1
            if run == 5 { total += 3 } else if run > 5 { total += 1 }
            if index >= 10, finderLike.contains(Array(line[(index - 10)...index])) { total += 40 }
        }
        return total
    }

    /// As a picture; black on white whatever the page's colours are, because that is what cameras read.
    public func svg(label: String) -> HTML {
        var path = ""
        for y in 0..<size {
            for x in 0..<size where isDark(x, y) { path += "M\(x + 4) \(y + 4)h1v1h-1z" }
        }
        let side = String(size + 8)
        return """
            <svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" role="img" aria-label="\(label)" \
            shape-rendering="crispEdges"><rect width="\(side)" height="\(side)" fill="#fff"/><path d="\(path)" fill="#000"/></svg>
            """
    }
}
