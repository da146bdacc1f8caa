/// The texts that an answer to an inbound webhook asks to send (`<Response><Message>…</Message></Response>`).
enum TwiML {
    /// Twilio sends no more to one inbound message.
    private static let limit = 10

    /// Nil for what is no TwiML.
    static func messages(_ body: [UInt8]) -> [String]? {
        let text = String(decoding: body, as: UTF8.self)
        guard text.contains("<Response") else { return nil }
        var messages: [String] = []
        var rest = text[...]
        while messages.count < limit, let start = rest.firstRange(of: "<Message") {
            rest = rest[start.upperBound...]
            guard let open = rest.firstIndex(of: ">") else { break }
            // `<Message/>` says nothing.
            if rest[..<open].last == "/" { continue }
            guard let end = rest.firstRange(of: "</Message>") else { break }
            var content = rest[rest.index(after: open)..<end.lowerBound]
            if let from = content.firstRange(of: "<Body>"), let to = content.firstRange(of: "</Body>"), from.upperBound <= to.lowerBound {
                content = content[from.upperBound..<to.lowerBound]
            }
            messages.append(unescaped(content))
            rest = rest[end.upperBound...]
        }
        return messages
    }

    private static func unescaped(_ text: Substring) -> String {
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")]
        return entities.reduce(String(text)) { $0.replacing($1.0, with: $1.1) }
    }
}
