import Testing

@testable import Providers

@Suite("Providers' words")
struct ProviderTextTests {
    @Test(
        "addresses, numbers and what we sent fall out; codes and words stay",
        arguments: [
            ("To number +1 (415) 555-0100 is not reachable", "To number (number) is not reachable"),
            ("+49 151 12345678, error 30005 of 2026-01-15", "(number), error 30005 of 2026-01-15"),
            ("4155550100 has opted out", "(number) has opted out"),
            ("contact <ada@example.org> or ada@example.org", "contact <(address)> or (address)"),
            ("a + b - 12 + 30", "a + b - 12 + 30"),
            ("see https://www.twilio.com/docs/errors/21610", "see https://www.twilio.com/docs/errors/21610"),
            ("the body 'Dear Ada' is spam", "the body '(…)' is spam"),
            ("two\nlines\u{7F}", "two lines"),
        ])
    func scrubbed(words: String, kept: String) {
        #expect(ProviderText.scrubbed(words, without: ["Dear Ada", "x"]) == kept)
    }

    @Test("no more than 300 characters are kept")
    func bounded() {
        #expect(ProviderText.scrubbed(String(repeating: "word ", count: 1_000), without: []).count <= 300)
    }
}
