import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import SMTP

@Suite("against servers nobody here wrote")
struct RealServerTests {
    private func message(_ number: Int) -> String {
        "From: a@example.com\r\nSubject: number \(number)\r\n\r\n.dot\r\nline\r\n"
    }

    @Test("a thousand mails over four pipelined connections are each accepted once")
    func sink() async throws {
        let sink = try await SinkServer()
        defer { sink.stop() }
        var configuration = SMTPConfiguration(host: "127.0.0.1", port: sink.port, security: .none)
        configuration.maxConnections = 4
        configuration.maxMessagesPerConnection = 100
        let pool = SMTPPool.test(configuration)
        let results = try await pool.deliver((0..<1000).map { ("a@example.com", "b@example.com", message($0)) })
        #expect(results.count == 1000)
        #expect(results.allSatisfy { $0.receipt?.code == 250 })
        await pool.stop(within: .seconds(10))
        #expect(pool.snapshot == PoolSnapshot(open: 0, busy: 0, waiting: 0, inFlight: 0))
    }

    @Test("without PIPELINING commands go step by step")
    func stepByStep() async throws {
        let sink = try await SinkServer(["-p"])
        defer { sink.stop() }
        let pool = SMTPPool.test(SMTPConfiguration(host: "127.0.0.1", port: sink.port, security: .none))
        let results = try await pool.deliver((0..<50).map { ("a@example.com", "b@example.com", message($0)) })
        #expect(results.allSatisfy { $0.receipt != nil })
        #expect(results.count == 50)
        await pool.stop(within: .seconds(10))
    }

    @Test("STARTTLS and AUTH: content arrives unchanged, the receipt carries the queue id", arguments: [[], ["PLAIN"]])
    func startTLS(excluded: [String]) async throws {
        let certificate = try await TestCertificate(dnsName: "localhost")
        defer { certificate.remove() }
        let server = try await PythonServer(
            .init(
                tls: "starttls", certificate: certificate.certificatePath, key: certificate.keyPath, user: "mailer",
                password: "pass word ü", excludedMechanisms: excluded))
        defer { server.stop() }
        var configuration = SMTPConfiguration(
            host: "localhost", port: server.port, security: .startTLS,
            credentials: .password(username: "mailer", password: "pass word ü"))
        configuration.trustRoots = .only(pem: certificate.pem)
        let pool = SMTPPool.test(configuration)
        let results = try await pool.deliver([(nil, "b@example.com", message(1))])
        #expect(results.first?.receipt?.queueID == "4Wxyz123")
        let mail = try await server.mail()
        #expect(mail.first == "<>")
        #expect(mail[1] == "b@example.com")
        #expect(Data(base64Encoded: mail[3]) == Data(message(1).utf8))
        let greeting = try await pool.probe()
        #expect(greeting.isEncrypted)
        #expect(greeting.mechanism == (excluded.isEmpty ? .plain : .login))
        await pool.stop(within: .seconds(10))
    }

    @Test("a wrong password fails the mail as authFailure and never shows the password")
    func wrongPassword() async throws {
        let certificate = try await TestCertificate(dnsName: "localhost")
        defer { certificate.remove() }
        let server = try await PythonServer(
            .init(
                tls: "implicit", certificate: certificate.certificatePath, key: certificate.keyPath, user: "mailer",
                password: "right"))
        defer { server.stop() }
        var configuration = SMTPConfiguration(
            host: "localhost", port: server.port, security: .implicit, credentials: .password(username: "mailer", password: "wrong"))
        configuration.trustRoots = .only(pem: certificate.pem)
        let pool = SMTPPool.test(configuration)
        let failure = try #require(try await pool.deliver([("a@example.com", "b@example.com", message(1))]).first?.failure)
        #expect(failure.category == .authFailure)
        #expect(failure.code == 535)
        #expect(!failure.description.contains("wrong"))
        await #expect(throws: SMTPFailure.self) { try await pool.probe() }
        await pool.stop(within: .seconds(10))
    }

    @Test("a certificate for another name, and one of an unknown authority, are refused before any credentials are sent")
    func badCertificate() async throws {
        let certificate = try await TestCertificate(dnsName: "elsewhere.example")
        defer { certificate.remove() }
        let server = try await PythonServer(
            .init(
                tls: "starttls", certificate: certificate.certificatePath, key: certificate.keyPath, user: "mailer", password: "p"))
        defer { server.stop() }
        var configuration = SMTPConfiguration(
            host: "localhost", port: server.port, security: .startTLS, credentials: .password(username: "mailer", password: "p"))
        configuration.trustRoots = .only(pem: certificate.pem)
        let wrongName = SMTPPool.test(configuration)
        await #expect(performing: { try await wrongName.probe() }, throws: { ($0 as? SMTPFailure)?.phase == .tls })
        configuration.trustRoots = .system
        configuration.tlsServerName = "elsewhere.example"
        let unknown = SMTPPool.test(configuration)
        await #expect(performing: { try await unknown.probe() }, throws: { ($0 as? SMTPFailure)?.phase == .tls })
        // The same server is fine when name and root fit.
        configuration.trustRoots = .systemAnd(pem: certificate.pem)
        let right = SMTPPool.test(configuration)
        #expect(try await right.probe().isEncrypted)
    }

