import Core
import Testing

@Suite("Fields of clients and businesses")
struct ClientFieldsTests {
    private static func long(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test(
        "mailboxes",
        arguments: [
            "ada@example.org", "a@b.co", "ada.lovelace+news@mail.example.co.uk", "o'neil@example.org", "!#$%&*/=?^_`{|}~-@example.org",
            "用户@例子.公司", "ada@xn--fsqu00a.xn--0zwm56d", "1@2.example", long(64) + "@example.org",
        ])
    func goodAddresses(address: String) {
        #expect(ClientFields.email(address) == nil)
    }

    @Test(
        "what is no single mailbox",
        arguments: [
            "", "ada", "@example.org", "ada@", "ada@localhost", "ada@example..org", "ada@.example.org", "ada@example.org.", "ada@-a.org",
            "ada@a-.org", "ada@example.123", "ada@127.0.0.1", "ada@[127.0.0.1]", "ada@exa_mple.org", ".ada@example.org", "ada.@example.org",
            "a..b@example.org", "ada@x@example.org", "\"ada\"@example.org", "Ada <ada@example.org>", "<ada@example.org>",
            "ada(x)@example.org",
            "ada@example.org,eve@example.org", "ada@example.org;eve@example.org", "ada@example.org eve@example.org", " ada@example.org",
            "ada@example.org\r\nBcc: eve@example.org", "ada@example.org\n", "ada\r@example.org", "ada@exam\u{0}ple.org",
            "ada\u{0}@example.org",
            "ada@example.org\u{7F}", "ada\u{A0}b@example.org", "ada\u{200B}@example.org", "ada\u{202E}@example.org",
            "ada\u{85}@example.org",
            "ada@\u{2028}example.org", "ada\\@example.org", "ada:x@example.org", long(65) + "@example.org",
            "ada@" + long(64) + ".org", "ada@" + (0..<50).map { _ in "abcde" }.joined(separator: ".") + ".org",
        ])
    func badAddresses(address: String) {
        #expect(ClientFields.email(address) != nil)
    }

    @Test("a mark that joins the @ does not hide the beginning of the domain")
    func combiningMark() {
        // As one character with the @, the mark is easily skipped; what counts is that each byte is looked at.
        #expect(ClientFields.email("ada@\u{301}-example.org") == ClientFields.email("ada@é-example.org"))
        #expect(ClientFields.email("ada@\u{301}.org") == nil)
        #expect(ClientFields.email("ada@\u{200D}.org") != nil)
    }

    @Test(
        "phone numbers",
        arguments: [
            ("+14155550100", true), ("+4915112345678", true), ("+290123", false), ("+2901234", true), ("+123456789012345", true),
            ("+1234567890123456", false), ("14155550100", false), ("+04155550100", false), ("+1 415 555 0100", false),
            ("+1415555010a", false),
            ("", false), ("+", false), ("+１４１５５５５０１００", false), ("+14155550100\n", false),
        ])
    func phones(number: String, valid: Bool) {
        #expect((ClientFields.phoneNumber(number) == nil) == valid)
    }

    @Test(
        "language tags",
        arguments: [
            ("en", true), ("de", true), ("pt-BR", true), ("zh-Hant-TW", true), ("es-419", true), ("gsw", true), ("de-DE-1996", true),
            ("sl-rozaj", true), ("", false), ("e", false), ("english", false), ("en_US", false), ("en-", false), ("-en", false),
            ("en-U", false),
            ("en--US", false), ("en-US\n", false), ("ën", false), ("../en", false), ("xx", false), ("qq-DE", false), ("EN", true),
            ("zu", true),
            ("aa", true), ("ug", true), ("sv", true),
        ])
    func languages(tag: String, valid: Bool) {
        #expect((ClientFields.languageTag(tag) == nil) == valid)
    }

    @Test(
        "time zone names",
        arguments: [
            ("UTC", true), ("Europe/Berlin", true), ("America/Argentina/Buenos_Aires", true), ("Etc/GMT+5", true),
            ("America/Port-au-Prince", true),
            ("", false), ("/etc/passwd", false), ("Europe/../etc", false), ("..", false), ("Europe//Berlin", false),
            ("Europe/Berlin/", false),
            ("Europe/Ber lin", false), ("Europe/Berlin\u{0}", false), ("+01:00", false), ("a/b/c/d", false),
        ])
    func zones(name: String, valid: Bool) {
        #expect((ClientFields.timeZoneName(name) == nil) == valid)
    }

    @Test("names are one line of up to 200 characters, not blank")
    func names() {
        for good in ["Ada", "Ada Lovelace", "José Ñandú", "李小龍", Self.long(200)] { #expect(ClientFields.name(good) == nil) }
        for bad in ["", "  ", "\u{A0}", Self.long(201), "Ada\r\nBcc: eve", "Ada\n", "A\u{0}", "A\u{1B}[0m", "A\u{85}", "A\u{2028}B"] {
            #expect(ClientFields.name(bad) != nil)
        }
        #expect(ClientFields.headerText("", longest: 10) == nil)
        #expect(ClientFields.headerText(String(repeating: "e\u{301}", count: 2_000_000)) != nil)
    }

    @Test("tags are few and short")
    func tags() {
        #expect(ClientFields.tags(["vip", "wedding 2026"]) == nil && ClientFields.tags([]) == nil)
        #expect(ClientFields.tags(Array(repeating: "a", count: 50)) == nil)
        #expect(ClientFields.tags(Array(repeating: "a", count: 51)) != nil)
        for bad in ["", " ", Self.long(65), "a\nb"] { #expect(ClientFields.tags(["ok", bad]) != nil) }
    }

    @Test("a channel is preferred once")
    func preferredChannels() {
        #expect(ClientFields.preferredChannels([]) == nil && ClientFields.preferredChannels([.sms, .email]) == nil)
        #expect(ClientFields.preferredChannels([.sms, .email, .sms]) != nil)
    }

    @Test("fields of a business")
    func business() {
        #expect(BusinessFields.postalAddress("1 Main St\nSpringfield") == nil && BusinessFields.postalAddress("") == nil)
        #expect(BusinessFields.postalAddress(" \n\t\u{A0}") != nil, "blanks would pass for an address")
        #expect(BusinessFields.postalAddress("a\u{0}") != nil && BusinessFields.postalAddress(Self.long(501)) != nil)
        #expect(BusinessFields.supportEmail("") == nil && BusinessFields.supportEmail("help@example.org") == nil)
        #expect(BusinessFields.supportEmail("help") != nil)
        for good in [[1], [7, 1, 3], Array(1...7)] { #expect(BusinessFields.days(good) == nil) }
        for bad in [[], [0], [8], [1, 1], [-1]] { #expect(BusinessFields.days(bad) != nil) }
        for good in ["#000000", "#1a2B3c"] { #expect(BusinessFields.brandColor(good) == nil) }
        for bad in ["", "#000", "000000", "#00000g", "#0000000", "red", "#00000\n"] { #expect(BusinessFields.brandColor(bad) != nil) }
        #expect(BusinessFields.logoURL("https://example.org/logo.png?v=1") == nil)
        for bad in [
            "", "javascript:alert(1)", "https://", "https:///x", "https://a\"b", "https://a b", "https://a\nb", "//example.org/x",
            "data:image/png,x",
        ] {
            #expect(BusinessFields.logoURL(bad) != nil)
        }
    }
}
