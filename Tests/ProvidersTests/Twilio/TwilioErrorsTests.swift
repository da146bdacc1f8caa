import Core
import Testing

@testable import Providers

@Suite("Twilio's error codes")
struct TwilioErrorsTests {
    /// The provider's list, by what we do about it.
    private static let categories: [ErrorCategory: [Int]] = [
        .authFailure: [20003, 20005, 30002],
        .invalidInput: [
            20404, 21211, 21212, 21602, 21603, 21604, 21606, 21617, 21619, 21620, 21623, 21703, 21705, 11751, 30019, 63005, 63021,
        ],
        .permanent: [
            21219, 21408, 21608, 21610, 21612, 21614, 14109, 30004, 30005, 30006, 30007, 30010, 30032, 30034, 30450, 63003, 63016, 63024,
        ],
        .rateLimit: [20429, 21611, 14107, 30001, 30022, 30023, 63017, 63018, 63038],
        .transient: [20500, 30003, 30008, 30036, 30410],
    ]

    @Test(
        "every code has the category that its documentation asks for",
        arguments: categories.flatMap { category, codes in codes.map { ($0, category) } })
    func category(code: Int, category: ErrorCategory) {
        #expect(TwilioErrors.rule(code)?.category == category)
        #expect(TwilioErrors.reported(code).category == category)
    }

    @Test("the list and the table are the same")
    func complete() {
        #expect(Set(TwilioErrors.rules.keys) == Set(Self.categories.values.joined()))
    }

    @Test("codes that say something about the person say it")
    func consequences() {
        let consequences = TwilioErrors.rules.compactMapValues(\.consequence)
        #expect(consequences == [21610: .optedOut, 30005: .addressDead, 63016: .windowClosed])
        #expect(TwilioErrors.rules.filter { $0.value.outcomeUnknown }.keys.sorted() == [20500])
        #expect(TwilioErrors.rules.filter { $0.value.concernsMessage }.keys.sorted() == [14107])
    }

    @Test("no wait is longer than what is believed")
    func waits() {
        for (code, rule) in TwilioErrors.rules { #expect((rule.retryAfter ?? 0) <= RetryAfter.longest, "\(code)") }
        #expect(TwilioErrors.rule(21611)?.retryAfter == 600)
    }

    @Test("a code that is not known is for good once the message had been taken")
    func unknown() {
        #expect(TwilioErrors.rule(1) == nil)
        #expect(TwilioErrors.reported(1).category == .permanent)
        #expect(TwilioErrors.reported(nil).category == .permanent)
    }
}
