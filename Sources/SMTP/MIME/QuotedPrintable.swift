/// Quoted-printable text (RFC 2045, 6.7).
enum QuotedPrintable {
    /// Octets that may stand for themselves inside a line: printable ASCII but `=`, space and tab.
    private static let literal: [Bool] = (0..<256).map { $0 == 0x09 || ($0 >= 0x20 && $0 <= 0x7E && $0 != 0x3D) }
    private static let hex: StaticString = "0123456789ABCDEF"
    /// Room is left for the `=` of a soft line break.
    private static let lineLength = 75

    /// Encodes text in one pass. CRLF, LF and CR are line ends; lines are at most 76 octets; white space before a line end is
    /// encoded, so that no relay can strip it.
    static func append(_ text: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        output.reserveCapacity(output.count + text.count + text.count / 8 + 16)
        literal.withUnsafeBufferPointer { literal in
            var index = 0
            var column = 0
            while index < text.count {
                let start = index
                let limit = min(text.count, start + lineLength - column)
                while index < limit, literal[Int(text[index])] { index += 1 }
                if index > start {
                    output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                    column += index - start
                }
                guard index < text.count else { break }
                let byte = text[index]
                if byte == 0x0D || byte == 0x0A {
                    protectTrailingSpace(&output, column)
                    index += byte == 0x0D && index + 1 < text.count && text[index + 1] == 0x0A ? 2 : 1
                    appendLineEnd(&output)
                    column = 0
                } else if literal[Int(byte)] || column + 3 > lineLength {
                    output.append(0x3D)
                    appendLineEnd(&output)
                    column = 0
                } else {
                    appendEncoded(byte, &output)
                    column += 3
                    index += 1
                }
            }
            protectTrailingSpace(&output, column)
        }
    }

    static func append(_ text: String, to output: inout [UInt8]) {
        var text = text
        text.withUTF8 { append($0, to: &output) }
    }

    private static func protectTrailingSpace(_ output: inout [UInt8], _ column: Int) {
        guard column > 0, let last = output.last, last == 0x20 || last == 0x09 else { return }
        output.removeLast()
        if column + 2 > lineLength + 1 {
            output.append(0x3D)
            appendLineEnd(&output)
        }
        appendEncoded(last, &output)
    }

    private static func appendEncoded(_ byte: UInt8, _ output: inout [UInt8]) {
        hex.withUTF8Buffer { digits in
            output.append(0x3D)
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
    }

    private static func appendLineEnd(_ output: inout [UInt8]) {
        output.append(0x0D)
        output.append(0x0A)
    }
}
