import Core
import TestSupport
import Testing

@testable import Providers

@Suite("Twilio's API", .timeLimit(.minutes(5)))
struct TwilioClientTests {
    private static let sid = "SM0123456789abcdef0123456789abcdef"
    private static let accepted = RawServer.http(
        "201 Created", #"{"sid":"\#(sid)","status":"queued","num_segments":"2","error_code":null}"#,
        headers: "Twilio-Request-Id: RQ1\r\n")
    private static let message = TwilioMessage(
        to: "+15551230000", sender: .number("+15005550006"), body: "Grüße & mehr",
        reference: CommunicationID("0190a3c4-1111-7abc-8def-0123456789ab"))

    /// What comes of one answer.
    private func outcome(_ answer: RawServer.Answer, timeout: Duration = .seconds(60)) async throws -> Result<
        TwilioReceipt, ProviderFailure
    > {
        let server = try await RawServer(always: answer)
        let http = SafeHTTP.forTests()
        var result: Result<TwilioReceipt, ProviderFailure>
        do {
            result = .success(try await TwilioClient.forTests(http, server, timeout: timeout).send(Self.message))
        } catch {
            result = .failure(error)
        }
        await http.shutdown()
        await server.stop()
        return result
    }

    private func failure(_ answer: RawServer.Answer, timeout: Duration = .seconds(60)) async throws -> ProviderFailure? {
        guard case .failure(let failure) = try await outcome(answer, timeout: timeout) else { return nil }
        return failure
    }

