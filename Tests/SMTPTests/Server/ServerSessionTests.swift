import NIOCore
import Testing

@testable import SMTP

@Suite("The server's side of a session")
struct ServerSessionTests {
    private func session(tls: Bool = false, maxErrors: Int = 10) -> ServerSession {
        ServerSession(
            hostName: "mx.example.org",
            limits: .init(maxMessageBytes: 1_000, maxRecipients: 2, maxErrors: maxErrors, maxIdleCommands: 20, maxMessages: 3),
            offersTLS: tls, accepts: { $0.hasSuffix("@ours.example") })
    }

    private func code(_ action: ServerSession.Action) -> Int {
        switch action {
        case .reply(let reply), .end(let reply), .data(let reply), .startTLS(let reply): reply.code
        }
    }

    private func codes(_ commands: [String], tls: Bool = false) -> [Int] {
        var session = session(tls: tls)
        return commands.map { code(session.command(Array($0.utf8))) }
    }

    @Test(
        "commands are answered in their order, and out of it not at all",
        arguments: [
            (["EHLO a", "MAIL FROM:<>", "RCPT TO:<x@ours.example>", "DATA"], [250, 250, 250, 354]),
            (["MAIL FROM:<>"], [503]), (["EHLO a", "RCPT TO:<x@ours.example>"], [250, 503]), (["EHLO a", "DATA"], [250, 503]),
            (["HELO a", "MAIL FROM:<a@b>", "DATA"], [250, 250, 554]), (["EHLO a", "MAIL FROM:<a@b>", "MAIL FROM:<a@b>"], [250, 250, 503]),
            (["EHLO a", "MAIL FROM:<a@b>", "RSET", "RCPT TO:<x@ours.example>"], [250, 250, 250, 503]),
            (["ehlo a", "mail from:<a@b> size=10 BODY=8bitmime", "rcpt to: <x@ours.example>"], [250, 250, 250]),
            (["EHLO a", "MAIL FROM:<a@b> SIZE=1001"], [250, 552]),
            (["EHLO a", "MAIL FROM:<a@b> SIZE=99999999999999999999999"], [250, 501]),
            (["EHLO a", "MAIL FROM:<a@b> SMTPUTF8"], [250, 555]), (["EHLO a", "MAIL FROM:<a@b> RET=HDRS"], [250, 555]),
            (["EHLO a", "MAIL FROM:a@b"], [250, 501]), (["EHLO a", "MAIL FROM:<a@b"], [250, 501]),
            (["EHLO a", "MAIL FROM:<a@b>x"], [250, 501]),
            (["EHLO a", "MAIL FROM:<>", "RCPT TO:<>"], [250, 250, 501]),
            (["EHLO a", "MAIL FROM:<>", "RCPT TO:<x@ours.example> NOTIFY=NEVER"], [250, 250, 555]),
            (["EHLO a", "MAIL FROM:<>", "RCPT TO:<@relay.example:x@ours.example>"], [250, 250, 250]),
            (["EHLO", "HELO", "EHLO a", "DATA x"], [501, 501, 250, 501]), (["STARTTLS"], [502]), (["AUTH PLAIN AAAA"], [502]),
            (["VRFY root", "EXPN list", "HELP", "NOOP", "NONSENSE", ""], [252, 502, 214, 250, 500, 500]), (["GET / HTTP/1.1"], [554]),
            (["QUIT"], [221]), (["EHLO \u{e4}"], [500]), (["EHLO a\0b"], [500]),
        ] as [([String], [Int])])
    func order(commands: [String], expected: [Int]) {
        #expect(codes(commands) == expected)
    }

    @Test("nobody learns which addresses there are, and nothing is relayed")
    func noRelay() {
        var session = session()
        _ = session.command(Array("EHLO a".utf8))
        _ = session.command(Array("MAIL FROM:<a@b>".utf8))
        let answers = ["root@elsewhere.example", "postmaster@mx.example.org", "x%elsewhere.example@b", "x@elsewhere.example@b", "\"@\"@b"]
            .map {
                session.command(Array("RCPT TO:<\($0)>".utf8))
            }
        #expect(Set(answers.map { "\($0)" }).count == 1 && answers.first == .reply(.noSuchAddress))
    }

