import Foundation
import Testing

@testable import SMTP

@Suite("messages as Python's email package reads them")
struct MIMEPythonTests {
    struct Read: Decodable {
        struct Part: Decodable {
            let type: String
            let filename: String?
            let cid: String?
            let content: String
        }
        let subject: String
        let fromName: String
        let fromAddress: String
        let toNames: [String]
        let extra: String?
        let parts: [Part]
        let problems: [String]
        let structure: [String]
    }

    private static let reader = """
        import sys, json, base64, email
        from email import policy, utils, header
        def names(value):
            # The modern parser of Python 3.11 keeps the space between adjacent encoded words of a display name; this one does not.
            return [str(header.make_header(header.decode_header(n))) for n, a in utils.getaddresses([value.replace('\\r\\n', '')])]
        strict = policy.SMTP.clone(raise_on_defect=True)
        for line in sys.stdin:
            raw = base64.b64decode(line)
            problems = []
            for l in raw.split(b'\\r\\n'):
                if len(l) > 998: problems.append('line of %d' % len(l))
                if b'\\n' in l or b'\\r' in l: problems.append('bare line end')
                if any(b > 126 or b < 32 and b != 9 for b in l): problems.append('not 7 bit: %r' % l)
            head = raw.split(b'\\r\\n\\r\\n')[0].split(b'\\r\\n')
            for l in head:
                if len(l) > 78: problems.append('long header line %r' % l)
                if not l.strip(): problems.append('blank folded line')
            message = email.message_from_bytes(raw, policy=strict)
            parts = []
            structure = []
            for part in message.walk():
                structure.append(part.get_content_type())
                if part.defects: problems.append(repr(part.defects))
                for name, value in part.items():
                    if value.defects: problems.append(name + ' ' + repr(value.defects))
                if not part.is_multipart():
                    content = part.get_payload(decode=True)
                    cid = part['content-id']
                    parts.append({'type': part.get_content_type(), 'filename': part.get_filename(), 'cid': cid and str(cid),
                                  'content': base64.b64encode(content).decode()})
            sender = message['from'].addresses[0]
            old = email.message_from_bytes(raw)
            print(json.dumps({'subject': str(message['subject']), 'fromName': names(old['from'])[0],
                'fromAddress': sender.addr_spec, 'toNames': names(old['to']),
                'extra': message['x-extra'] and str(message['x-extra']), 'parts': parts, 'problems': problems,
                'structure': structure}))
        """

    private static let texts: [String] = [
        "", "plain", "Zoë & Jürgen", "📸🎉 emoji 👩‍👩‍👧‍👦 family", "مرحبا بالعالم", "שלום עולם", String(repeating: "word ", count: 60) + "end",
        String(repeating: "x", count: 300), String(repeating: "日本語の長い件名", count: 20), "quotes \" and \\ back", "a, b; c <d> (e) @ f",
        "=?utf-8?B?c3Bvb2Y=?=", "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30A}", "tab\tin it", "50% = half_done?",
        String(repeating: "Große Grüße ", count: 15) + "Ende",
    ]

    private static let bodies: [String] = [
        "", "short", ".\r\n..\r\n.dot\r\n", "trailing space \r\ntab\t\r\nend ", String(repeating: "long line ", count: 300),
        String(repeating: "ü", count: 500), "a=b\r\n=20\r\n", "From here\r\nTo there\r\n\r\n\r\n", String(repeating: "a", count: 75) + " ",
        String(repeating: "a", count: 74) + " \r\n" + String(repeating: "a", count: 75) + "\r\n" + String(repeating: "a", count: 76),
        "📸\u{0}\u{7}",
    ]

    private static let names: [String] = [
        "photo.jpg", "rész let.pdf", "../../etc/passwd", "a\"b\\c\r\nX-Evil: 1.txt", "", ".", String(repeating: "ж", count: 200) + ".pdf",
        String(repeating: "long-", count: 30) + ".txt", "invoice\u{202E}fdp.exe", "=?x?=.txt", "semi;colon,comma.txt", "it's 100%.txt",
    ]

