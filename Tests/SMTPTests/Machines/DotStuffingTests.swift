import NIOCore
import Testing

@testable import SMTP

@Suite("dot-stuffing")
struct DotStuffingTests {
    @Test(
        "dots double at line starts, line ends become CRLF, a final dot line is added",
        arguments: [
            ("", ".\r\n"), ("a", "a\r\n.\r\n"), ("a\r\n", "a\r\n.\r\n"), ("a\r\n.b\r\n..\r\n", "a\r\n..b\r\n...\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\nb", "a\r\nb\r\n.\r\n"), ("a\rb", "a\r\nb\r\n.\r\n"), ("a\n.\nb\n", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r\r\nb", "a\r\n\r\nb\r\n.\r\n"),
            ("a\r\n.\r\nMAIL FROM:<x>\r\n", "a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"), ("a\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("\r\n\r\n", "\r\n\r\n.\r\n"), ("\n", "\r\n.\r\n"), ("a\r", "a\r\n.\r\n"), ("a.b", "a.b\r\n.\r\n"),
        ])
    func table(message: String, wire: String) {
        var output = ByteBuffer()
        DotStuffing.write(Array(message.utf8), into: &output)
        #expect(String(buffer: output) == wire)
    }

    @Test("random messages never hold a bare line end or an early final dot, and un-stuff to the normalised message")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let alphabet: [UInt8] = [0x0D, 0x0A, 0x2E, 0x61, 0x00, 0xFF]
        for _ in 0..<2000 {
            let message = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            var buffer = ByteBuffer()
            DotStuffing.write(message, into: &buffer)
            let wire = Array(buffer.readableBytesView)
            #expect(LineEndings.normalized(wire) == wire)
            let lines = wire.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { $0.dropLast() }
            #expect(lines.last.map(Array.init) == [0x2E])
            #expect(!lines.dropLast().contains { $0.elementsEqual([0x2E]) })
            var expected = LineEndings.normalized(message)
            if !expected.isEmpty, expected.last != 0x0A { expected += [0x0D, 0x0A] }
            let unstuffed = lines.dropLast().flatMap { ($0.first == 0x2E ? Array($0.dropFirst()) : Array($0)) + [0x0D, 0x0A] }
            #expect(unstuffed == expected)
        }
    }

    @Test("8-bit octets are seen anywhere", arguments: [0, 1, 7, 8, 9, 63])
    func eightBit(position: Int) {
        var message = [UInt8](repeating: 0x7F, count: 64)
        #expect(!DotStuffing.is8Bit(message))
        message[position] = 0x80
        #expect(DotStuffing.is8Bit(message))
    }
}
