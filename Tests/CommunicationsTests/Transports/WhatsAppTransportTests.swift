import Core
import NIOCore
import NIOPosix
import Providers
import TestSupport
import Testing

@testable import Communications

@Suite("WhatsApp through the Cloud API", .timeLimit(.minutes(5)))
struct WhatsAppTransportTests {
    private static let accepted = RawServer.http("200 OK", #"{"messages":[{"id":"wamid.A"}]}"#)
    private static let file = AttachmentUpload(filename: "plan.pdf", contentType: "application/pdf", content: Array("%PDF".utf8))

    private func with(
        _ script: @escaping @Sendable (_ request: String, _ number: Int) -> RawServer.Answer,
        _ body: (WhatsAppTransport, RawServer) async throws -> Void
    ) async throws {
        let server = try await RawServer(script)
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectTimeout: .seconds(30))
        let configuration = WhatsAppConfiguration(phoneNumberID: "12345", accessToken: "t", url: server.url)
        let clock = WallClock { Timestamp(seconds: 1_692_853_305) }
        let transport = WhatsAppTransport(client: WhatsAppClient(http: http, configuration: configuration, clock: clock))
        let running = Task { await transport.run() }
        try await body(transport, server)
        await transport.stop(within: .seconds(5))
        await running.value
        await http.shutdown()
        await server.stop()
    }

    @Test("a text carries our own id and begins right before its bytes leave")
    func text() async throws {
        let probe = DeliveryProbe(.text("Hello"))
        try await with({ _, _ in
            probe.note("request")
            return Self.accepted
        }) { transport, server in
            transport.send([probe.delivery(channel: .whatsapp)])
            #expect(await probe.receipt()?.providerMessageID == "wamid.A")
            #expect(probe.steps == ["render", "begin", "request"])
            #expect(server.requests.first?.contains(#""biz_opaque_callback_data":"\#(DeliveryProbe.id)""#) == true)
            #expect(server.requests.first?.contains(#""text":{"body":"Hello","#) == true)
        }
    }

    @Test("a document is uploaded before the message begins")
    func upload() async throws {
        let media = WhatsAppContent.media(WhatsAppContent.Media(kind: .document, caption: "Your plan"))
        let probe = DeliveryProbe(.text("Your plan", attachments: [Self.file, Self.file], whatsApp: media))
        try await with({ request, _ in
            let isUpload = request.hasPrefix("POST /12345/media ")
            probe.note(isUpload ? "upload" : "request")
            return isUpload ? RawServer.http("200 OK", #"{"id":"M5"}"#) : Self.accepted
        }) { transport, server in
            transport.send([probe.delivery(channel: .whatsapp)])
            #expect(await probe.receipt()?.response == "accepted, 1 attachment not sent")
            #expect(probe.steps == ["render", "upload", "begin", "request"])
            #expect(server.requests.last?.contains(#""document":{"id":"M5","caption":"Your plan","filename":"plan.pdf"}"#) == true)
        }
    }

    @Test("a linked document is not uploaded")
    func link() async throws {
        let template = WhatsAppContent.Template(name: "plan", language: "en", header: .document)
        let file = AttachmentUpload(filename: "plan.pdf", contentType: "application/pdf", link: "https://a.example/plan.pdf")
        let probe = DeliveryProbe(.text("x", attachments: [file], whatsApp: .template(template)))
        try await with({ _, _ in Self.accepted }) { transport, server in
            transport.send([probe.delivery(channel: .whatsapp)])
            #expect(await probe.receipt()?.providerMessageID == "wamid.A")
            #expect(server.requests.count == 1)
            #expect(server.requests.first?.contains(#"{"link":"https://a.example/plan.pdf","filename":"plan.pdf"}"#) == true)
        }
    }

    @Test("who opts out during the upload gets nothing")
    func withdrawn() async throws {
        let media = WhatsAppContent.media(WhatsAppContent.Media(kind: .document, caption: nil))
        let probe = DeliveryProbe(.text("x", attachments: [Self.file], whatsApp: media)) { _ in false }
        try await with({ _, _ in RawServer.http("200 OK", #"{"id":"M5"}"#) }) { transport, server in
            transport.send([probe.delivery(channel: .whatsapp)])
            #expect(await probe.failure()?.withdrawn == true)
            #expect(server.requests.allSatisfy { $0.hasPrefix("POST /12345/media ") })
        }
    }

    @Test("an upload that fails has reached nobody, and a message without its file is not sent")
    func uploadFails() async throws {
        let media = WhatsAppContent.media(WhatsAppContent.Media(kind: .document, caption: nil))
        let probe = DeliveryProbe(.text("x", attachments: [Self.file], whatsApp: media))
        try await with({ _, _ in RawServer.http("502 Bad Gateway", "<html>") }) { transport, server in
            transport.send([probe.delivery(channel: .whatsapp)])
            let failure = await probe.failure()
            #expect(failure?.category == .transient && failure?.outcomeUnknown == false)
            #expect(server.requests.count == 1)
        }
        let bare = DeliveryProbe(.text("x", whatsApp: media))
        try await with({ _, _ in Self.accepted }) { transport, server in
            transport.send([bare.delivery(channel: .whatsapp)])
            #expect(await bare.failure()?.category == .invalidInput)
            #expect(server.requests.isEmpty)
        }
    }

    @Test(
        "what a failure means arrives at the engine",
        arguments: [
            (131047, ErrorCategory.permanent, FailureConsequence.windowClosed, TransportFailure.Scope.account),
            (131050, .permanent, .marketingOptedOut, .account), (131056, .rateLimit, nil, .message), (131031, .authFailure, nil, .account),
        ] as [(Int, ErrorCategory, FailureConsequence?, TransportFailure.Scope)])
    func failures(code: Int, category: ErrorCategory, consequence: FailureConsequence?, scope: TransportFailure.Scope) async throws {
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, _ in RawServer.http("400 Bad Request", #"{"error":{"message":"15551230000","code":\#(code)}}"#) }) {
            transport, _ in
            transport.send([probe.delivery(channel: .whatsapp)])
            let failure = await probe.failure()
            #expect(failure?.category == category && failure?.consequence == consequence && failure?.scope == scope)
            #expect(failure?.message.contains("1555") == false)
        }
    }

    @Test("an outcome that nobody knows waits for its webhooks")
    func unknown() async throws {
        let probe = DeliveryProbe(.text("x"))
        try await with({ _, _ in .hangUp }) { transport, _ in
            #expect(transport.unknownOutcomePause == 60)
            transport.send([probe.delivery(channel: .whatsapp)])
            #expect(await probe.failure()?.outcomeUnknown == true)
        }
    }
}
