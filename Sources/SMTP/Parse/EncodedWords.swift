/// Reads encoded words in header values (RFC 2047).
enum EncodedWords {
    /// The text with every `=?charset?encoding?…?=` decoded that can be; the others stay as they are.
    static func decode(_ value: String) -> String {
        guard value.utf8.contains(0x3D) else { return value }
        let bytes = Array(value.utf8)
        var output = ""
        var plain: [UInt8] = []
        var position = 0
        var endedWithWord = false
        while position < bytes.count {
            if bytes[position] == 0x3D, let (text, next) = word(in: bytes, at: position) {
                // Space between two encoded words is not part of the text.
                if !(endedWithWord && plain.allSatisfy { $0 == 0x20 }) { output += String(decoding: plain, as: UTF8.self) }
                plain.removeAll(keepingCapacity: true)
                output += text
                position = next
                endedWithWord = true
            } else {
                plain.append(bytes[position])
                position += 1
            }
        }
        return output + String(decoding: plain, as: UTF8.self)
    }

    /// Words have at most 75 characters; twice that is looked at, so that a header full of beginnings costs no more than its length.
    private static let longest = 160

    private static func word(in bytes: [UInt8], at start: Int) -> (text: String, next: Int)? {
        guard start + 1 < bytes.count, bytes[start + 1] == 0x3F else { return nil }
        let end = min(bytes.count, start + longest)
        var marks: [Int] = []
        var position = start + 2
        while position < end, marks.count < 3 {
            if bytes[position] == 0x3F { marks.append(position) }
            position += 1
        }
        guard marks.count == 3, position < bytes.count, bytes[marks[2] + 1] == 0x3D, marks[1] == marks[0] + 2 else { return nil }
        let charset = String(decoding: bytes[(start + 2)..<marks[0]].prefix { $0 != 0x2A }, as: UTF8.self)
        let content = bytes[(marks[1] + 1)..<marks[2]]
        let decoded: [UInt8]
        switch bytes[marks[0] + 1] {
        case 0x42, 0x62: decoded = TransferDecoding.base64(content, limit: longest)
        case 0x51, 0x71: decoded = TransferDecoding.quotedPrintable(content, limit: longest, isHeader: true)
        default: return nil
        }
        return (CharacterSet.text(decoded, charset: charset), marks[2] + 2)
    }
}
