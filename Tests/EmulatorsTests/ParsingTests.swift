import Testing

@testable import Emulators

@Suite("What the emulators read", .timeLimit(.minutes(5)))
struct ParsingTests {
    @Test("a callback's address keeps its query, loses its fragment, and moves where it is told")
    func addresses() throws {
        let address = try #require(
            CallbackAddress("https://a.example.org:8443/x/y?b=1#rc=3&rp=ct,5xx&rt=10", connectTo: "http://127.0.0.1:1/"))
        #expect(address.signed == "https://a.example.org:8443/x/y?b=1" && address.target == "http://127.0.0.1:1/x/y?b=1")
        #expect(address.host == "a.example.org" && address.retries == 3 && address.retriesOn == ["ct", "5xx"])
        let plain = try #require(CallbackAddress("http://localhost?q"))
        #expect(plain.target == "http://localhost?q" && plain.retries == 1 && plain.retriesOn == ["ct"] && plain.host == "localhost")
        #expect(CallbackAddress("http://localhost#rc=9")?.retries == 1)
        for text in ["", "/x", "ftp://a/", "http://", "http:///x", "http://:80/", "http://a b/", "http://a/\u{7F}", "javascript:alert(1)"] {
            #expect(CallbackAddress(text) == nil)
        }
    }

    @Test("magic numbers are read by their digits, and their neighbours are ordinary")
    func magicNumbers() {
        func behaviour(_ number: String) -> Behaviour? { MagicNumber.behaviour(of: number) { $0 >= 30_000 } }
        #expect(behaviour("+150055530003") == .fail(code: 30_003))
        #expect(behaviour("+150055521610") == .refuse(code: 21_610))
        #expect(behaviour("+150055630003") == .refuse(code: 30_003))
        #expect(behaviour("+150055721610") == .fail(code: 21_610))
        #expect(behaviour("+1500555131026") == .fail(code: 131_026))
        #expect(behaviour("+150055500190") == .refuse(code: 190))
        #expect(behaviour("+15005559002") == .hang)
        for ordinary in [
            "+15005550006", "+15005559999", "+15005551234", "+15551230000", "+1500555", "+150055500000", "+15005551234567", "+1500555abcde",
        ] {
            #expect(behaviour(ordinary) == nil)
        }
    }

    @Test("multipart forms are read whole or not at all")
    func multipart() throws {
        let type = "multipart/form-data; charset=utf-8; boundary=\"x y\""
        let body = Array(
            "--x y\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f;1\"\r\n\r\n1\r\n--x\r\n--x y\r\ncontent-disposition: form-data; name=b\r\n\r\n\r\n--x y--"
                .utf8)
        let form = try #require(MultipartForm(body, contentType: type))
        #expect(form.text("a") == "1\r\n--x" && form.text("b") == "" && form.text("c") == nil)
        for length in 0..<body.count - 2 { #expect(MultipartForm(Array(body.prefix(length)), contentType: type) == nil) }
        #expect(MultipartForm(body, contentType: "multipart/form-data") == nil)
        #expect(MultipartForm(body, contentType: "multipart/form-data; boundary=") == nil)
    }

    @Test("TwiML gives its messages, whatever else it holds")
    func twiML() {
        func messages(_ text: String) -> [String]? { TwiML.messages(Array(text.utf8)) }
        #expect(
            messages("<Response><Message to=\"+1\"><Body>a &lt; b &amp;amp; c</Body><Media>u</Media></Message></Response>") == [
                "a < b &amp; c"
            ])
        #expect(messages("<Response/>") == [])
        #expect(messages("<Response><Message/><Message>x</Message><Message>cut") == ["x"])
        #expect(messages("<Response>" + String(repeating: "<Message>m</Message>", count: 20))?.count == 10)
        #expect(messages("") == nil && messages("OK") == nil && messages("{\"a\":1}") == nil)
    }

    @Test("template texts name their parameters")
    func placeholders() {
        #expect(EmulatedTemplate.placeholders(in: "a {{1}} b {{ 2 }} {{1}} {{}} {{x") == ["1", "2"])
        #expect(EmulatedTemplate.placeholders(in: "}}{{").isEmpty)
    }
}
