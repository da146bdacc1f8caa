import NIOCore
import TestSupport
import Testing

@testable import RESP

@Suite("reading answers")
struct ParserTests {
    /// Every kind of value, as RESP2 and RESP3 write it.
    static let samples: [(text: String, value: RESPValue)] = [
        ("+OK|", .simple("OK")),
        ("-ERR no|", .error("ERR no")),
        (":-42|", .integer(-42)),
        (":9223372036854775807|", .integer(.max)),
        (":-9223372036854775808|", .integer(.min)),
        ("$5|a|bc|", .bulk(Array("a\r\nbc".utf8))),
        ("$0||", .bulk([])),
        ("$-1|", .null),
        ("*-1|", .null),
        ("_|", .null),
        ("#t|", .boolean(true)),
        ("#f|", .boolean(false)),
        (",1.5|", .double(1.5)),
        (",-inf|", .double(-.infinity)),
        ("(34928903284092385049328504|", .simple("34928903284092385049328504")),
        ("!7|ERR bad|", .error("ERR bad")),
        ("=8|txt:abcd|", .bulk(Array("abcd".utf8))),
        ("*0|", .array([])),
        ("*3|:1|$1|x|*1|_|", .array([.integer(1), .bulk([0x78]), .array([.null])])),
        ("~2|:1|:2|", .set([.integer(1), .integer(2)])),
        ("%2|+b|:1|+a|:2|", .map([.init(key: .simple("b"), value: .integer(1)), .init(key: .simple("a"), value: .integer(2))])),
        (">2|+message|:1|", .push([.simple("message"), .integer(1)])),
        ("|1!+ttl!:3!+OK!", .simple("OK")),
        ("*2!|1!+a!*1!:1!:7!|0!:8!", .array([.integer(7), .integer(8)])),
    ]

    private static func bytes(_ sample: String) -> ByteBuffer {
        // An attribute begins with the sign that stands for a line's end elsewhere.
        let end: Character = sample.hasPrefix("|") || sample.contains("!|") ? "!" : "|"
        return ByteBuffer(string: sample.map { $0 == end ? "\r\n" : String($0) }.joined())
    }

    @Test("every kind of value is read, whole and in pieces of every size", arguments: samples.indices)
    func pieces(_ index: Int) throws {
        let sample = Self.samples[index]
        var bytes = Self.bytes(sample.text)
        bytes.writeString(":99\r\n")
        let all = Array(bytes.readableBytesView)
        for piece in 1...all.count {
            var parser = RESPParser()
            var buffer = ByteBuffer()
            var values: [RESPValue] = []
            for start in stride(from: 0, to: all.count, by: piece) {
                buffer.writeBytes(all[start..<min(start + piece, all.count)])
                while let value = try parser.next(from: &buffer) { values.append(value) }
            }
            #expect(values == [sample.value, .integer(99)], "in pieces of \(piece)")
            #expect(buffer.readableBytes == 0)
        }
    }

    @Test(
        "what is not the protocol is an error",
        arguments: [
            "\r\n", "x1\r\n", "HTTP/1.1 400 Bad Request\r\n", ":\r\n", ":1x\r\n", ":9223372036854775808\r\n", ":-9223372036854775809\r\n",
            ": 1\r\n", "$-2\r\n", "$x\r\n", "$?\r\n", "*-2\r\n", "*?\r\n", "%-1\r\n", "~-1\r\n", "#x\r\n", ",x\r\n", "(1.5\r\n",
            "=3\r\nabc\r\n",
            "=5\r\nabcde\r\n", "$3\r\nabcd\r\n", "+OK\rX\n", "*99999999999\r\n", "$99999999999\r\n", "%9223372036854775807\r\n",
            "*4611686018427387905\r\n",
        ])
    func malformed(text: String) {
        var parser = RESPParser()
        var buffer = ByteBuffer(string: text)
        #expect(throws: RESPError.self) {
            while try parser.next(from: &buffer) != nil {}
        }
    }

    @Test("32 containers inside each other are read, 33 are refused")
    func depth() throws {
        func nested(_ depth: Int) -> ByteBuffer { ByteBuffer(string: String(repeating: "*1\r\n", count: depth) + ":1\r\n") }
        var parser = RESPParser()
        var allowed = nested(32)
        #expect(try parser.next(from: &allowed) != nil)
        var parserOfTooMany = RESPParser()
        var tooMany = nested(33)
        #expect(throws: RESPError.protocolViolation("containers are nested too deeply")) { try parserOfTooMany.next(from: &tooMany) }
    }

    @Test("a bulk, an answer or a line beyond its limit is refused before it is there")
    func limits() throws {
        let limits = RESPLimits(maxBulkBytes: 100, maxAnswerBytes: 1000, maxLineBytes: 50)
        for text in [
            "$101\r\n", "+" + String(repeating: "x", count: 60), "*16\r\n",
            "*10\r\n" + String(repeating: "$90\r\n" + String(repeating: "x", count: 90) + "\r\n", count: 7),
            // Attributes are dropped, but not for nothing.
            String(repeating: "|1\r\n+a\r\n+b\r\n", count: 20),
        ] {
            var parser = RESPParser(limits: limits)
            var buffer = ByteBuffer(string: text)
            #expect(throws: RESPError.self, "\(text.prefix(20))") {
                while try parser.next(from: &buffer) != nil {}
            }
        }
        var parser = RESPParser(limits: limits)
        var allowed = ByteBuffer(string: "$100\r\n" + String(repeating: "x", count: 100) + "\r\n")
        #expect(try parser.next(from: &allowed) != nil)
    }

    @Test("random bytes and damaged answers end in values or errors, never in a crash")
    func fuzz() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("+-:$*_#,(!=%~|>?0123456789\r\n\r\n\r\n1txt:abc".utf8)
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = (0..<Int.random(in: 1...60, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            } else {
                bytes = Array(Self.bytes(Self.samples.randomElement(using: &random)?.text ?? "").readableBytesView)
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var parser = RESPParser(limits: RESPLimits(maxBulkBytes: 1000, maxAnswerBytes: 5000))
            var buffer = ByteBuffer(bytes: bytes)
            var values = 0
            while let value = try? parser.next(from: &buffer) {
                _ = value.hashValue
                values += 1
            }
            #expect(values <= bytes.count)
        }
    }

    @Test("a command is an array of bulk strings with lengths in bytes")
    func commands() {
        var buffer = ByteBuffer()
        RESPCommand.write(["SET", "k", RESPArgument("ü\r\n"), RESPArgument(7), RESPArgument([])], to: &buffer)
        #expect(String(buffer: buffer) == "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nü\r\n\r\n$1\r\n7\r\n$0\r\n\r\n")
    }
}
