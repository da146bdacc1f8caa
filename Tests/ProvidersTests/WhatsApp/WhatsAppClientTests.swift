import Core
import TestSupport
import Testing

@testable import Providers

@Suite("WhatsApp's API", .timeLimit(.minutes(5)))
struct WhatsAppClientTests {
    private static let accepted = RawServer.http(
        "200 OK",
        #"{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"wamid.A","message_status":"accepted"}]}"#
    )
    private static let reference = CommunicationID("0190a3c4-1111-7abc-8def-0123456789ab")

    private func failure(
        _ answer: RawServer.Answer, content: WhatsAppContent = .text("Hello there"), timeout: Duration = .seconds(60)
    ) async throws -> ProviderFailure? {
        let server = try await RawServer(always: answer)
        let http = SafeHTTP.forTests()
        var failure: ProviderFailure?
        do {
            _ = try await WhatsAppClient.forTests(http, server, timeout: timeout).send(
                WhatsAppMessage(to: "+15551234567", content: content))
        } catch {
            failure = error
        }
        await http.shutdown()
        await server.stop()
        return failure
    }

    /// What goes out, as JSON.
    private func payload(_ message: WhatsAppMessage) throws -> String {
        String(decoding: try WhatsAppPayload.bytes(of: message), as: UTF8.self)
    }

    @Test("a text is sent as the Cloud API wants it")
    func text() async throws {
        let server = try await RawServer(always: Self.accepted)
        let http = SafeHTTP.forTests()
        let message = WhatsAppMessage(to: "+15551234567", content: .text("Hi \"you\""), reference: Self.reference, repliesTo: "wamid.O")
        let receipt = try await WhatsAppClient.forTests(http, server).send(message)
        #expect(receipt == WhatsAppReceipt(id: "wamid.A", status: "accepted"))
        let seen = try #require(server.requests.first)
        #expect(seen.hasPrefix("POST /v25.0/1234567890/messages HTTP/1.1\r\n"))
        #expect(seen.contains("Authorization: Bearer token\r\n") && seen.contains("Content-Type: application/json\r\n"))
        let expected =
            #"{"messaging_product":"whatsapp","recipient_type":"individual","to":"15551234567","#
            + #""biz_opaque_callback_data":"0190a3c4-1111-7abc-8def-0123456789ab","context":{"message_id":"wamid.O"},"type":"text","#
            + #""text":{"body":"Hi \"you\"","preview_url":false}}"#
        #expect(seen.hasSuffix("\r\n\r\n" + expected))
        await http.shutdown()
        await server.stop()
    }

    @Test("a template carries header, body and buttons")
    func template() throws {
        let template = WhatsAppContent.Template(
            name: "order", language: "en_US", header: .document,
            body: [WhatsAppContent.Parameter(text: "Ada\n Lovelace"), WhatsAppContent.Parameter(name: "sum", text: "5 €")],
            buttons: [.quickReply(index: 0, payload: "yes"), .url(index: 1, suffix: "a7")])
        let file = WhatsAppMessage.File(source: .uploaded(id: "M1"), filename: "plan.pdf")
        #expect(
            try payload(WhatsAppMessage(to: "+1555", content: .template(template), file: file))
                == #"{"messaging_product":"whatsapp","recipient_type":"individual","to":"1555","type":"template","template":{"name":"order","#
                + #""language":{"code":"en_US"},"components":[{"type":"header","parameters":[{"type":"document","document":{"id":"M1","#
                + #""filename":"plan.pdf"}}]},{"type":"body","parameters":[{"type":"text","text":"Ada Lovelace"},{"type":"text","#
                + #""parameter_name":"sum","text":"5 €"}]},{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","#
                + #""payload":"yes"}]},{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"a7"}]}]}}"#)
    }

    @Test("a file goes by upload or by link, a document with its name")
    func media() throws {
        let link = WhatsAppMessage.File(source: .link("https://a.example/x.png"), filename: "x.png")
        let image = WhatsAppMessage(to: "+1555", content: .media(WhatsAppContent.Media(kind: .image, caption: "Look")), file: link)
        #expect(try payload(image).hasSuffix(#""type":"image","image":{"link":"https://a.example/x.png","caption":"Look"}}"#))
        let document = WhatsAppMessage(to: "+1555", content: .media(WhatsAppContent.Media(kind: .document, caption: nil)), file: link)
        #expect(try payload(document).hasSuffix(#""type":"document","document":{"link":"https://a.example/x.png","filename":"x.png"}}"#))
    }

