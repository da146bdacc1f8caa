import Testing

@testable import SMTP

@Suite("Reading messages")
struct ParseTests {
    private func message(_ text: String, _ limits: ParseLimits = .standard) -> ParsedMessage {
        ParsedMessage(Array(text.replacing("\n", with: "\r\n").utf8), limits: limits)
    }

    @Test("headers are unfolded, names folded, and lines that are none fall out")
    func headers() {
        let parsed = message(
            """
            From something without a colon
            Subject: one
             two\tthree
            X-Empty:
            : nameless
            bad name: x
            SUBJECT: second

            body
            """)
        #expect(parsed.headers.map(\.name) == ["subject", "x-empty", "subject"])
        #expect(parsed.header("subject") == "one two three")
        #expect(parsed.header("x-empty") == "")
        #expect(String(decoding: parsed.body, as: UTF8.self) == "body")
    }

    @Test(
        "encoded words are decoded, and what only looks like one is left",
        arguments: [
            ("=?UTF-8?Q?Pl=C3=A4ne?=", "Pläne"), ("=?utf-8?b?UGzDpG5l?= =?utf-8?b?IDI=?=", "Pläne 2"),
            ("=?iso-8859-1?Q?=E4_b?= c", "ä b c"),
            ("a =?x", "a =?x"), ("=?UTF-8?X?abc?=", "=?UTF-8?X?abc?="), ("=?=?=?=?=?", "=?=?=?=?=?"), ("=?utf-8*en?Q?a?=", "a"),
        ])
    func encodedWords(value: String, text: String) {
        #expect(EncodedWords.decode(value) == text)
    }

    @Test(
        "content types are read with quotes, comments and continued parameters",
        arguments: [
            ("multipart/report; report-type=delivery-status; boundary=\"a;b\\\"c\"", "multipart/report", "a;b\"c"),
            ("Multipart/MIXED (comment; boundary=no) ;\tBoundary = x/y", "multipart/mixed", "x/y"),
            ("multipart/mixed; boundary*0=ab; boundary*1=cd", "multipart/mixed", "abcd"),
            ("multipart/mixed; charset=x;; ;boundary=z", "multipart/mixed", "z"),
        ])
    func contentTypes(value: String, type: String, boundary: String) throws {
        let read = try #require(ContentTypeValue(value))
        #expect(read.mediaType == type && read.parameters["boundary"] == boundary)
    }

    @Test("what is no content type is none", arguments: ["", "text", "/plain", "text/", ";boundary=x"])
    func noContentType(value: String) {
        #expect(ContentTypeValue(value) == nil)
    }

    @Test("quoted-printable and base64 give their bytes, and take nonsense without complaint")
    func transferEncodings() {
        func decode(_ text: String, _ encoding: String) -> String {
            String(decoding: TransferDecoding.decode(Array(text.utf8)[...], encoding: encoding, limit: 100), as: UTF8.self)
        }
        #expect(decode("a=3Db=\r\nc=\nd", "Quoted-Printable") == "a=bcd")
        #expect(decode("=ZZ=4", "quoted-printable") == "=ZZ=4")
        #expect(decode("aGVs\r\nbG8=", "BASE64") == "hello")
        #expect(decode("a!G@V#s", "base64") == "hel")
        #expect(decode("plain=3D", "7bit") == "plain=3D")
        #expect(TransferDecoding.base64(Array(repeating: 0x41, count: 1_000)[...], limit: 10).count == 10)
    }

    @Test("parts nest ten deep and no deeper, and there are a hundred of them and no more")
    func bounds() {
        var text = ""
        for depth in 0..<50 { text += "Content-Type: multipart/mixed; boundary=b\(depth)\n\n--b\(depth)\n" }
        var deepest = 0
        var part: ParsedMessage? = message(text)
        while let inner = part?.parts.first {
            deepest += 1
            part = inner
        }
        #expect(deepest == 10)
        let many = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\nx\n", count: 5_000)
        #expect(message(many).allParts.count == 101)
        let wide =
            "Content-Type: multipart/mixed; boundary=a\n\n"
            + String(repeating: "--a\nContent-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\n", count: 30), count: 30)
        #expect(message(wide).allParts.count == 101)
    }

    @Test("headers beyond the limits are skipped, and the body is found all the same")
    func longHeaders() {
        let limits = ParseLimits(headers: 5, headerBytes: 1_000, valueBytes: 20)
        let many = message(String(repeating: "A: b\n", count: 100) + "\nbody", limits)
        #expect(many.headers.count == 5 && String(decoding: many.body, as: UTF8.self) == "body")
        let long = message("A: " + String(repeating: "x", count: 5_000) + "\nB: c\n\nbody", limits)
        #expect(long.header("a")?.utf8.count == 19 && String(decoding: long.body, as: UTF8.self) == "body")
        let folded = message("A: x\n" + String(repeating: " y\n", count: 1_000) + "\nbody", limits)
        #expect(folded.headers.first?.value.utf8.count ?? 99 <= 21 && String(decoding: folded.body, as: UTF8.self) == "body")
    }

    @Test("ten times the length costs about ten times the work, however hostile the form")
    func linear() {
        func time(_ unit: String, _ count: Int, _ head: String) -> Duration {
            let bytes = Array((head + String(repeating: unit, count: count)).utf8)
            return ContinuousClock().measure {
                let parsed = ParsedMessage(bytes, limits: ParseLimits(bytes: 8 << 20))
                _ = DeliveryReport(in: parsed)
                _ = FeedbackReport(in: parsed)
                for header in parsed.headers { _ = parsed.text(of: header) }
                _ = parsed.allParts.map { $0.bodyText(limit: 1 << 14).utf8.count }
            }
        }
        for (unit, head) in [
            ("--", "Content-Type: multipart/mixed; boundary=b\n\n"), ("--b", "Content-Type: multipart/mixed; boundary=b\n\n"),
            ("--b\n", "Content-Type: multipart/mixed; boundary=b\n\n"), ("=?a?b?", "Subject: "), (" x\n", "Subject: y\n"),
            ("\n", "Content-Type: message/delivery-status\n\n"), ("a: b\n\n", "Content-Type: message/delivery-status\n\n"),
            ("(", "Content-Type: text/"),
        ] {
            // Five orders of magnitude lie between linear and quadratic at this length; a busy machine is no reason to fail.
            #expect(time(unit, 1_000_000 / unit.utf8.count, head) < .seconds(20), "\(unit)")
        }
    }
}
