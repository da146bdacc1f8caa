import Core

/// A rendered message in the form of its channel, with what the channel has against it.
struct ComposedMessage: Sendable {
    var message: RenderedMessage
    /// Why it can not be sent like this.
    var problem: TransportFailure?
    /// SMS: what was replaced so that the text costs less.
    var replaced: [String] = []
    /// Names of files that this channel can not carry.
    var leftOut: [String] = []

    /// Files travel along; what is only linked to stands at the end of both bodies.
    init(email message: RenderedMessage, _ attachments: [AttachmentUpload]) {
        self.message = message
        self.message.attachments = attachments.filter { $0.link == nil }
        let links = attachments.filter { $0.link != nil }
        guard !links.isEmpty else { return }
        self.message.text = Self.text(message.text, before: links, separator: "\n\n")
        self.message.html = message.html.map { Self.html($0, before: links) }
    }

    /// Links stand at the end; files can not come along.
    init(sms message: RenderedMessage, _ attachments: [AttachmentUpload]) {
        self.message = message
        let normalised = SMSText.normalised(Self.text(message.text, before: attachments, separator: "\n"))
        self.message.text = normalised.text
        replaced = normalised.replaced
        // The transport says in its record how many it could not carry.
        self.message.attachments = attachments.filter { $0.link == nil }
        leftOut = self.message.attachments.map(\.filename)
        let length = normalised.text.utf16.count
        if length > SMSText.longest {
            problem = TransportFailure(
                category: .invalidInput, message: "the text has \(length) characters; an SMS may have \(SMSText.longest)")
        } else if normalised.text.isEmpty {
            problem = TransportFailure(category: .invalidInput, message: "the text is empty")
        }
    }

    /// One message only: the first file with the text as its caption, or, where the text is too long for one, text with the links.
    init(whatsApp message: RenderedMessage, _ attachments: [AttachmentUpload], note: String? = nil) {
        self.message = message
        self.message.note = note
        self.message.whatsApp = .text(message.text)
        if let first = attachments.first {
            carry(first, others: Array(attachments.dropFirst()), of: message.text)
        }
        guard problem == nil, case .text(let text) = self.message.whatsApp else { return }
        let length = text.utf16.count
        if length > WhatsAppText.longest {
            problem = TransportFailure(
                category: .invalidInput, message: "the text has \(length) characters; a WhatsApp message may have \(WhatsAppText.longest)")
        } else if text.isEmpty {
            problem = TransportFailure(category: .invalidInput, message: "the text is empty")
        }
    }

    private mutating func carry(_ first: AttachmentUpload, others: [AttachmentUpload], of text: String) {
        leftOut = others.filter { $0.link == nil }.map(\.filename)
        let caption = Self.text(text, before: others, separator: "\n")
        if caption.utf16.count <= WhatsAppText.longestCaption {
            message.text = caption
            message.attachments = [first] + others.filter { $0.link == nil }
            message.whatsApp = .media(
                WhatsAppContent.Media(kind: first.isWhatsAppImage ? .image : .document, caption: caption.isEmpty ? nil : caption))
        } else if first.link != nil {
            message.text = Self.text(text, before: [first] + others, separator: "\n")
            message.whatsApp = .text(message.text)
        } else {
            // Neither half a caption nor a message without its file: another channel can carry both.
            problem = TransportFailure(
                category: .invalidInput,
                message: "the text is longer than the \(WhatsAppText.longestCaption) characters of a caption, and the file has no link")
        }
    }

    /// `plan.pdf: https://…`, a line for each file that has a link.
    private static func text(_ text: String, before files: [AttachmentUpload], separator: String) -> String {
        let lines = files.compactMap { file in file.link.map { "\(file.filename): \($0)" } }
        guard !lines.isEmpty else { return text }
        return text.isEmpty ? lines.joined(separator: "\n") : text + separator + lines.joined(separator: "\n")
    }

    private static func html(_ html: String, before files: [AttachmentUpload]) -> String {
        var block = "<div style=\"max-width:600px;margin:16px auto;padding:0 24px;font-family:Helvetica,Arial,sans-serif;font-size:15px\">"
        for file in files {
            guard let link = file.link else { continue }
            block += "<p style=\"margin:0 0 8px\">\(escaped(file.filename)): <a href=\"\(escaped(link))\">\(escaped(link))</a></p>"
        }
        return Self.html(html, endingWith: block + "</div>\n")
    }

    /// The page with something more at its end.
    static func html(_ html: String, endingWith block: String) -> String {
        guard let end = html.ranges(of: "</body>").last else { return html + block }
        return html[..<end.lowerBound] + block + html[end.lowerBound...]
    }

    private static func escaped(_ text: String) -> String {
        var output = ""
        for character in text {
            switch character {
            case "&": output += "&amp;"
            case "<": output += "&lt;"
            case ">": output += "&gt;"
            case "\"": output += "&quot;"
            case "'": output += "&#39;"
            default: output.append(character)
            }
        }
        return output
    }
}

extension AttachmentUpload {
    /// What WhatsApp shows as a picture: JPEG and PNG up to 5 MB. Everything else goes as a document.
    var isWhatsAppImage: Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        return (type == "image/jpeg" || type == "image/png") && content.count <= 5_000_000
    }
}
