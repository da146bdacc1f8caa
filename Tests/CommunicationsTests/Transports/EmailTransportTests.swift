import Core
import NIOCore
import NIOPosix
import SMTP
import TestSupport
import Testing

@testable import Communications

@Suite("E-mail transport")
struct EmailTransportTests {
    @Test("servers' words are kept without the recipient's address and others, whoever said them")
    func words() {
        let refused = SMTPFailure(
            .permanent, phase: .rcptTo, code: 550, enhanced: nil,
            text: "<Ada.Lovelace@Example.org>: user ada.lovelace unknown, ask bob@example.org")
        let failure = TransportFailure(refused, recipient: "ada.lovelace@example.org")
        #expect(failure.message == "rcptTo: 550 <(address)>: user (address) unknown, ask (address)")
        let quoting = SMTPFailure(.permanent, phase: .body, code: 554, enhanced: nil, text: "rejected: 'Your budget, Ada' looks like spam")
        #expect(
            TransportFailure(quoting, recipient: "ada@example.org", subject: "Your budget, Ada").message
                == "\(SMTPFailure.Phase.body.rawValue): 554 rejected: '(subject)' looks like spam")
        let taken = TransportReceipt(
            SMTPReceipt(code: 250, enhanced: nil, text: "2.0.0 Ok: queued as 4bX1 for <ada.lovelace@example.org>"),
            recipient: "ada.lovelace@example.org")
        #expect(taken.response == "2.0.0 Ok: queued as 4bX1 for <(address)>")
        #expect(taken.providerMessageID == "4bX1")
        let usual = TransportReceipt(SMTPReceipt(code: 250, enhanced: nil, text: "2.0.0 Ok: queued as 4bX1"), recipient: "a@example.org")
        #expect(usual.response == "2.0.0 Ok: queued as 4bX1")
    }

    @Test("a server that quotes the mail it refuses is kept without what it quotes")
    func quoted() async throws {
        let server = try await MailServer()
        defer { server.stop() }
        let transport = try Self.transport(server)
        let probe = DeliveryProbe(RenderedMessage(subject: "Unwanted budget of Ada", text: "Hi", html: nil))
        transport.send([probe.delivery(channel: .email, address: "ada@example.org")])
        let message = try #require(await probe.failure()?.message)
        #expect(message.hasSuffix("5.7.1 Mail to (address) looks like spam: (subject)"), "\(message)")
        await transport.stop(within: .seconds(5))
    }

    private static func transport(_ server: MailServer) throws -> EmailTransport {
        let pool = SMTPPool(
            configuration: SMTPConfiguration(host: "127.0.0.1", port: server.port, security: .none),
            eventLoop: MultiThreadedEventLoopGroup.singleton.any())
        return EmailTransport(pool: pool, sender: try MailAddress("post@bloom.example"), senderName: nil, clock: TestClock().wallClock)
    }

    @Test(
        "one click is offered over HTTPS alone (RFC 8058); in clear the link stays for people",
        arguments: [("https://crm.example/u/t", "List-Unsubscribe=One-Click"), ("http://crm.example/u/t", nil)])
    func oneClick(url: String, post: String?) async throws {
        let server = try await MailServer()
        defer { server.stop() }
        let transport = try Self.transport(server)
        var message = RenderedMessage(subject: "Spring", text: "Hi", html: nil)
        message.unsubscribeURL = url
        let probe = DeliveryProbe(message)
        transport.send([probe.delivery(channel: .email, address: "ada@example.org")])
        let received = try await server.mail()
        #expect(received["unsubscribe"] as? String == "<\(url)>")
        #expect(received["unsubscribe_post"] as? String == post)
        #expect(await probe.receipt() != nil)
        await transport.stop(within: .seconds(5))
    }
}