    @Test("a person without a number is addressed by their id")
    func hiddenNumber() throws {
        #expect(try payload(WhatsAppMessage(to: "US.134", content: .text("x"))).contains(#""recipient":"US.134""#))
    }

    @Test("what lacks its file or has an empty parameter is never sent")
    func incomplete() {
        let empty = WhatsAppContent.Template(name: "a", language: "en", body: [WhatsAppContent.Parameter(text: " \n\t")])
        for content in [
            .template(empty), .media(WhatsAppContent.Media(kind: .document, caption: nil)),
            .template(WhatsAppContent.Template(name: "a", language: "en", header: .image)),
        ] as [WhatsAppContent] {
            do {
                _ = try payload(WhatsAppMessage(to: "+1", content: content))
                Issue.record("\(content) was made")
            } catch {
                #expect((error as? ProviderFailure)?.category == .invalidInput)
            }
        }
    }

    @Test("the code decides, not the HTTP status", arguments: ["400 Bad Request", "429 Too Many", "500 Error", "200 OK"])
    func code(status: String) async throws {
        guard status != "200 OK" else {
            // A success with an error inside is no success that can be read.
            let odd = try await failure(RawServer.http(status, #"{"error":{"code":131047}}"#))
            #expect(odd?.outcomeUnknown == true)
            return
        }
        for data in [#"{"messaging_product":"whatsapp","details":"to 15551234567"}"#, #""to 15551234567""#, "7", "null"] {
            let body =
                #"{"error":{"message":"(#131047) Re-engagement message","type":"OAuthException","code":131047,"error_data":\#(data),"fbtrace_id":"A"}}"#
            let failure = try #require(try await failure(RawServer.http(status, body)))
            #expect(failure.code == 131047)
            #expect(failure.category == .permanent)
            #expect(failure.consequence == .windowClosed)
            #expect(!failure.outcomeUnknown)
            #expect(!failure.message.contains("1555"))
        }
    }

    @Test("limits of one recipient leave the others alone, blocked accounts do not")
    func scopes() async throws {
        func failure(_ code: Int) async throws -> ProviderFailure? {
            try await self.failure(RawServer.http("400 Bad Request", #"{"error":{"message":"m","type":"t","code":\#(code)}}"#))
        }
        #expect(try await failure(131056)?.concernsMessage == true)
        #expect(try await failure(131056)?.category == .rateLimit)
        #expect(try await failure(130429)?.concernsMessage == false)
        #expect(try await failure(131031)?.category == .authFailure)
        #expect(try await failure(368)?.category == .authFailure)
        #expect(try await failure(1)?.outcomeUnknown == true)
        #expect(try await failure(131000)?.outcomeUnknown == false)
    }

    @Test("details help where the request is wrong, without text and number")
    func details() async throws {
        let body = #"{"error":{"message":"m","code":100,"error_data":{"details":"'Hello there' for 15551234567 is 5 too long"}}}"#
        #expect(
            try await failure(RawServer.http("400 Bad Request", body))?.message
                == "WhatsApp 100: a parameter is not valid ('(…)' for (…) is 5 too long)")
    }

    @Test(
        "answers without a code are judged by their status",
        arguments: [
            ("401 Unauthorized", ErrorCategory.authFailure, false), ("429 Too Many", .rateLimit, false),
            ("404 Not Found", .invalidInput, false),
            ("301 Moved", .transient, false), ("502 Bad Gateway", .transient, true), ("503 Unavailable", .transient, true),
        ])
    func statuses(status: String, category: ErrorCategory, unknown: Bool) async throws {
        for body in ["", "<html>15551234567</html>", "{", #"{"error":"no"}"#, #"{"error":{"code":"x"}}"#, #"{"error":{"code":-5}}"#] {
            let failure = try #require(try await failure(RawServer.http(status, body)))
            #expect(failure.category == category)
            #expect(failure.outcomeUnknown == unknown)
            #expect(!failure.message.contains("1555"))
        }
    }

    @Test(
        "a success that can not be read is an unknown outcome",
        arguments: ["", "<html>", "{", "{}", #"{"messages":[]}"#, #"{"messages":[7]}"#, #"{"messages":[{"id":7}]}"#, #"{"messages":{}}"#])
    func unreadable(body: String) async throws {
        #expect(try await failure(RawServer.http("200 OK", body))?.outcomeUnknown == true)
    }

    @Test("silence and hang-ups are unknown outcomes")
    func hostile() async throws {
        #expect(try await failure(.hangUp)?.outcomeUnknown == true)
        #expect(try await failure(.silence, timeout: .seconds(4))?.outcomeUnknown == true)
    }

    @Test("a file is uploaded as multipart, and a failed upload has reached nobody")
    func upload() async throws {
        let server = try await RawServer { _, number in
            switch number {
            case 0: RawServer.http("200 OK", #"{"id":"M77"}"#)
            case 1: RawServer.http("200 OK", "<html>")
            default: .hangUp
            }
        }
        let http = SafeHTTP.forTests()
        let client = WhatsAppClient.forTests(http, server)
        let id = try await client.upload(filename: "a\"\r\nb.pdf", contentType: "application/pdf", bytes: Array("%PDF".utf8))
        #expect(id == "M77")
        let seen = try #require(server.requests.first)
        #expect(seen.hasPrefix("POST /v25.0/1234567890/media "))
        let boundary = try #require(seen.firstRange(of: "boundary=").map { seen[$0.upperBound...].prefix { $0 != "\r\n" } })
        #expect(
            seen.hasSuffix(
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
                    + "--\(boundary)\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\napplication/pdf\r\n"
                    + "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.pdf\"\r\n"
                    + "Content-Type: application/pdf\r\n\r\n%PDF\r\n--\(boundary)--\r\n"))
        for _ in 0..<2 {
            do {
                _ = try await client.upload(filename: "a", contentType: "b/c", bytes: [])
                Issue.record("the upload gave an id")
            } catch {
                #expect(!error.outcomeUnknown)
            }
        }
        await http.shutdown()
        await server.stop()
    }

    @Test("all pages of templates are read, by their cursor and never elsewhere")
    func templates() async throws {
        let server = try await RawServer { _, number in
            number == 0
                ? RawServer.http(
                    "200 OK",
                    #"{"data":[{"name":"a","language":"en_US","status":"approved","category":"utility","components":[{"type":"BODY"}]},{"name":7}],"#
                        + #""paging":{"cursors":{"before":"x","after":"c u"},"next":"https://evil.example.com/?access_token=t"}}"#)
                : RawServer.http(
                    "200 OK", #"{"data":[{"name":"b","language":"de","status":"REJECTED"}],"paging":{"cursors":{"after":"z"}}}"#)
        }
        let http = SafeHTTP.forTests()
        let templates = try await WhatsAppClient.forTests(http, server).templates()
        #expect(
            templates == [
                WhatsAppTemplate(
                    name: "a", language: "en_US", status: "APPROVED", category: "UTILITY", components: Array(#"[{"type":"BODY"}]"#.utf8)),
                WhatsAppTemplate(name: "b", language: "de", status: "REJECTED"),
            ])
        #expect(server.requests.count == 2)
        #expect(server.requests.last?.contains("/v25.0/99/message_templates?") == true)
        #expect(server.requests.last?.contains("&after=c+u ") == true)
        await http.shutdown()
        await server.stop()
    }

    @Test("a list of templates without end ends")
    func endlessTemplates() async throws {
        let server = try await RawServer { _, number in
            RawServer.http("200 OK", #"{"data":[],"paging":{"cursors":{"after":"\#(number)"},"next":"x"}}"#)
        }
        let http = SafeHTTP.forTests()
        await #expect(throws: ProviderFailure.self) { try await WhatsAppClient.forTests(http, server).templates() }
        #expect(server.requests.count == 100)
        await http.shutdown()
        await server.stop()
    }

    @Test("number and token are checked")
    func check() async throws {
        func check(_ answer: RawServer.Answer) async throws -> String? {
            let server = try await RawServer(always: answer)
            let http = SafeHTTP.forTests()
            let problem = await WhatsAppClient.forTests(http, server).checkNumber()
            await http.shutdown()
            await server.stop()
            return problem
        }
        #expect(try await check(RawServer.http("200 OK", #"{"id":"1234567890"}"#)) == nil)
        #expect(try await check(RawServer.http("200 OK", #"{"id":"other"}"#)) != nil)
        #expect(
            try await check(RawServer.http("401 Unauthorized", #"{"error":{"code":190,"message":"expired"}}"#))
                == "WhatsApp 190: the access token has expired or is not valid: check WHATSAPP_ACCESS_TOKEN")
        #expect(try await check(.hangUp) != nil)
    }
}
