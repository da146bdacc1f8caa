import Testing

@testable import Core

@Suite("Numbers as webhooks tell them")
struct PhoneNumberTests {
    @Test(
        "every spelling of a number is brought into E.164",
        arguments: [
            ("+14155550100", "+14155550100"), ("whatsapp:+14155550100", "+14155550100"), ("WhatsApp:+14155550100", "+14155550100"),
            ("14155550100", "+14155550100"), ("+1 (415) 555-0100", "+14155550100"), ("0041.44.668 18 00", "+41446681800"),
            ("4915112345678", "+4915112345678"), ("+6591234567", "+6591234567"),
        ])
    func normalised(text: String, expected: String) {
        #expect(PhoneNumber(text)?.e164 == expected)
    }

    @Test(
        "what nobody can be called at is no number",
        arguments: [
            "", " ", "+", "12345", "72344", "AMAZON", "whatsapp:", "+0123456789", "+123456", "+1234567890123456", "+1415+5550100",
            "US.13491208655302741918", "+1415555010a", "+１４１５５５５０１００", String(repeating: "1", count: 1_000_000), "+1\u{0}4155550100",
        ])
    func refused(text: String) {
        #expect(PhoneNumber(text) == nil)
    }

    @Test(
        "numbers that some countries write with a digit more or less are tried both ways, as they came first",
        arguments: [
            ("+5511987654321", ["+5511987654321", "+551187654321"]), ("+551187654321", ["+551187654321", "+5511987654321"]),
            // A landline has no ninth digit.
            ("+551132654321", ["+551132654321"]),
            ("+5215512345678", ["+5215512345678", "+525512345678"]), ("+525512345678", ["+525512345678", "+5215512345678"]),
            ("+5491112345678", ["+5491112345678", "+541112345678"]), ("+541112345678", ["+541112345678", "+5491112345678"]),
            ("+14155550100", ["+14155550100"]), ("+4915112345678", ["+4915112345678"]),
        ])
    func candidates(text: String, expected: [String]) throws {
        #expect(try #require(PhoneNumber(text)).candidates == expected)
    }

    @Test("each candidate has the number it came from among its own")
    func candidatesAreMutual() throws {
        for text in ["+5511987654321", "+551187654321", "+5215512345678", "+525512345678", "+5491112345678", "+541112345678"] {
            for other in try #require(PhoneNumber(text)).candidates {
                #expect(try #require(PhoneNumber(other)).candidates.contains(text))
            }
        }
    }
}
