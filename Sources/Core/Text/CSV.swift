/// Writes comma-separated values (RFC 4180) that no spreadsheet takes for formulas.
///
/// A cell that begins like a formula (`=`, `+`, `-`, `@`, and what some programs skip before them) gets an apostrophe in front, as OWASP
/// advises: shown as text, never computed. Numbers of ours go through ``number(_:)`` and stay numbers.
public struct CSVWriter: Sendable {
    /// What was written so far; every row ends with CR LF.
    public private(set) var bytes: [UInt8] = []
    private var isRowEmpty = true

    public init() {}

    /// A cell of text; nil is an empty cell.
    public mutating func text(_ value: String?) {
        separate()
        guard let value, !value.isEmpty else { return }
        var text = Array(value.utf8)
        text.removeAll { $0 == 0 }
        if Self.looksLikeFormula(value) { text.insert(UInt8(ascii: "'"), at: 0) }
        let needsQuotes = text.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ";") || byte < 0x20
        }
        guard needsQuotes || text.first == UInt8(ascii: " ") || text.last == UInt8(ascii: " ") else {
            bytes.append(contentsOf: text)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A cell with a number of ours; nil is an empty cell.
    public mutating func number(_ value: Int64?) {
        separate()
        if let value { bytes.append(contentsOf: String(value).utf8) }
    }

    /// Ends the row with CRLF.
    public mutating func endRow() {
        bytes.append(contentsOf: [0x0D, 0x0A])
        isRowEmpty = true
    }

    /// One row of texts.
    public mutating func row(_ values: [String?]) {
        for value in values { text(value) }
        endRow()
    }

    private mutating func separate() {
        if !isRowEmpty { bytes.append(UInt8(ascii: ",")) }
        isRowEmpty = false
    }

    /// Spreadsheets skip white space and control characters before a formula, and take the full-width forms of its signs too.
    private static func looksLikeFormula(_ text: String) -> Bool {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "=", "+", "-", "@", "|", "%", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}", "\u{2212}": return true
            case "\t", "\r", "\n": return true
            default:
                // White space, controls and characters without width, among them the byte order mark.
                if scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
                    || scalar.properties.generalCategory == .format
                {
                    continue
                }
                return false
            }
        }
        return false
    }
}
