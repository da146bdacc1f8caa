/// The server's acceptance of one mail.
public struct SMTPReceipt: Sendable, Hashable {
    /// The reply code, 2xx.
    public let code: Int
    public let enhanced: EnhancedStatus?
    /// The reply's text, printable ASCII, at most 512 characters.
    public let text: String

    public init(code: Int, enhanced: EnhancedStatus?, text: String) {
        self.code = code
        self.enhanced = enhanced
        self.text = text
    }

    /// The server's own name for the mail where its reply shows one: `queued as X` (Postfix), `id=X` (Exim), `Ok X` (SES).
    public var queueID: String? {
        let words = text.split(separator: " ")
        if let word = words.first(where: { $0.hasPrefix("id=") }) { return Self.identifier(word.dropFirst(3)) }
        for (index, word) in words.enumerated() {
            if word.lowercased() == "queued", words.indices.contains(index + 1) {
                let hasAs = words[index + 1] == "as"
                let position = index + (hasAs ? 2 : 1)
                if words.indices.contains(position), let id = Self.identifier(words[position]) { return id }
            }
            if word.lowercased() == "ok", index == words.count - 2, let id = Self.identifier(words[index + 1]), id.utf8.count >= 8 {
                return id
            }
        }
        return nil
    }

    private static func identifier(_ word: Substring) -> String? {
        var word = word
        while let last = word.last, last == "." || last == "," || last == ";" || last == ">" || last == ")" { word.removeLast() }
        while let first = word.first, first == "<" || first == "(" { word.removeFirst() }
        return word.isEmpty || word == "for" ? nil : String(word)
    }
}