    @Test("a refused recipient is a hard bounce and the next mail on the connection goes through")
    func refusedRecipient() async throws {
        let server = try await PythonServer()
        defer { server.stop() }
        var configuration = SMTPConfiguration(host: "127.0.0.1", port: server.port, security: .none)
        configuration.maxConnections = 1
        let pool = SMTPPool.test(configuration)
        let results = try await pool.deliver([
            ("a@example.com", "b@example.com", message(1)), ("a@example.com", "nobody@example.com", message(2)),
            ("a@example.com", "jürgen@bücher.example", message(3)),
        ])
        #expect(results[0].receipt != nil)
        #expect(results[1].failure?.isHardBounce == true)
        #expect(results[1].failure?.phase == .rcptTo)
        #expect(results[2].receipt != nil)
        _ = try await server.mail()
        let last = try await server.mail()
        #expect(last[1] == "jürgen@xn--bcher-kva.example")
        #expect(last[2].contains("SMTPUTF8"))
        await pool.stop(within: .seconds(10))
    }

    @Test("XOAUTH2 asks for a token and shows it; a refused token is authFailure", arguments: [true, false])
    func xoauth2(isRight: Bool) async throws {
        let server = try await PythonServer(.init(user: "u@example.com", password: "secret-token"))
        defer { server.stop() }
        let token = isRight ? "secret-token" : "stale-token"
        let pool = SMTPPool.test(
            SMTPConfiguration(
                host: "127.0.0.1", port: server.port, security: .none, credentials: .oauth2(username: "u@example.com", token: { token })))
        let result = try #require(try await pool.deliver([("a@example.com", "b@example.com", message(1))]).first)
        if isRight {
            #expect(result.receipt != nil)
        } else {
            #expect(result.failure?.category == .authFailure)
            #expect(result.failure?.code == 535)
        }
        await pool.stop(within: .seconds(10))
    }

    @Test(
        "a message of 600 kB, more than one piece, with dots and bare line ends arrives whole, in the clear and over TLS",
        arguments: ["none", "implicit"])
    func large(tls: String) async throws {
        let certificate = try await TestCertificate(dnsName: "localhost")
        defer { certificate.remove() }
        let server = try await PythonServer(.init(tls: tls, certificate: certificate.certificatePath, key: certificate.keyPath))
        defer { server.stop() }
        var configuration = SMTPConfiguration(host: "localhost", port: server.port, security: tls == "none" ? .none : .implicit)
        configuration.trustRoots = .only(pem: certificate.pem)
        let pool = SMTPPool.test(configuration)
        let body = "Subject: large\r\n\r\n" + String(repeating: ".dot line\n..two\r\nplain text of some length\r\n.\r\n", count: 12_000)
        let results = try await pool.deliver([("a@example.com", "b@example.com", body)])
        #expect(results.first?.receipt != nil)
        let mail = try await server.mail()
        #expect(Data(base64Encoded: mail[3]) == Data(LineEndings.normalized(Array(body.utf8))))
        await pool.stop(within: .seconds(10))
    }

    @Test("nobody listens: the probe says so at once, a mail fails when its wait is over")
    func nobodyListens() async throws {
        var configuration = SMTPConfiguration(host: "127.0.0.1", port: try await FreePort.find(), security: .none)
        configuration.maxWaitWhileDown = .milliseconds(10)
        let pool = SMTPPool.test(configuration)
        await #expect(performing: { try await pool.probe() }, throws: { ($0 as? SMTPFailure)?.phase == .connect })
        let failure = try await pool.deliver([("a@example.com", "b@example.com", message(1))]).first?.failure
        #expect(failure?.category == .transient)
        #expect(failure?.phase == .connect)
        await pool.stop(within: .seconds(1))
        let late = try await pool.deliver([("a@example.com", "b@example.com", message(1))]).first?.failure
        #expect(late?.category == .transient)
    }

    /// `twice.example` has an address where nobody listens and one where the server does.
    private struct TwoAddresses: Resolver, Sendable {
        let eventLoop: any EventLoop
        let port: Int

        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer("127.0.0.1", self.port) }
        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer("::1", 1) }
        func cancelQueries() {}

        private func answer(_ address: String, _ port: Int) -> EventLoopFuture<[SocketAddress]> {
            eventLoop.makeCompletedFuture { [try SocketAddress(ipAddress: address, port: port)] }
        }
    }

    @Test("a host with several addresses is reached by the one that answers")
    func severalAddresses() async throws {
        let sink = try await SinkServer()
        defer { sink.stop() }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let configuration = SMTPConfiguration(host: "twice.example", port: sink.port, security: .none)
        let resolver = TwoAddresses(eventLoop: eventLoop, port: sink.port)
        let result: Result<ServerGreeting, SMTPFailure> = await withCheckedContinuation { continuation in
            eventLoop.execute {
                let dialer = SMTPDialer(configuration: configuration, eventLoop: eventLoop, resolver: resolver)
                ServerProbe.run(configuration: configuration, dialer: dialer) { continuation.resume(returning: $0) }
            }
        }
        #expect(throws: Never.self) { try result.get() }
    }
}