    @Test("a message is sent as Twilio wants it")
    func request() async throws {
        let server = try await RawServer(always: Self.accepted)
        let http = SafeHTTP.forTests()
        let client = TwilioClient.forTests(http, server, statusCallback: "https://r.example.org/status", validity: 600)
        let receipt = try await client.send(Self.message)
        #expect(receipt == TwilioReceipt(sid: Self.sid, status: "queued", segments: 2, requestID: "RQ1"))
        let seen = try #require(server.requests.first)
        #expect(seen.hasPrefix("POST /2010-04-01/Accounts/\(TwilioClient.account)/Messages.json HTTP/1.1\r\n"))
        // AC…:secret in Base64.
        #expect(seen.contains("Authorization: Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDpzZWNyZXQ=\r\n"))
        #expect(seen.contains("Content-Type: application/x-www-form-urlencoded\r\n"))
        let body = try #require(seen.split(separator: "\r\n\r\n", maxSplits: 1).last)
        let fields = try #require(FormEncoding.decode(body.utf8))
        #expect(fields.map(\.0) == ["To", "Body", "From", "StatusCallback", "ValidityPeriod"])
        #expect(
            fields.map(\.1) == [
                "+15551230000", "Grüße & mehr", "+15005550006",
                "https://r.example.org/status?ref=0190a3c4-1111-7abc-8def-0123456789ab#rc=3&rp=ct,rt,5xx", "600",
            ])
        await http.shutdown()
        await server.stop()
    }

    @Test("a messaging service stands in the place of the sender")
    func service() async throws {
        let server = try await RawServer(
            always: RawServer.http("201 Created", #"{"sid":"\#(Self.sid)","status":"accepted","num_segments":"0"}"#))
        let http = SafeHTTP.forTests()
        let service = TwilioSender.service("MG00000000000000000000000000000000")
        let receipt = try await TwilioClient.forTests(http, server).send(TwilioMessage(to: "+15551230000", sender: service, body: "x"))
        #expect(receipt.segments == nil)
        #expect(server.requests.first?.hasSuffix("&MessagingServiceSid=MG00000000000000000000000000000000") == true)
        #expect(server.requests.first?.contains("From=") == false)
        await http.shutdown()
        await server.stop()
    }

    @Test(
        "both shapes of an error are read",
        arguments: [
            #"{"code":21610,"message":"Attempt to send to unsubscribed recipient +15551230000","more_info":"https://x","status":400}"#,
            #"{"type":"https://x","title":"Bad","status":400,"code":21610,"detail":"to +15551230000","errors":[{"detail":"a","pointer":"b"}]}"#,
            #"{"code":"21610"}"#,
        ])
    func shapes(body: String) async throws {
        let failure = try #require(try await failure(RawServer.http("400 Bad Request", body)))
        #expect(failure.code == 21610)
        #expect(failure.category == .permanent)
        #expect(failure.consequence == .optedOut)
        #expect(!failure.outcomeUnknown)
        #expect(!failure.message.contains("1555"))
    }

    @Test("a code that is not known falls back on the HTTP status; its words come without number and text")
    func unknownCode() async throws {
        let body = #"{"code":29999,"message":"'Grüße & mehr' to +15551230000 (or 15551230000) is odd"}"#
        let failure = try #require(try await failure(RawServer.http("400 Bad Request", body)))
        #expect(failure.category == .invalidInput)
        #expect(failure.code == 29999)
        #expect(failure.message == "Twilio 29999: HTTP 400 ('(…)' to (…) (or (number)) is odd)")
    }

    @Test(
        "answers without a code are judged by their status",
        arguments: [
            ("401 Unauthorized", ErrorCategory.authFailure, false), ("403 Forbidden", .authFailure, false),
            ("404 Not Found", .invalidInput, false), ("408 Timeout", .transient, false), ("429 Too Many Requests", .rateLimit, false),
            ("302 Found", .transient, false), ("500 Error", .transient, true), ("502 Bad Gateway", .transient, true),
            ("503 Unavailable", .transient, true), ("599 What", .transient, true),
        ])
    func statuses(status: String, category: ErrorCategory, unknown: Bool) async throws {
        for body in ["", "<html><body>+15551230000</body></html>", "{", "[]", "null", "\"x\"", "\u{FEFF}{}"] {
            let failure = try #require(try await failure(RawServer.http(status, body)))
            #expect(failure.category == category)
            #expect(failure.outcomeUnknown == unknown)
            #expect(failure.code == nil)
            #expect(!failure.message.contains("html") && !failure.message.contains("1555"))
        }
    }

    @Test("Retry-After is kept, capped")
    func retryAfter() async throws {
        let body = #"{"code":20429,"message":"Too many requests"}"#
        #expect(try await failure(RawServer.http("429 Too Many", body, headers: "Retry-After: 7\r\n"))?.retryAfter == 7)
        #expect(try await failure(RawServer.http("429 Too Many", body, headers: "Retry-After: 999999\r\n"))?.retryAfter == 3600)
        #expect(
            try await failure(RawServer.http("429 Too Many", body, headers: "Retry-After: Thu, 24 Aug 2023 05:02:45 GMT\r\n"))?.retryAfter
                == 60)
        let none = try await failure(RawServer.http("429 Too Many", body))
        #expect(none?.retryAfter == nil)
        #expect(none?.outcomeUnknown == false)
    }

    @Test(
        "a success that can not be read is an unknown outcome",
        arguments: ["", "<html>ok</html>", "{\"sid\":", "{}", #"{"sid":7}"#, #"{"sid":""}"#, #"{"sid":"a b"}"#, "[]", "null"])
    func unreadable(body: String) async throws {
        let failure = try #require(try await failure(RawServer.http("201 Created", body)))
        #expect(failure.outcomeUnknown)
        #expect(failure.category == .transient)
    }

    @Test("answers that never end, are cut off or never come are unknown outcomes")
    func hostile() async throws {
        let cut = RawServer.Answer.bytes("HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"sid\":\"SM")
        let huge = RawServer.Answer.endless(head: "HTTP/1.1 201 Created\r\n\r\n", chunk: String(repeating: "x", count: 65536))
        for answer in [cut, huge, .hangUp, .bytes("nonsense"), .bytes("HTTP/1.1 201 Created\r\nContent-Length: 99999999999\r\n\r\n")] {
            #expect(try await failure(answer)?.outcomeUnknown == true)
        }
        #expect(try await failure(.silence, timeout: .seconds(4))?.outcomeUnknown == true)
    }

    @Test("a gzip answer that nobody asked for is no answer, and no bomb")
    func compressed() async throws {
        let failure = try #require(try await failure(RawServer.http("201 Created", "\u{1F}x", headers: "Content-Encoding: gzip\r\n")))
        #expect(failure.outcomeUnknown)
    }

    @Test("no connection is a known failure")
    func refused() async throws {
        let server = try await RawServer(always: .hangUp)
        await server.stop()
        let http = SafeHTTP.forTests()
        await #expect(throws: ProviderFailure.self) { try await TwilioClient.forTests(http, server).send(Self.message) }
        do {
            _ = try await TwilioClient.forTests(http, server).send(Self.message)
        } catch {
            #expect(!error.outcomeUnknown && error.category == .transient)
            #expect(!error.message.contains("secret"))
        }
        await http.shutdown()
    }

    @Test("the account's state is told")
    func check() async throws {
        func check(_ answer: RawServer.Answer) async throws -> String? {
            let server = try await RawServer(always: answer)
            let http = SafeHTTP.forTests()
            let problem = await TwilioClient.forTests(http, server).checkAccount()
            #expect(server.requests.first?.hasPrefix("GET /2010-04-01/Accounts/\(TwilioClient.account).json ") == true)
            await http.shutdown()
            await server.stop()
            return problem
        }
        #expect(try await check(RawServer.http("200 OK", #"{"status":"active"}"#)) == nil)
        #expect(try await check(RawServer.http("200 OK", #"{"status":"suspended"}"#)) == "Twilio: the account is suspended")
        #expect(
            try await check(RawServer.http("401 Unauthorized", #"{"code":20003,"message":"Authenticate"}"#))?
                .hasPrefix("Twilio 20003: authentication failed") == true)
        #expect(try await check(RawServer.http("200 OK", "<html>")) != nil)
        #expect(try await check(.hangUp) != nil)
    }

    @Test(
        "senders are told apart",
        arguments: [
            ("+14155550100", TwilioSender.number("+14155550100")), ("12345", .shortCode("12345")), ("Rapport", .alphanumeric("Rapport")),
            ("My Shop 24", .alphanumeric("My Shop 24")),
            ("MG0123456789abcdef0123456789abcdef", .service("MG0123456789abcdef0123456789abcdef")),
            ("", nil), ("+0123456789", nil), ("+1", nil), ("12", nil), ("123456789", nil), ("TooLongAName", nil), ("Ümlaut", nil),
            (" x", nil), ("+", nil), ("1234567 ", nil), ("a,b", nil),
        ] as [(String, TwilioSender?)])
    func senders(text: String, sender: TwilioSender?) {
        #expect(TwilioSender(text) == sender)
        #expect(sender == nil || sender?.text == text)
    }
}
