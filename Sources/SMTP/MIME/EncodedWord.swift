/// Header text outside ASCII (RFC 2047).
enum EncodedWord {
    /// Lines that hold an encoded word end here (RFC 2047, section 2).
    static let lineLength = 76
    private static let hex = Array("0123456789ABCDEF".utf8)

    /// Whether text would be read back differently if it stood in a header as it is.
    static func isNeeded(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte >= 0x80 || (byte == 0x3F && previous == 0x3D) { return true }
            previous = byte
        }
        return false
    }

    /// Appends the text as encoded words, folding between them; returns the column after the last one. A character is never split
    /// between words.
    static func append(_ text: String, column: Int, to output: inout [UInt8]) -> Int {
        let outside = text.utf8.reduce(0) { $0 + ($1 < 0x80 ? 0 : 1) }
        let usesQ = outside * 4 < text.utf8.count
        var column = column
        var word: [UInt8] = []
        var cost = 0
        for character in text {
            for piece in pieces(character) {
                let pieceCost = usesQ ? piece.reduce(0) { $0 + costInQ($1) } : piece.count
                let newCost = cost + pieceCost
                let length = 12 + (usesQ ? newCost : (newCost + 2) / 3 * 4)
                if column + length > lineLength, !word.isEmpty || column > 1 {
                    if !word.isEmpty { flush(&word, usesQ: usesQ, to: &output) }
                    output.append(contentsOf: "\r\n ".utf8)
                    column = 1
                    cost = 0
                }
                word.append(contentsOf: piece)
                cost += pieceCost
            }
        }
        if !word.isEmpty {
            column += 12 + (usesQ ? cost : (cost + 2) / 3 * 4)
            flush(&word, usesQ: usesQ, to: &output)
        }
        return column
    }

    /// A character whole; one longer than a word (a stack of combining marks) is cut between its scalars.
    private static func pieces(_ character: Character) -> [[UInt8]] {
        let whole = Array(character.utf8)
        if whole.count <= 15 { return [whole] }
        return character.unicodeScalars.map { Array(String($0).utf8) }
    }

    private static func flush(_ word: inout [UInt8], usesQ: Bool, to output: inout [UInt8]) {
        output.append(contentsOf: usesQ ? "=?utf-8?Q?".utf8 : "=?utf-8?B?".utf8)
        if usesQ {
            for byte in word { appendQ(byte, to: &output) }
        } else {
            Base64.append(word[...], to: &output)
        }
        output.append(contentsOf: "?=".utf8)
        word.removeAll(keepingCapacity: true)
    }

    /// The few characters that may stand for themselves even inside a display name (RFC 2047, 5.3).
    private static func isLiteralInQ(_ byte: UInt8) -> Bool {
        ASCII.isLetterOrDigit(byte) || byte == 0x21 || byte == 0x2A || byte == 0x2B || byte == 0x2D || byte == 0x2F
    }

    private static func costInQ(_ byte: UInt8) -> Int { byte == 0x20 || isLiteralInQ(byte) ? 1 : 3 }

    private static func appendQ(_ byte: UInt8, to output: inout [UInt8]) {
        if byte == 0x20 {
            output.append(0x5F)
        } else if isLiteralInQ(byte) {
            output.append(byte)
        } else {
            output.append(0x3D)
            output.append(hex[Int(byte >> 4)])
            output.append(hex[Int(byte & 15)])
        }
    }
}
