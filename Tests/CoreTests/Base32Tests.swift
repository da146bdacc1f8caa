import Core
import Testing

@Suite("Base32")
struct Base32Tests {
    @Test(
        "the vectors of RFC 4648 hold, in either case",
        arguments: [
            ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"), ("foobar", "mzxw6ytboi"),
        ])
    func vectors(text: String, encoded: String) {
        #expect(Base32.encode(text.utf8) == encoded)
        #expect(Base32.decode(encoded.utf8) == Array(text.utf8))
        #expect(Base32.decode(encoded.uppercased().utf8) == Array(text.utf8))
    }

    @Test("what no encoder writes is refused", arguments: ["m", "mz1q", "my=", "mz q", "mzx", "mz", "abc\u{00}", "mzxw6yr"])
    func refused(text: String) {
        #expect(Base32.decode(text.utf8) == nil)
    }
}