    @Test("recipients are bounded, and named twice count once")
    func recipients() {
        #expect(
            codes([
                "EHLO a", "MAIL FROM:<>", "RCPT TO:<a@ours.example>", "RCPT TO:<a@ours.example>", "RCPT TO:<b@ours.example>",
                "RCPT TO:<c@ours.example>",
            ])
                == [250, 250, 250, 250, 250, 452])
    }

    @Test("whoever errs too often, idles too long or sends too much is shown out")
    func patience() {
        var session = session(maxErrors: 3)
        let ends = (0..<5).map { _ in session.command(Array("X".utf8)) }
        #expect(ends.prefix(3).allSatisfy { code($0) == 500 } && ends[3] == .end(.tooManyErrors))
        var idle = self.session()
        #expect((0..<22).map { _ in idle.command(Array("NOOP".utf8)) }.last == .end(.tooManyErrors))
        var busy = self.session()
        #expect(busy.settled(.taken) == .reply(ServerReply(250, "2.6.0 taken")))
        #expect(code(busy.settled(.later)) == 451)
        guard case .end(let last) = busy.settled(.refused) else { return #expect(Bool(false), "the third message is not the last") }
        #expect(last.code == 550)
    }

    @Test("STARTTLS is offered once, and forgets what was said before")
    func startTLS() {
        var session = session(tls: true)
        guard case .reply(let hello) = session.command(Array("EHLO a".utf8)) else { return #expect(Bool(false)) }
        #expect(hello.lines.contains("STARTTLS") && !hello.lines.contains("SMTPUTF8"))
        #expect(code(session.command(Array("STARTTLS".utf8))) == 220)
        session.encrypted()
        #expect(code(session.command(Array("MAIL FROM:<>".utf8))) == 503)
        guard case .reply(let again) = session.command(Array("EHLO a".utf8)) else { return #expect(Bool(false)) }
        #expect(!again.lines.contains("STARTTLS"))
        #expect(code(session.command(Array("STARTTLS".utf8))) == 503)
    }

    // MARK: Messages

    private func read(_ chunks: [String], kept: Int = 1_000, most: Int = 1_000) -> (DataReader, DataReader.Progress, String) {
        var reader = DataReader(keptBytes: kept, maxBytes: most)
        var buffer = ByteBuffer()
        var progress = DataReader.Progress.more
        for chunk in chunks where progress == .more {
            buffer.writeString(chunk)
            progress = reader.read(&buffer)
        }
        return (reader, progress, String(buffer: buffer))
    }

    @Test(
        "only CRLF.CRLF ends a message; every other form is text (SMTP smuggling)",
        arguments: [
            "\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r\n.\r\r\n", "\r\n.\0\r\n", "\r.\r\n", "\r\n\0.\r\n", "\r\n. \r\n",
        ])
    func smuggling(end: String) {
        let (reader, progress, rest) = read(["a\(end)MAIL FROM:<x@y>\r\n"])
        #expect(progress == .more && rest.isEmpty)
        #expect(String(decoding: reader.kept, as: UTF8.self).contains("MAIL FROM"))
    }

    @Test("dots are unstuffed, and what follows the end stays, wherever the bytes are cut")
    func ends() {
        let wire = "..a\r\n.b\r\n\r\n...\r\nc\r\n.\r\nQUIT\r\n"
        for size in 1...wire.utf8.count {
            let bytes = Array(wire.utf8)
            let chunks = stride(from: 0, to: bytes.count, by: size).map {
                String(decoding: bytes[$0..<min($0 + size, bytes.count)], as: UTF8.self)
            }
            var reader = DataReader(keptBytes: 1_000, maxBytes: 1_000)
            var buffer = ByteBuffer()
            var progress = DataReader.Progress.more
            for chunk in chunks {
                buffer.writeString(chunk)
                if progress == .more { progress = reader.read(&buffer) }
            }
            #expect(
                progress == .ended && String(decoding: reader.kept, as: UTF8.self) == ".a\r\nb\r\n\r\n..\r\nc\r\n"
                    && String(buffer: buffer) == "QUIT\r\n")
        }
        #expect(read([".\r\n"]).1 == .ended && read([".\r\n"]).0.size == 0)
    }

    @Test("of a long message the beginning is kept, and beyond the limit it is refused")
    func long() {
        let (reader, progress, _) = read([String(repeating: "x", count: 500) + "\r\n.\r\n"], kept: 10)
        #expect(progress == .ended && reader.kept.count == 10 && reader.size == 502)
        #expect(read([String(repeating: "x", count: 2_000)]).1 == .tooLarge)
        #expect(read([String(repeating: "\r", count: 2_000)]).1 == .tooLarge)
    }
}
