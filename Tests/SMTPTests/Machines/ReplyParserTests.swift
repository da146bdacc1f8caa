import NIOCore
import Testing

@testable import SMTP

@Suite("reply parser")
struct ReplyParserTests {
    private func parse(_ pieces: [String]) throws -> [(Int, String)] {
        var parser = ReplyParser()
        var replies: [(Int, String)] = []
        for piece in pieces {
            parser.append(ByteBuffer(string: piece))
            while let reply = try parser.next() { replies.append((reply.code, reply.text)) }
        }
        return replies
    }

    @Test("single, multi-line, bare-code and LF-only replies, however the bytes are cut", arguments: [1, 2, 3, 7, 1000])
    func cuts(size: Int) throws {
        let stream = "220 hi\r\n250-a\r\n250-B C\r\n250 d\r\n354\r\n221 bye\n250-\r\n250 \r\n"
        let bytes = Array(stream.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map {
            String(decoding: bytes[$0..<min($0 + size, bytes.count)], as: UTF8.self)
        }
        let replies = try parse(pieces)
        #expect(replies.map(\.0) == [220, 250, 354, 221, 250])
        #expect(replies.map(\.1) == ["hi", "a B C d", "", "bye", " "])
    }

    @Test(
        "what is no reply is refused",
        arguments: [
            ("hello\r\n", ReplyParser.Violation.malformedLine), ("\r\n", .malformedLine), ("99\r\n", .malformedLine),
            ("199 x\r\n", .malformedLine),
            ("600 x\r\n", .malformedLine), ("2500 x\r\n", .malformedLine), ("250_x\r\n", .malformedLine),
            ("\u{0}\u{0}\u{0}\r\n", .malformedLine),
            ("250-a\r\n251 b\r\n", .codesDiffer), ("HTTP/1.1 400 Bad Request\r\n", .malformedLine),
        ] as [(String, ReplyParser.Violation)])
    func refused(text: String, violation: ReplyParser.Violation) {
        #expect(throws: violation) { try parse([text]) }
    }

    @Test("an endless line, an endless reply and too many lines end in an error instead of memory")
    func bounded() {
        #expect(throws: ReplyParser.Violation.lineTooLong) { try parse([String(repeating: "2", count: 4097)]) }
        #expect(throws: ReplyParser.Violation.lineTooLong) { try parse(["250 " + String(repeating: "x", count: 4096) + "\r\n"]) }
        #expect(throws: ReplyParser.Violation.replyTooLong) { try parse(Array(repeating: "250-x\r\n", count: 129)) }
        let long = "250-" + String(repeating: "x", count: 4000) + "\r\n"
        #expect(throws: ReplyParser.Violation.replyTooLong) { try parse(Array(repeating: long, count: 17)) }
    }

    @Test("text for records is printable and bounded")
    func printable() throws {
        var parser = ReplyParser()
        parser.append(
            ByteBuffer(
                bytes: Array("550 5.1.1 a\u{0}\u{1B}[31m".utf8) + [0xFF, 0x80] + Array(repeating: 0x78, count: 1000) + [0x0D, 0x0A]))
        let reply = try #require(try parser.next())
        #expect(reply.text.hasPrefix("5.1.1 a??[31m??xxx"))
        #expect(reply.text.utf8.count == 512)
        #expect(reply.enhanced == EnhancedStatus(5, 1, 1))
    }

    @Test(
        "enhanced codes are read at the start of the text only",
        arguments: [
            ("2.0.0 ok", EnhancedStatus(2, 0, 0)), ("5.7.515", EnhancedStatus(5, 7, 515)), ("4.7.0\tx", EnhancedStatus(4, 7, 0)),
            ("x 5.1.1", nil), ("5.1", nil), ("5.1.1.1", nil), ("5.1.1x", nil), ("3.1.1 x", nil), ("5.1234.1 x", nil), ("", nil),
            ("5..1 x", nil),
        ] as [(String, EnhancedStatus?)])
    func enhanced(text: String, expected: EnhancedStatus?) { #expect(EnhancedStatus.parse(text.utf8) == expected) }
}
