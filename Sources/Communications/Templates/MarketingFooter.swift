import Core

/// What no marketing mail leaves without: a way to unsubscribe, and the sender's postal address.
enum MarketingFooter {
    /// Appends what the template left out, to each body for itself.
    static func complete(_ message: inout RenderedMessage, unsubscribeURL: String, business: Business, language: String) {
        let label = Translation.best(of: [language, business.defaultLanguage]).text(.unsubscribeButton)
        let address = business.postalAddress
        var lines: [String] = []
        if !address.isEmpty, !contains(message.text, address) { lines.append(address) }
        if !contains(message.text, unsubscribeURL) { lines.append("\(label): \(unsubscribeURL)") }
        if !lines.isEmpty { message.text += "\n\n-- \n" + lines.joined(separator: "\n") + "\n" }
        guard let html = message.html else { return }
        var pieces: [HTML] = []
        if !address.isEmpty, !contains(html, ("\(address)" as HTML).text) { pieces.append("<p style=\"margin:0 0 8px\">\(address)</p>") }
        if !contains(html, unsubscribeURL) {
            pieces.append("<p style=\"margin:0 0 8px\"><a href=\"\(unsubscribeURL)\" style=\"color:#6b655c\">\(label)</a></p>")
        }
        guard !pieces.isEmpty else { return }
        let block: HTML = """
            <div style="max-width:600px;margin:16px auto;padding:0 24px;font-family:Helvetica,Arial,sans-serif;font-size:13px;\
            color:#6b655c">\(.joined(pieces))</div>

            """
        message.html = ComposedMessage.html(html, endingWith: block.text)
    }

    /// By bytes: both sides are UTF-8 of ours, and a search by characters would look for the borders of each.
    private static func contains(_ text: String, _ part: String) -> Bool {
        var (text, part) = (text, part)
        return text.withUTF8 { text in
            part.withUTF8 { part in
                guard let first = part.first, text.count >= part.count else { return part.isEmpty }
                return (0...(text.count - part.count)).contains { start in
                    text[start] == first && text[start..<(start + part.count)].elementsEqual(part)
                }
            }
        }
    }
}
