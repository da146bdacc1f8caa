import Core
import Foundation
import NIOCore
import NIOPosix
import SMTP
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("E-mail to a server that nobody here wrote", .timeLimit(.minutes(5)))
struct EmailEndToEndTests {
    private func transport(port: Int) throws -> @Sendable (TestClock) throws -> any Transport {
        { clock in
            let configuration = SMTPConfiguration(host: "127.0.0.1", port: port, security: .none)
            return EmailTransport(
                pool: SMTPPool(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.any()),
                sender: try MailAddress("post@bloom.example"), senderName: nil, clock: clock.wallClock)
        }
    }

    /// A world whose e-mail goes to the server.
    private func withMail(
        _ engine: TestEngine, dropping: Int = 0, _ body: (World, MailServer) async throws -> Void
    ) async throws {
        let server = try await MailServer(dropping: dropping)
        defer { server.stop() }
        try await withWorld(engine, mail: transport(port: server.port)) { world in
            try await body(world, server)
            await world.first.engine.lanes[.email]?.transport.stop(within: .seconds(5))
        }
    }

    @Test(
        "a mail arrives complete: Message-ID of the communication, the business as sender, text, HTML and files", arguments: World.engines)
    func arrives(engine: TestEngine) async throws {
        try await withMail(engine) { world, server in
            var request = try world.request(
                recipient: RecipientUpdate(name: "Ada Ökafor, \"Dr\"", email: "ada@example.org"),
                context: #"{"pending_action":"taste the Käsekuchen"}"#)
            request.attachments = [AttachmentUpload(filename: "plän.pdf", contentType: "application/pdf", content: Array("%PDF".utf8))]
            let id = try await world.submit(request)
            let mail = try await server.mail()
            #expect(mail["defect"] as? String == nil)
            #expect(mail["message_id"] as? String == "<\(id).email@bloom.example>")
            #expect(mail["ids"] as? Int == 1)
            #expect(mail["from_name"] as? String == "Bloom & Co")
            #expect(mail["from_address"] as? String == "post@bloom.example")
            #expect(mail["to"] as? [String] == ["ada@example.org"])
            #expect(mail["to_name"] as? String == "Ada Ökafor, \"Dr\"")
            #expect(mail["subject"] as? String == "Reminder: please taste the Käsekuchen")
            #expect(mail["date"] as? String == "2026-03-02T12:00:00+00:00")
            #expect(mail["auto"] as? String == "auto-generated")
            let parts = try #require(mail["parts"] as? [String: String])
            #expect(parts["text/plain"]?.contains("taste the Käsekuchen") == true)
            #expect(parts["text/html"]?.contains("<strong>taste the Käsekuchen</strong>") == true)
            #expect(parts["plän.pdf"] == "%PDF")
            try await world.first.quiet()
            let detail = try await world.detail(id)
            #expect(detail.record.status == .sent)
            let sent = try #require(detail.events.last)
            #expect(sent.provider == "smtp")
            #expect(sent.providerMessageID == "4Wxyz123")
        }
    }

    @Test("a mail whose reply was lost is sent again with the same Message-ID", arguments: World.engines)
    func unknownOutcome(engine: TestEngine) async throws {
        try await withMail(engine, dropping: 1) { world, server in
            let id = try await world.submit(world.request())
            let first = try await server.mail()
            try await world.first.quiet()
            #expect(try await world.detail(id).outcomes == [.failed(category: "unknown")])
            try await world.turn(.email)
            let second = try await server.mail()
            #expect(first["message_id"] as? String == "<\(id).email@bloom.example>")
            #expect(second["message_id"] as? String == first["message_id"] as? String)
            try await world.first.quiet()
            #expect(try await world.status(id) == .sent)
        }
    }

    @Test("an unknown mailbox moves on to SMS, and the record does not repeat the address", arguments: World.engines)
    func unknownMailbox(engine: TestEngine) async throws {
        try await withMail(engine) { world, _ in
            var recipient = World.ada
            recipient.email = "nobody@example.org"
            let id = try await world.submit(world.request(recipient: recipient))
            try await world.first.quiet()
            try await world.turn(.sms)
            #expect(world.sms.accepted == [id])
            let failed = try #require(try await world.detail(id).events.first { $0.type == "attempt_failed" })
            #expect(failed.status == "permanent")
            #expect(failed.detail?.contains("550") == true)
            #expect(failed.detail?.contains("nobody@example.org") == false)
        }
    }

    @Test("line breaks in values make no headers", arguments: World.engines)
    func injection(engine: TestEngine) async throws {
        try await withMail(engine) { world, server in
            try await world.putTemplate(.email, "reminder", subject: "News: {{what}}", content: "<p>x</p>")
            try await world.submit(world.request(context: #"{"what":"one\u0001\u0085\r\nBcc: all@example.org\r\n\r\nbody"}"#))
            let mail = try await server.mail()
            #expect(mail["defect"] as? String == nil)
            #expect(mail["bcc"] as? String == nil)
            #expect(mail["subjects"] as? Int == 1)
            #expect(mail["subject"] as? String == "News: one Bcc: all@example.org body")
            try await world.first.quiet()
        }
    }

    @Test("mails that the pool has not begun when it stops go back to the queue and have no failed attempt", arguments: World.engines)
    func stopped(engine: TestEngine) async throws {
        // A server that accepts connections and never says a word.
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(silent.localAddress?.port)
        try await withWorld(engine, mail: transport(port: port)) { world in
            var ids: [CommunicationID] = []
            for number in 0..<3 { ids.append(try await world.submit(world.request(client: "client-\(number)"))) }
            let lane = try #require(world.first.engine.lanes[.email])
            // As the engine stops: no new attempt, then the transport.
            lane.close()
            await lane.transport.stop(within: .milliseconds(50))
            try await world.first.quiet()
            for id in ids {
                #expect(try await world.queued(id) == QueueRow(channel: .email, due: world.now, attempt: 0, isLeased: false))
                #expect(try await world.detail(id).story == ["accepted"])
            }
        }
        try await silent.close()
    }
}
