import Testing

@testable import Core

@Suite("Percent escapes")
struct PercentDecodingTests {
    @Test(
        "escapes are read, whatever the case of their digits",
        arguments: [("a%20b", "a b"), ("%C3%bc", "ü"), ("%2525", "%25"), ("", ""), ("a+b", "a+b"), ("%00", "\u{0}")])
    func decoded(source: String, text: String) {
        #expect(PercentDecoding.decode(Array(source.utf8)) == text)
    }

    @Test("a plus is a space in forms only")
    func plus() {
        #expect(PercentDecoding.decode(Array("a+%2B".utf8), plusIsSpace: true) == "a +")
    }

    @Test("broken escapes and bytes that are no UTF-8 are no text", arguments: ["%", "%4", "a%", "%g0", "%0g", "%ff", "%C3", "%%20"])
    func refused(source: String) {
        #expect(PercentDecoding.decode(Array(source.utf8)) == nil)
    }
}