    private func message(_ index: Int) throws -> MIMEMessage {
        let text = Self.texts[index % Self.texts.count]
        let body = Self.bodies[index % Self.bodies.count]
        var message = try MIMEMessage(
            from: Mailbox(name: text, address: MailAddress("studio@example.com")),
            to: [
                Mailbox(name: Self.texts[(index + 3) % Self.texts.count], address: MailAddress("one@example.com")),
                Mailbox(MailAddress("two@bücher.example")),
            ],
            subject: text, date: 1_795_247_822_000 + Int64(index) * 86_400_000 * 31, messageID: MessageID("m\(index)@example.com"))
        if index % 3 != 1 { message.text = body }
        if index % 3 != 0 { message.html = "<p>" + body + "</p>" }
        if index % 4 == 1 { message.headers.append(try HeaderField("X-Extra", text)) }
        message.isAutoGenerated = index % 2 == 0
        if index % 5 < 2 {
            let bytes = (0..<(index * 7 % 300)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            message.attachments = [
                try Attachment(filename: Self.names[index % Self.names.count], contentType: "application/pdf", bytes: bytes)
            ]
        }
        if index % 6 < 3 {
            message.inlineImages = [try InlineImage(contentID: "logo@example.com", contentType: "image/png", bytes: [1, 2, 3])]
        }
        return message
    }

    @Test("176 messages with hostile and foreign text parse without a defect and read back as they were meant")
    func roundTrip() async throws {
        let messages = try (0..<176).map(message)
        let input = messages.map { Data($0.render()).base64EncodedString() + "\n" }.joined()
        let output = try await ChildProcess.python(Self.reader, input: input)
        try #require(output.count == messages.count)
        for (message, line) in zip(messages, output) {
            let read = try JSONDecoder().decode(Read.self, from: Data(line.utf8))
            #expect(read.problems == [], "\(message.messageID)")
            #expect(Self.folded(read.subject) == Self.folded(message.subject))
            #expect(Self.folded(read.fromName) == Self.folded(message.from.name ?? ""))
            #expect(read.fromAddress == "studio@example.com")
            #expect(read.toNames.map(Self.folded) == message.to.map { Self.folded($0.name ?? "") })
            if let header = message.headers.first { #expect(Self.folded(read.extra ?? "") == Self.folded(header.value)) }
            try checkParts(read, message)
        }
    }

    private func checkParts(_ read: Read, _ message: MIMEMessage) throws {
        let plain = read.parts.first { $0.type == "text/plain" }
        let html = read.parts.first { $0.type == "text/html" }
        if let text = message.text { #expect(try Self.lines(#require(plain).content) == Self.lines(of: text), "\(message.messageID)") }
        if let text = message.html { #expect(try Self.lines(#require(html).content) == Self.lines(of: text), "\(message.messageID)") }
        let file = read.parts.first { $0.type == "application/pdf" }
        #expect(file?.filename == message.attachments.first?.filename)
        #expect(file?.content == message.attachments.first.map { Data($0.bytes).base64EncodedString() })
        let images = message.html == nil ? [] : message.inlineImages
        #expect(read.parts.first { $0.type == "image/png" }?.cid == images.first.map { "<\($0.contentID)>" })
        var structure: [String] = []
        if !message.attachments.isEmpty { structure.append("multipart/mixed") }
        if !images.isEmpty { structure.append("multipart/related") }
        if message.text != nil, message.html != nil { structure.append("multipart/alternative") }
        #expect(read.structure.filter { $0.hasPrefix("multipart") } == structure)
    }

    /// White space is what header folding may change.
    private static func folded(_ text: String) -> String {
        text.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }

    private static func lines(_ base64: String) throws -> String {
        lines(of: String(decoding: try #require(Data(base64Encoded: base64)), as: UTF8.self))
    }

    /// A single part's text ends its last line.
    private static func lines(of text: String) -> String {
        var text = text
        while text.hasSuffix("\r\n") { text.removeLast() }
        return text
    }
}
