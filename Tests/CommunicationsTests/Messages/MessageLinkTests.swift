import Core
import Crypto
import Foundation
import NIOPosix
import SMTP
import TestSupport
import Testing

@testable import Communications
@testable import Storage

@Suite("Links of ours in messages", .timeLimit(.minutes(5)))
struct MessageLinkTests {
    private static let marketing = MessageType(name: "spring", category: .marketing, defaultUrgency: .high, channels: [.email])

    /// The links that a text shows, opened.
    private func opened(_ text: String, _ purpose: LinkPurpose, _ world: World) -> [PublicLink] {
        text.matches(of: /https:\/\/crm\.example\/([a-z])\/([A-Za-z0-9_-]+)/).compactMap { match in
            guard match.output.1 == purpose.rawValue else { return nil }
            return try? world.first.links.signer.open(String(match.output.2), purpose: purpose, at: world.now).get()
        }
    }

    @Test("built-in mails lead to the preference centre; they have nothing to unsubscribe from", arguments: World.engines)
    func transactional(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            let id = try await world.submit(world.request("reminder"))
            try await world.turn()
            let message = try #require(world.email.begun.last { $0.id == id }?.rendered)
            for body in [message.text, try #require(message.html)] {
                let links = opened(body, .preferences, world)
                #expect(links.count == 1)
                #expect(links.first?.client.text == "ada" && links.first?.business == world.business)
                #expect(links.first?.expiresAt == world.now.adding(seconds: 60 * 86_400))
                #expect(opened(body, .unsubscribe, world).isEmpty && !body.contains("Unsubscribe"))
            }
            #expect(message.unsubscribeURL == nil)
        }
    }

    @Test("no marketing mail leaves without a way to unsubscribe and a postal address, whatever its template", arguments: World.engines)
    func marketing(engine: TestEngine) async throws {
        let own =
            "<html><body><p>Hi</p>{{#unsubscribe_url}}<a href=\"{{unsubscribe_url}}\">no</a>{{/unsubscribe_url}}{{postal_address}}</body></html>"
        let builtIn = BuiltInTemplates.source(.email, "reminder", language: "de")
        for (content, text, language) in [
            ("<html><body><p>Hi</p></body></html>", nil, "en"), ("<p>Hi</p>", "Hi", "de"), (own, nil, "en"), (own, "bare", "en"),
            (own, "{{unsubscribe_url}} {{postal_address}}", "en"), (builtIn?.content ?? "", builtIn?.text, "de"),
        ] as [(String, String?, String)] {
            try await withWorld(engine) { world in
                try await world.putMessageType(Self.marketing)
                for language in Set(["en", language]) {
                    try await world.putTemplate(.email, "spring", language: language, subject: "Spring", content: content, text: text)
                }
                var recipient = World.ada
                recipient.language = language
                let id = try await world.submit(world.request("spring", recipient: recipient))
                try await world.turn()
                let message = try #require(world.email.begun.last { $0.id == id }?.rendered)
                let url = try #require(message.unsubscribeURL)
                let expected = PublicLink(
                    .unsubscribe, business: world.business, client: try #require(ClientID("ada")), communication: id, channel: .email,
                    issuedAt: world.now)
                #expect(opened(url, .unsubscribe, world) == [expected])
                for body in [message.text, try #require(message.html)] {
                    #expect(opened(body, .unsubscribe, world) == [expected], "\(body)")
                    #expect(body.ranges(of: "1 Rose Lane, Kew").count == 1, "\(body)")
                }
                if content == "<p>Hi</p>" { #expect(message.text.contains("Abmelden: \(url)")) }
            }
        }
    }

    @Test("the variables work in custom templates on every channel, and a request can not forge them", arguments: World.engines)
    func variables(engine: TestEngine) async throws {
        try await withWorld(engine) { world in
            for channel in [Channel.sms, .whatsapp] {
                try await world.putTemplate(channel, "reminder", content: "{{preferences_url}} {{unsubscribe_url}}")
                let id = try await world.submit(
                    world.request(
                        "reminder", client: "c-\(channel.rawValue)", channel: channel,
                        context: #"{"preferences_url":"https://evil.example","unsubscribe_url":"x","is_marketing":true}"#))
                try await world.turn()
                let message = try #require((channel == .sms ? world.sms : world.whatsapp).begun.last { $0.id == id }?.rendered)
                #expect(opened(message.text, .preferences, world).map(\.client.text) == ["c-\(channel.rawValue)"])
                #expect(opened(message.text, .unsubscribe, world).map(\.channel) == [channel])
                #expect(!message.text.contains("evil"))
            }
        }
    }

    @Test("a dry run and a preview show links that open nothing")
    func previews() async throws {
        try await withWorld(.sqlite) { world in
            let answer = String(
                decoding: try await world.first.orchestrator.preview(world.request("reminder"), business: world.business), as: UTF8.self)
            #expect(answer.contains("https://crm.example/p/example") && opened(answer, .preferences, world).isEmpty)
        }
    }

    @Test("the headers for one click are there, whole for Python's parser, and under the DKIM signature", arguments: World.engines)
    func headers(engine: TestEngine) async throws {
        let server = try await MailServer()
        defer { server.stop() }
        let key = try DKIMKey("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
        let signer = try DKIMSigner(domain: "bloom.example", selector: "s1", key: key)
        let keys = try Cipher(
            keys: KeyRing(text: World.keys), lookupKey: SymmetricKey(data: [UInt8](repeating: 7, count: 32)), sealsContent: false)
        let returns = ReturnAddresses(cipher: keys, domain: "in.bloom.example")
        let mail: (TestClock) throws -> any Transport = { clock in
            let configuration = SMTPConfiguration(host: "127.0.0.1", port: server.port, security: .none)
            return EmailTransport(
                pool: SMTPPool(configuration: configuration, eventLoop: MultiThreadedEventLoopGroup.singleton.any()),
                sender: try MailAddress("post@bloom.example"), senderName: nil,
                sign: { try signer.sign($0, at: clock.now.milliseconds) }, returns: returns, clock: clock.wallClock)
        }
        try await withWorld(engine, mail: mail) { world in
            let transport = try #require(world.first.engine.lanes[.email]?.transport)
            let signing = Task { await transport.run() }
            try await world.putMessageType(Self.marketing)
            try await world.putTemplate(.email, "spring", subject: "Spring", content: "<p>Hi</p>")
            let id = try await world.submit(world.request("spring"))
            let received = try await server.mail()
            #expect(received["defect"] as? String == nil)
            let header = try #require(received["unsubscribe"] as? String)
            #expect(opened(header, .unsubscribe, world).map(\.communication) == [id])
            #expect(header.hasPrefix("<https://crm.example/u/"))
            #expect(header.hasSuffix(">, <mailto:\(returns.unsubscribe(id, to: "ada@example.org"))>"))
            #expect(received["unsubscribe_post"] as? String == "List-Unsubscribe=One-Click")
            let raw = try #require((received["raw"] as? String).flatMap { Data(base64Encoded: $0) })
            #expect(try verdict(raw, signer) == "True list-unsubscribe list-unsubscribe-post")
            let forged = String(decoding: raw, as: UTF8.self).replacing("List-Unsubscribe: <https", with: "List-Unsubscribe: <xttps")
            #expect(try verdict(Data(forged.utf8), signer).hasPrefix("False"))
            let plain = try await world.submit(world.request("reminder", client: "bob"))
            let second = try await server.mail()
            #expect(second["message_id"] as? String == "<\(plain).email@bloom.example>")
            #expect(second["unsubscribe"] as? String == nil && second["unsubscribe_post"] as? String == nil)
            try await world.first.quiet()
            await transport.stop(within: .seconds(5))
            await signing.value
        }
    }

    /// What dkimpy says, and which of the two headers the signature covers.
    private func verdict(_ message: Data, _ signer: DKIMSigner) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.verifier, signer.dnsName + ".", signer.key.dnsRecord, message.base64EncodedString()]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self).split(separator: "\n").joined(separator: " ")
    }

    private static let verifier = """
        import base64, re, sys
        import dkim
        name, record, message = sys.argv[1].encode(), sys.argv[2].encode(), base64.b64decode(sys.argv[3])
        try:
            valid = dkim.DKIM(message).verify(dnsfunc=lambda asked, timeout=5: record if asked == name else None)
        except dkim.ValidationError:
            valid = False
        signed = re.search(rb'h=([^;]*);', message).group(1).replace(b'\\r\\n', b'').replace(b' ', b'').split(b':')
        print(valid, *[h for h in ('list-unsubscribe', 'list-unsubscribe-post') if h.encode() in signed])
        """
}
