import Core
import Providers
import TestSupport
import Testing

@testable import Providers

@Suite("Retry-After")
struct RetryAfterTests {
    /// Thu, 24 Aug 2023 05:01:45 GMT
    private static let now = Timestamp(seconds: 1_692_853_305)

    @Test(
        "seconds and dates are read and capped at an hour",
        arguments: [
            ("0", 0), ("5", 5), (" 7 ", 7), ("3600", 3600), ("3601", 3600), ("86400", 3600), ("99999999999999999999999999", 3600),
            ("Thu, 24 Aug 2023 05:02:15 GMT", 30), ("Thu, 24 Aug 2023 07:02:15 +0200", 30), ("Fri, 25 Aug 2023 05:01:45 GMT", 3600),
            ("Thu, 24 Aug 2023 05:01:45 GMT", nil), ("Thu, 24 Aug 2023 05:00:00 GMT", nil), ("-5", nil), ("1.5", nil), ("", nil),
            ("soon", nil), ("5 minutes", nil), ("Thu, 99 Aug 2023 05:02:15 GMT", nil), ("Thu, 24 Aug 2023 25:02:15 GMT", nil),
            ("24 Aug 2023", nil), ("٥", nil),
        ] as [(String, Int?)])
    func values(header: String, seconds: Int?) {
        #expect(RetryAfter.seconds(header, now: Self.now) == seconds)
    }

    @Test("no header is no wish, and a long one none either")
    func missing() {
        #expect(RetryAfter.seconds(nil, now: Self.now) == nil)
        #expect(RetryAfter.seconds(String(repeating: "1", count: 100_000), now: Self.now) == nil)
        #expect(RetryAfter.seconds("Fri, 31 Dec 9999 23:59:59 GMT", now: Timestamp(milliseconds: .min)) != nil)
    }

    @Test("Twilio's dates are read")
    func dates() {
        #expect(InternetDate.parse("Thu, 24 Aug 2023 05:01:45 +0000") == Self.now)
        #expect(InternetDate.parse("24 Aug 2023 05:01:45 GMT") == Self.now)
        #expect(InternetDate.parse("Thu, 24 Aug 2023 05:01:45 +24:0") == nil)
        #expect(InternetDate.parse("Thu, 31 Feb 2023 05:01:45 GMT") == nil)
    }

    @Test("random text is a date or none, never a trap")
    func fuzz() {
        var random = SeededGenerator(seed: 5)
        let words = ["Thu,", "24", "Aug", "2023", "05:01:45", "GMT", "+0000", "-9999", "99", "::", "1:2:3", "é", "+٠٠٠٠", "", "0000"]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0..<8, using: &random)).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
            _ = RetryAfter.seconds(text.joined(separator: " "), now: Self.now)
        }
    }
}
