/// Writes header lines, folded at 78 columns where a space allows it (RFC 5322, 2.1.1).
struct HeaderWriter {
    private(set) var output: [UInt8]
    private var column = 0
    private static let lineLength = 78

    init(capacity: Int) {
        output = []
        output.reserveCapacity(capacity)
    }

    mutating func append(raw bytes: some Collection<UInt8>) { output.append(contentsOf: bytes) }

    mutating func withOutput(_ write: (inout [UInt8]) -> Void) { write(&output) }

    mutating func endLine() {
        output.append(0x0D)
        output.append(0x0A)
        column = 0
    }

    /// A header with a value that is known to be short ASCII.
    mutating func line(_ name: StaticString, _ value: String) {
        begin(name)
        put(value)
        endLine()
    }

    mutating func date(_ milliseconds: Int64) {
        begin("Date")
        MailDate.append(milliseconds, to: &output)
        endLine()
    }

    /// Free text, such as a subject: encoded words where needed.
    mutating func text(_ name: some StringProtocol, _ value: String) {
        begin(name)
        let value = Self.trimmed(value)
        let isLong = value.utf8.count > Self.lineLength - column && Self.longestPiece(value) > Self.lineLength - 2
        if isLong || EncodedWord.isNeeded(value) {
            column = EncodedWord.append(value, column: column, to: &output)
        } else {
            folded(value)
        }
        endLine()
    }

    /// A header whose syntax is its own: ASCII is folded at its spaces and otherwise left as it is.
    mutating func field(_ field: HeaderField) {
        begin(field.name)
        let value = Self.trimmed(field.value)
        if value.utf8.allSatisfy({ $0 < 0x80 }) {
            folded(value)
        } else {
            column = EncodedWord.append(value, column: column, to: &output)
        }
        endLine()
    }

    mutating func mailboxes(_ name: StaticString, _ mailboxes: [Mailbox]) {
        begin(name)
        for (index, mailbox) in mailboxes.enumerated() {
            if index > 0 {
                put(",")
                if column > 50 { fold() } else { put(" ") }
            }
            self.mailbox(mailbox)
        }
        if mailboxes.isEmpty { put("undisclosed-recipients:;") }
        endLine()
    }

    /// `; name=value`, on a line of its own; long or non-ASCII values in the form of RFC 2231.
    mutating func parameter(_ name: String, _ value: String) {
        put(";")
        fold()
        let isPlain = value.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && !EncodedWord.isNeeded(value)
        if isPlain, value.utf8.count + name.utf8.count < 70 {
            put("\(name)=\"\(Self.quoted(value))\"")
            return
        }
        extendedParameter(name, value)
    }

    private mutating func extendedParameter(_ name: String, _ value: String) {
        var section = 0
        var encoded = "utf-8''"
        let total = value.utf8.reduce(7) { $0 + (Self.isAttributeCharacter($1) ? 1 : 3) }
        let isSplit = total + name.utf8.count > 70
        // Sections end between characters: some readers decode each by itself.
        for scalar in value.unicodeScalars {
            let piece = UTF8.encode(scalar)?.reduce(into: "") { piece, byte in
                piece += Self.isAttributeCharacter(byte) ? String(UnicodeScalar(byte)) : "%" + Self.hex(byte)
            }
            guard let piece else { continue }
            if isSplit, encoded.utf8.count + piece.utf8.count > 60 {
                put("\(name)*\(section)*=\(encoded);")
                fold()
                section += 1
                encoded = ""
            }
            encoded += piece
        }
        put(isSplit ? "\(name)*\(section)*=\(encoded)" : "\(name)*=\(encoded)")
    }

    private mutating func mailbox(_ mailbox: Mailbox) {
        let address = mailbox.address.wireText
        guard let name = mailbox.name.map(Self.trimmed), !name.isEmpty else {
            if column + address.utf8.count > Self.lineLength, column > 1 { fold() }
            return put(address)
        }
        if EncodedWord.isNeeded(name) || name.utf8.count > 60 {
            column = EncodedWord.append(name, column: column, to: &output)
        } else {
            let needsQuotes = !name.utf8.allSatisfy { ASCII.isAtomText($0) || $0 == 0x20 } || name.contains("  ")
            let written = needsQuotes ? "\"\(Self.quoted(name))\"" : name
            if column + written.utf8.count > Self.lineLength, column > 1 { fold() }
            put(written)
        }
        if column + address.utf8.count + 3 > Self.lineLength { fold() } else { put(" ") }
        put("<\(address)>")
    }

    private mutating func begin(_ name: StaticString) {
        name.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(0x3A)
        output.append(0x20)
        column = name.utf8CodeUnitCount + 2
    }

    private mutating func begin(_ name: some StringProtocol) {
        put(String(name))
        put(": ")
    }

    mutating func put(_ text: String) {
        output.append(contentsOf: text.utf8)
        column += text.utf8.count
    }

    private mutating func fold() {
        output.append(0x0D)
        output.append(0x0A)
        output.append(0x20)
        column = 1
    }

    /// ASCII text, broken before a space where the next word would pass column 78.
    private mutating func folded(_ value: String) {
        if column + value.utf8.count <= Self.lineLength { return put(value) }
        let bytes = Array(value.utf8)
        var start = 0
        while start < bytes.count {
            // A piece is a word with the white space before it.
            var end = start
            while end < bytes.count, bytes[end] == 0x20 || bytes[end] == 0x09 { end += 1 }
            while end < bytes.count, bytes[end] != 0x20, bytes[end] != 0x09 { end += 1 }
            if start > 0, column + end - start > Self.lineLength {
                output.append(0x0D)
                output.append(0x0A)
                column = 0
            }
            output.append(contentsOf: bytes[start..<end])
            column += end - start
            start = end
        }
    }

    private static func trimmed(_ text: String) -> String {
        guard let first = text.utf8.first, let last = text.utf8.last, isSpace(first) || isSpace(last) else { return text }
        var rest = Substring(text)
        while let head = rest.utf8.first, isSpace(head) { rest.unicodeScalars.removeFirst() }
        while let tail = rest.utf8.last, isSpace(tail) { rest.unicodeScalars.removeLast() }
        return String(rest)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Octets of the longest word together with the white space before it: what ``folded(_:)`` can not break.
    private static func longestPiece(_ text: String) -> Int {
        var longest = 0
        var piece = 0
        var isInWord = false
        for byte in text.utf8 {
            if isSpace(byte), isInWord { piece = 0 }
            isInWord = !isSpace(byte)
            piece += 1
            longest = max(longest, piece)
        }
        return longest
    }

    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x5C }) else { return text }
        return text.reduce(into: "") { result, character in
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
    }

    /// `attribute-char` of RFC 2231, section 7.
    private static func isAttributeCharacter(_ byte: UInt8) -> Bool {
        ASCII.isToken(byte) && byte != 0x2A && byte != 0x27 && byte != 0x25
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}
