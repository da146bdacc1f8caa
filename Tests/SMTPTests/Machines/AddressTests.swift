import Testing

@testable import SMTP

@Suite("mail addresses")
struct AddressTests {
    @Test(
        "one plain address is taken",
        arguments: [
            "a@b", "anna.b+tag@example.com", "\"odd name\"@example.com", "x@[192.0.2.1]", "x@[IPv6:2001:db8::1]", "jürgen@example.com",
            "o'neil!#$%&*=?^_`{|}~-/@sub.example.com", "\"a@b\"@example.com", "\"quo\\\"te\"@example.com",
        ])
    func valid(text: String) throws {
        let address = try MailAddress(text)
        #expect(address.text == text)
        #expect(address.wireText == text)
    }

    @Test(
        "anything else is refused with its reason",
        arguments: [
            ("", MailAddressError.empty), ("a", .missingAtSign), ("a@b@c", .notASingleAddress), ("a@b,c@d", .notASingleAddress),
            ("a@b, c@d", .notASingleAddress), ("Anna <a@b.c>", .notASingleAddress), ("a@b;", .notASingleAddress), ("@b", .invalidLocalPart),
            ("a@", .invalidDomain), ("a@b\r\nRCPT TO:<c@d>", .controlCharacter), ("a\n@b", .controlCharacter),
            ("a\u{0}@b", .controlCharacter),
            ("a(comment)@b.c", .notASingleAddress), ("a@(comment)b.c", .notASingleAddress), ("a..b@c", .invalidLocalPart),
            (".a@c", .invalidLocalPart), ("a.@c", .invalidLocalPart), ("a@.c", .invalidDomain), ("a@c.", .invalidDomain),
            ("a@-c.de", .invalidDomain), ("a@c_d.de", .invalidDomain), ("a b@c", .notASingleAddress), ("\"a@b.c", .missingAtSign),
            ("\"\"@b.c", .invalidLocalPart), ("a@[", .invalidDomain), ("a@[]", .invalidDomain), ("a@[1 ]", .invalidDomain),
            ("a\u{2028}@b.c", .controlCharacter), ("a@b\u{200B}.c", .controlCharacter), ("a@b\u{85}.c", .controlCharacter),
            ("<a@b.c>", .notASingleAddress), ("a@b.c>", .notASingleAddress),
        ] as [(String, MailAddressError)])
    func invalid(text: String, reason: MailAddressError) {
        let error = #expect(throws: MailAddressError.self) { try MailAddress(text) }
        if text != "\"a@b.c" { #expect(error == reason) }
    }

    @Test("lengths: 64 octets before the @ and 254 in all, counted as they travel")
    func lengths() throws {
        let local = String(repeating: "a", count: 64)
        let domain = [63, 63, 59].map { String(repeating: "d", count: $0) }.joined(separator: ".")
        #expect(try MailAddress("\(local)@\(domain).c").text.utf8.count == 254)
        #expect(throws: MailAddressError.tooLong) { try MailAddress("\(local)@\(domain).cc") }
        #expect(throws: MailAddressError.tooLong) { try MailAddress("a\(local)@example.com") }
        #expect(throws: MailAddressError.invalidDomain) { try MailAddress("a@\(String(repeating: "d", count: 64)).com") }
    }

    @Test(
        "international domains travel as A-labels",
        arguments: [
            ("a@bücher.example", "a@xn--bcher-kva.example"), ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
            ("a@bu\u{308}cher.example", "a@xn--bcher-kva.example"), ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
            ("a@münchen。de", "a@xn--mnchen-3ya.de"), ("a@пример.испытание", "a@xn--e1afmkfd.xn--80akhbyknj4f"),
        ])
    func international(text: String, wire: String) throws {
        let address = try MailAddress(text)
        #expect(address.wireText == wire)
        #expect(address.isASCII)
    }

    @Test("an international local part needs SMTPUTF8")
    func localPart() throws { #expect(try !MailAddress("jürgen@example.com").isASCII) }

    @Test(
        "the samples of RFC 3492, section 7.1, encode as printed",
        arguments: [
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"), ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
            ("Pročprostěnemluvíčesky", "Proprostnemluvesky-uyb24dma41a"), ("3年B組金八先生", "3B-ww4c5e180e575a65lsy2b"),
        ])
    func punycode(text: String, expected: String) {
        #expect(Punycode.encode(Array(text.unicodeScalars)) == expected)
    }

    @Test("random text never crashes, and what is taken is safe in a command line")
    func random() {
        let scalars: [Unicode.Scalar] = [
            "a", "Z", "0", "@", ".", "-", "\"", "\\", "<", ">", ",", " ", "\r", "\n", "\0", "[", "]", ":", "(", "ü", "ß", "例", "\u{308}",
            "。", "\u{202E}",
            "\u{10FFFF}", "İ", "ﬁ", "\u{200D}",
        ]
        for _ in 0..<30_000 {
            var view = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0..<14) { view.append(scalars.randomElement() ?? "a") }
            guard let address = try? MailAddress(String(view) + (Bool.random() ? "@b.c" : "")) else { continue }
            let wire = address.wireText
            #expect(wire.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            #expect(address.localPart.utf8.first == 0x22 || !wire.utf8.contains { $0 == 0x3C || $0 == 0x3E || $0 == 0x2C || $0 == 0x20 })
            let domain = wire.utf8.reversed().prefix { $0 != 0x40 }
            #expect(!domain.isEmpty && domain.allSatisfy { $0 < 0x80 && $0 > 0x20 })
            #expect(wire.utf8.count <= 254)
        }
    }
}
