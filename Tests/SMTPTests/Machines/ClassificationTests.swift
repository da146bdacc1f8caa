import NIOCore
import Testing

@testable import SMTP

@Suite("reply to category")
struct ClassificationTests {
    typealias Row = (String, SMTPFailure.Phase, SMTPFailure.Category, Bool)

    @Test(
        "codes and enhanced codes map as the registry means them",
        arguments: [
            ("550 5.1.1 no such user", .rcptTo, .permanent, true), ("550 5.1.2 bad domain", .rcptTo, .permanent, true),
            ("556 5.1.10 null MX", .rcptTo, .permanent, true), ("551 5.1.6 moved", .rcptTo, .permanent, true),
            ("550 5.1.1 no such user", .mailFrom, .permanent, false), ("501 5.1.3 syntax", .rcptTo, .invalidInput, false),
            ("553 5.1.8 sender", .mailFrom, .invalidInput, false), ("550 5.2.1 disabled", .rcptTo, .permanent, true),
            ("450 4.2.1 receiving too fast", .rcptTo, .transient, false), ("452 4.2.2 full", .rcptTo, .transient, false),
            ("552 5.2.2 full", .rcptTo, .permanent, false), ("452 4.3.1 disk", .mailFrom, .transient, false),
            ("552 5.3.4 too big", .mailFrom, .invalidInput, false), ("550 5.4.1 access denied", .rcptTo, .permanent, false),
            ("550 5.4.4 unable to route", .rcptTo, .permanent, false), ("550 5.4.5 daily limit", .accept, .rateLimit, false),
            ("554 5.4.6 loop", .accept, .permanent, false), ("452 4.5.3 too many recipients", .rcptTo, .rateLimit, false),
            ("503 5.5.1 bad sequence", .data, .invalidInput, false), ("553 5.6.7 non-ASCII", .rcptTo, .invalidInput, false),
            ("451 4.7.1 greylisted", .rcptTo, .transient, false), ("450 4.7.0 policy", .rcptTo, .rateLimit, false),
            ("554 5.7.1 blocked", .rcptTo, .permanent, false), ("530 5.7.0 authenticate first", .mailFrom, .authFailure, false),
            ("534 5.7.9 app password", .authentication, .authFailure, false), ("535 5.7.8 bad", .authentication, .authFailure, false),
            ("454 4.7.0 temporary", .authentication, .transient, false), ("421 too many tries", .authentication, .rateLimit, false),
            ("504 5.5.4 mechanism", .authentication, .authFailure, false), ("554 5.7.9 policy", .accept, .permanent, false),
            ("550 5.7.26 DMARC", .accept, .permanent, false), ("550 5.7.28 flood", .accept, .rateLimit, false),
            ("450 4.7.28 flood", .accept, .rateLimit, false), ("421 4.7.0 [TSS04]", .mailFrom, .rateLimit, false),
            ("550 4.2.2 class disagrees", .rcptTo, .permanent, false), ("450 5.1.1 class disagrees", .rcptTo, .transient, false),
            ("550 no code", .rcptTo, .permanent, false), ("552 no code", .accept, .invalidInput, false),
            ("500 what", .hello, .invalidInput, false),
            ("451 local error", .accept, .transient, false), ("555 parameters", .mailFrom, .invalidInput, false),
            ("250 not here", .data, .transient, false),
        ] as [Row])
    func table(reply text: String, phase: SMTPFailure.Phase, category: SMTPFailure.Category, isHardBounce: Bool) throws {
        var parser = ReplyParser()
        parser.append(ByteBuffer(string: text + "\r\n"))
        let failure = try #require(try parser.next()).failure(phase)
        #expect(failure.category == category)
        #expect(failure.isHardBounce == isHardBounce)
        #expect(failure.phase == phase)
    }

    @Test(
        "queue ids are found in the replies of the usual servers",
        arguments: [
            ("2.0.0 Ok: queued as 4Wabc", "4Wabc"), ("OK id=1rAbC-0001-XY", "1rAbC-0001-XY"),
            ("2.0.0 OK 1700000000 abc123.45 - gsmtp", nil),
            ("Ok 0100018c-11ee-000000", "0100018c-11ee-000000"), ("2.0.0 queued", nil), ("Ok", nil), ("", nil),
        ] as [(String, String?)])
    func queueID(text: String, expected: String?) {
        #expect(SMTPReceipt(code: 250, enhanced: nil, text: text).queueID == expected)
    }
}
