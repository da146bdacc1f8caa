import Core
import Testing

@testable import Providers

@Suite("WhatsApp's error codes")
struct WhatsAppErrorsTests {
    /// The provider's list, by what we do about it.
    private static let categories: [ErrorCategory: [Int]] = [
        .authFailure: [0, 3, 10, 190, 368, 131005, 131031],
        .rateLimit: [4, 80007, 130429, 131048, 131056, 131064, 132069, 133008, 133009, 133015, 133016],
        .transient: [1, 2, 131000, 131016, 131052, 131057, 133000, 133004],
        .permanent: [
            130472, 130497, 131026, 131030, 131037, 131042, 131045, 131047, 131049, 131050, 131063, 132007, 132015, 132016, 132068, 133005,
            133006, 133010, 134011, 137000,
        ],
        .invalidInput: [
            33, 100, 131008, 131009, 131021, 131051, 131053, 131062, 132000, 132001, 132005, 132008, 132012, 135000,
        ],
    ]

    @Test(
        "every code has the category that its documentation asks for",
        arguments: categories.flatMap { category, codes in codes.map { ($0, category) } })
    func category(code: Int, category: ErrorCategory) {
        #expect(WhatsAppErrors.rule(code)?.category == category)
        #expect(WhatsAppErrors.reported(code).category == category)
    }

    @Test("the list and the table are the same")
    func complete() {
        #expect(Set(WhatsAppErrors.rules.keys) == Set(Self.categories.values.joined()))
    }

    @Test("missing permissions are a range")
    func permissions() {
        for code in [200, 237, 299] { #expect(WhatsAppErrors.rule(code)?.category == .authFailure) }
        #expect(WhatsAppErrors.rule(199) == nil)
        #expect(WhatsAppErrors.rule(300) == nil)
    }

    @Test("codes that say something about the person say it")
    func consequences() {
        #expect(WhatsAppErrors.rules.compactMapValues(\.consequence) == [131047: .windowClosed, 131050: .marketingOptedOut])
        #expect(WhatsAppErrors.rules.filter { $0.value.outcomeUnknown }.keys.sorted() == [1])
        #expect(WhatsAppErrors.rules.filter { $0.value.concernsMessage }.keys.sorted() == [131052, 131056])
    }

    @Test("what WhatsApp withholds from a person is never tried again", arguments: [130472, 131049, 131050])
    func withheld(code: Int) {
        #expect(WhatsAppErrors.reported(code).category.isRetryable == false)
    }

    @Test("no wait is longer than what is believed")
    func waits() {
        for (code, rule) in WhatsAppErrors.rules { #expect((rule.retryAfter ?? 0) <= RetryAfter.longest, "\(code)") }
    }
}
