import Core
import TestSupport
import Testing

@testable import Providers

@Suite("Looking a message up at Twilio", .timeLimit(.minutes(5)))
struct TwilioLookUpTests {
    /// Thu, 24 Aug 2023 05:00:00 GMT: when the attempt began.
    private static let since = Timestamp(seconds: 1_692_853_200)
    private static let message = TwilioMessage(to: "+15551230000", sender: .number("+15005550006"), body: "Hello")

    private func entry(
        _ sid: String, created: String = "Thu, 24 Aug 2023 05:00:01 +0000", body: String = "Hello", to: String = "+15551230000",
        from: String = "\"+15005550006\"", direction: String = "outbound-api", service: String = "null"
    ) -> String {
        """
        {"sid":"\(sid)","date_created":"\(created)","date_sent":null,"body":"\(body)","to":"\(to)","from":\(from),\
        "direction":"\(direction)","messaging_service_sid":\(service),"status":"sent","num_segments":"1"}
        """
    }

    private func page(_ entries: [String], next: String? = nil) -> String {
        #"{"messages":[\#(entries.joined(separator: ","))],"next_page_uri":\#(next.map { "\"\($0)\"" } ?? "null")}"#
    }

    private func lookUp(
        _ pages: [String], message: TwilioMessage = message, headers: String = ""
    ) async throws -> (found: TwilioReceipt?, requests: [String]) {
        let server = try await RawServer { _, number in
            number < pages.count ? RawServer.http("200 OK", pages[number], headers: headers) : .hangUp
        }
        let http = SafeHTTP.forTests()
        let found = try await TwilioClient.forTests(http, server).lookUp(message, since: Self.since)
        await http.shutdown()
        await server.stop()
        return (found, server.requests)
    }

    @Test("a message with the same text since the attempt is found")
    func found() async throws {
        let (found, requests) = try await lookUp([page([entry("SM1", body: "Other"), entry("SM2"), entry("SM3")])])
        #expect(found == TwilioReceipt(sid: "SM2", status: "sent", segments: 1))
        #expect(
            requests.first?.hasPrefix("GET /2010-04-01/Accounts/\(TwilioClient.account)/Messages.json?To=%2B15551230000&PageSize=100 ")
                == true)
    }

    @Test("what is older, to somebody else, from another sender or came in is not it")
    func notIt() async throws {
        for other in [
            entry("SM1", created: "Thu, 24 Aug 2023 04:59:00 +0000"), entry("SM1", body: "Hello!"), entry("SM1", to: "+15551230001"),
            entry("SM1", from: "\"+15005550007\""), entry("SM1", direction: "inbound"), entry(""), entry("SM1", created: "once"),
        ] {
            let (found, requests) = try await lookUp([page([other])])
            #expect(found == nil, "\(other)")
            #expect(requests.count == 1)
        }
    }

    @Test("blanks at the ends and a trial account's sentence make no difference")
    func normalised() async throws {
        for body in ["Hello ", " Hello\\n", "Sent from your Twilio trial account - Hello"] {
            #expect(try await lookUp([page([entry("SM1", body: body)])]).found?.sid == "SM1")
        }
    }

    @Test("a messaging service is known by its own id, whatever sender it chose")
    func service() async throws {
        let sid = "MG00000000000000000000000000000000"
        let message = TwilioMessage(to: "+15551230000", sender: .service(sid), body: "Hello")
        #expect(try await lookUp([page([entry("SM1", from: "null", service: "\"\(sid)\"")])], message: message).found?.sid == "SM1")
        #expect(try await lookUp([page([entry("SM1", service: "\"MG1\"")])], message: message).found == nil)
        #expect(try await lookUp([page([entry("SM1", service: "null")])], message: message).found == nil)
    }

    @Test("a clock of Twilio's that is ahead or behind is allowed for")
    func clocks() async throws {
        // Twilio's clock is ten minutes behind ours (ours stands at 05:01:45).
        let behind = "Date: Thu, 24 Aug 2023 04:51:45 GMT\r\n"
        #expect(try await lookUp([page([entry("SM1", created: "Thu, 24 Aug 2023 04:50:01 +0000")])], headers: behind).found?.sid == "SM1")
        let ahead = "Date: Thu, 24 Aug 2023 05:11:45 GMT\r\n"
        #expect(try await lookUp([page([entry("SM1", created: "Thu, 24 Aug 2023 05:09:00 +0000")])], headers: ahead).found == nil)
    }

    @Test("the next page is asked for while everything is new, on the same host only")
    func pages() async throws {
        let path = "/2010-04-01/Accounts/A/Messages.json?PageToken=x"
        let (found, requests) = try await lookUp([page([entry("SM1", body: "a")], next: path), page([entry("SM2")])])
        #expect(found?.sid == "SM2")
        #expect(requests.last?.hasPrefix("GET \(path) ") == true)
        #expect(try await lookUp([page([entry("SM1", created: "Thu, 24 Aug 2023 04:00:00 +0000")], next: path)]).requests.count == 1)
        for elsewhere in ["https://evil.example.com/x", "//evil.example.com/x", "x"] {
            let (found, requests) = try await lookUp([page([entry("SM1", body: "a")], next: elsewhere)])
            #expect(found == nil)
            #expect(requests.count == 1)
        }
    }

    @Test("a look-up that fails leaves the outcome unknown")
    func failing() async throws {
        let path = "/p?PageToken=x"
        let endless = page([entry("SM1", body: "a")], next: path)
        for pages in [["<html>"], ["{}"], [#"{"messages":{}}"#], [endless], Array(repeating: endless, count: 20)] {
            do {
                _ = try await lookUp(pages)
                Issue.record("\(pages.count) pages gave an answer")
            } catch let failure as ProviderFailure {
                #expect(failure.outcomeUnknown)
            }
        }
        let server = try await RawServer(always: RawServer.http("404 Not Found", #"{"code":20404,"message":"x"}"#))
        let http = SafeHTTP.forTests()
        do {
            _ = try await TwilioClient.forTests(http, server).lookUp(Self.message, since: Self.since)
            Issue.record("a refused look-up gave an answer")
        } catch {
            #expect(error.outcomeUnknown)
        }
        await http.shutdown()
        await server.stop()
    }
}
