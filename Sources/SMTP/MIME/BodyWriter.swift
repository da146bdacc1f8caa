/// Writes the parts of a message: alternatives within related images within attachments, as much of it as is needed.
struct BodyWriter {
    var writer: HeaderWriter
    private let seed: String
    private var boundaries = 0
    private var depth = 0

    init(writer: HeaderWriter, seed: String) {
        self.writer = writer
        self.seed = seed
    }

    mutating func write(_ message: MIMEMessage) {
        if message.attachments.isEmpty { return related(message) }
        multipart("mixed") { body, boundary in
            body.open(boundary)
            body.related(message)
            for attachment in message.attachments {
                body.open(boundary)
                body.file(attachment.bytes, attachment.contentType, attachment.filename, contentID: nil)
            }
        }
    }

    private mutating func related(_ message: MIMEMessage) {
        if message.inlineImages.isEmpty || message.html == nil { return alternative(message) }
        let type = message.text == nil ? "text/html" : "multipart/alternative"
        multipart("related", type: type) { body, boundary in
            body.open(boundary)
            body.alternative(message)
            for image in message.inlineImages {
                body.open(boundary)
                body.file(image.bytes, image.contentType, image.filename, contentID: image.contentID)
            }
        }
    }

    private mutating func alternative(_ message: MIMEMessage) {
        guard let html = message.html else { return text(message.text ?? "", "text/plain") }
        guard let plain = message.text else { return text(html, "text/html") }
        multipart("alternative") { body, boundary in
            body.open(boundary)
            body.text(plain, "text/plain")
            body.open(boundary)
            body.text(html, "text/html")
        }
    }

    private mutating func multipart(_ subtype: String, type: String? = nil, _ parts: (inout BodyWriter, String) -> Void) {
        let boundary = makeBoundary()
        writer.put("Content-Type: multipart/\(subtype)")
        // RFC 2387, 3.1: the type of the first part is told.
        if let type { writer.parameter("type", type) }
        writer.parameter("boundary", boundary)
        depth += 1
        writer.endLine()
        writer.endLine()
        parts(&self, boundary)
        depth -= 1
        writer.put("--\(boundary)--")
        writer.endLine()
    }

    private mutating func open(_ boundary: String) {
        writer.put("--\(boundary)")
        writer.endLine()
    }

    private mutating func text(_ text: String, _ type: StaticString) {
        writer.append(raw: "Content-Type: ".utf8)
        type.withUTF8Buffer { writer.append(raw: $0) }
        writer.append(raw: "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".utf8)
        let isPart = depth > 0
        writer.withOutput { output in
            let start = output.count
            QuotedPrintable.append(text, to: &output)
            // The line end before a boundary belongs to the boundary, so a part gets one more than its text has.
            if isPart || (output.count > start && output.last != 0x0A) {
                output.append(0x0D)
                output.append(0x0A)
            }
        }
    }

    private mutating func file(_ bytes: [UInt8], _ type: String, _ filename: String, contentID: String?) {
        writer.put("Content-Type: \(type)")
        // Readers without RFC 2231 take the name from here.
        if !type.utf8.contains(0x3B) { writer.parameter("name", Self.fallbackName(filename)) }
        writer.endLine()
        writer.put("Content-Transfer-Encoding: base64")
        writer.endLine()
        if let contentID {
            writer.put("Content-ID: <\(contentID)>")
            writer.endLine()
        }
        writer.put(contentID == nil ? "Content-Disposition: attachment" : "Content-Disposition: inline")
        writer.parameter("filename", filename)
        writer.endLine()
        writer.endLine()
        writer.withOutput { output in
            Base64.appendLines(bytes, to: &output)
            if bytes.isEmpty { output += [0x0D, 0x0A] }
        }
    }

    /// `=_` can occur neither in quoted-printable nor in base64, so no boundary occurs in a part.
    private mutating func makeBoundary() -> String {
        boundaries += 1
        return "=_\(Self.hash(seed, offset: 14_695_981_039_346_656_037))\(Self.hash(seed, offset: 88_172_645_463_325_252))_\(boundaries)"
    }

    /// FNV-1a, 64 bits, as hexadecimal digits.
    private static func hash(_ text: String, offset: UInt64) -> String {
        var hash = offset
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return String(hash, radix: 16)
    }

    /// The name in ASCII, at most 60 characters, its extension kept.
    private static func fallbackName(_ name: String) -> String {
        let ascii = name.unicodeScalars.map { scalar -> Character in
            scalar.isASCII && scalar != "\"" && scalar != "\\" && scalar != "?" && scalar != "=" ? Character(scalar) : "_"
        }
        guard ascii.count > 60 else { return String(ascii) }
        let dot = ascii.lastIndex(of: ".") ?? ascii.endIndex
        let ending = ascii[dot...].prefix(11)
        return String(ascii.prefix(60 - ending.count) + ending)
    }
}
