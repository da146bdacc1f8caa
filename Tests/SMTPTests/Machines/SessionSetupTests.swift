import NIOCore
import Testing

@testable import SMTP

@Suite("session setup")
struct SessionSetupTests {
    struct TokenError: Error {}

    /// Feeds replies and events; returns what the machine did, line by line.
    private func run(_ configuration: SMTPConfiguration, _ events: [String]) throws -> [String] {
        var setup = SessionSetup(configuration: configuration)
        var log: [String] = []
        for event in events {
            let action: SessionSetup.Action?
            switch event {
            case "<tls>": action = setup.tlsEstablished()
            case "<token>": action = setup.tokenArrived(.success("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"))
            case "<no token>": action = setup.tokenArrived(.failure(TokenError()))
            default:
                var parser = ReplyParser()
                parser.append(ByteBuffer(string: event.replacing("|", with: "\r\n") + "\r\n"))
                action = setup.receive(try #require(try parser.next()), hasMoreInput: parser.hasUnreadBytes)
            }
            switch action {
            case nil: log.append("wait")
            case .send(let line): log.append(line)
            case .startHandshake: log.append("handshake")
            case .fetchToken: log.append("token")
            case .ready: log.append("ready")
            case .fail(let failure): log.append("\(failure.category.rawValue) at \(failure.phase.rawValue)")
            }
        }
        return log
    }

    private func configuration(
        _ security: SMTPConfiguration.Security = .none, _ credentials: SMTPCredentials = .none, _ mechanism: SMTPMechanism = .automatic
    ) -> SMTPConfiguration {
        var configuration = SMTPConfiguration(host: "localhost", port: 25, security: security, credentials: credentials)
        configuration.clientName = "me.example"
        configuration.mechanism = mechanism
        return configuration
    }

    private let test = SMTPCredentials.password(username: "test", password: "1234")
    private let token = SMTPCredentials.oauth2(username: "someuser@example.com", token: { "" })

    @Test("without TLS and credentials EHLO is enough, and HELO where EHLO is unknown")
    func plain() throws {
        #expect(try run(configuration(), ["220 hi", "250 ok"]) == ["EHLO me.example", "ready"])
        #expect(try run(configuration(), ["220 hi", "502 no", "250 ok"]) == ["EHLO me.example", "HELO me.example", "ready"])
        #expect(try run(configuration(), ["220 hi", "500 no", "550 no"]).last == "permanent at hello")
        #expect(try run(configuration(), ["220 hi", "550 no"]) == ["EHLO me.example", "permanent at hello"])
        #expect(try run(configuration(), ["554 go away"]) == ["permanent at banner"])
        #expect(try run(configuration(), ["421 busy"]) == ["rateLimit at banner"])
        #expect(try run(configuration(), ["250 hi"]) == ["transient at banner"])
    }

    @Test("STARTTLS comes before AUTH, what was offered before it is forgotten")
    func startTLS() throws {
        let hello = "250-hi|250-STARTTLS|250 AUTH PLAIN"
        #expect(
            try run(configuration(.startTLS, test), ["220 hi", hello, "220 go", "<tls>", "250-hi|250 AUTH LOGIN PLAIN", "235 ok"])
                == ["EHLO me.example", "STARTTLS", "handshake", "EHLO me.example", "AUTH PLAIN AHRlc3QAMTIzNA==", "ready"])
        #expect(
            try run(configuration(.startTLS, test), ["220 hi", hello, "220 go", "<tls>", "250 hi"]).last == "authFailure at authentication")
        #expect(try run(configuration(.implicit), ["<tls>", "220 hi", "250 ok"]) == ["wait", "EHLO me.example", "ready"])
    }

    @Test("a stripped, refused or injected STARTTLS ends the session before any credentials")
    func startTLSAttacks() throws {
        let hello = "250-hi|250-STARTTLS|250 AUTH PLAIN"
        #expect(try run(configuration(.startTLS, test), ["220 hi", "250-hi|250 AUTH PLAIN"]).last == "transient at startTLS")
        #expect(try run(configuration(.startTLS, test), ["220 hi", "502 what", "250 ok"]).last == "transient at startTLS")
        #expect(try run(configuration(.startTLS, test), ["220 hi", hello, "454 not now"]).last == "transient at startTLS")
        #expect(try run(configuration(.startTLS, test), ["220 hi", hello, "220 go|250 injected"]).last == "transient at startTLS")
        #expect(try run(configuration(), ["220 hi|250 early"]).last == "transient at banner")
        #expect(try run(configuration(.implicit), ["220 hi"]).last == "transient at tls")
    }

    @Test("LOGIN answers its two questions; PLAIN repeats itself for a server that ignored the initial response")
    func exchanges() throws {
        #expect(
            try run(configuration(.none, test), ["220 hi", "250-x|250 AUTH LOGIN", "334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 ok"])
                == ["EHLO me.example", "AUTH LOGIN", "dGVzdA==", "MTIzNA==", "ready"])
        #expect(
            try run(configuration(.none, test), ["220 hi", "250-x|250 AUTH PLAIN", "334 ", "235 ok"])
                == ["EHLO me.example", "AUTH PLAIN AHRlc3QAMTIzNA==", "AHRlc3QAMTIzNA==", "ready"])
        #expect(try run(configuration(.none, test), ["220 hi", "250-x|250 AUTH=LOGIN"]).last == "AUTH LOGIN")
        #expect(try run(configuration(.none, test, .login), ["220 hi", "250-x|250 AUTH PLAIN LOGIN"]).last == "AUTH LOGIN")
        let endless = ["220 hi", "250-x|250 AUTH LOGIN", "334 a", "334 b", "334 c"]
        #expect(try run(configuration(.none, test), endless).last == "transient at authentication")
    }

    @Test("XOAUTH2 sends the published string, and an empty line to hear the final refusal")
    func xoauth2() throws {
        let line =
            "AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJ"
            + "lYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        let start = ["220 hi", "250-x|250 AUTH PLAIN XOAUTH2"]
        #expect(try run(configuration(.none, token), start + ["<token>", "235 ok"]) == ["EHLO me.example", "token", line, "ready"])
        #expect(
            try run(configuration(.none, token), start + ["<token>", "334 eyJzdGF0dXMiOiI0MDEifQ==", "535 5.7.8 no"]).suffix(2)
                == ["", "authFailure at authentication"])
        #expect(try run(configuration(.none, token), start + ["<no token>"]).last == "transient at authentication")
        #expect(try run(configuration(.none, token), start + ["250 early"]).last == "transient at authentication")
    }

    @Test("wrong credentials are authFailure, a busy authenticator transient, and a reply that repeats the password is not kept")
    func failures() throws {
        let start = ["220 hi", "250-x|250 AUTH PLAIN"]
        #expect(try run(configuration(.none, test), start + ["535 5.7.8 no"]).last == "authFailure at authentication")
        #expect(try run(configuration(.none, test), start + ["454 4.7.0 later"]).last == "transient at authentication")
        let (exchange, _) = AuthenticationExchange.begin(.plain, username: "test", secret: "1234")
        #expect(exchange.isRevealed(in: "bad AHRlc3QAMTIzNA=="))
        #expect(exchange.isRevealed(in: "bad 1234"))
        #expect(!exchange.isRevealed(in: "bad credentials"))
    }

    @Test("credentials over an unencrypted connection only to this machine or when allowed")
    func clearCredentials() {
        var remote = SMTPConfiguration(host: "mail.example", port: 25, security: .none, credentials: test)
        #expect(remote.problem?.category == .authFailure)
        remote.allowsCredentialsInClear = true
        #expect(remote.problem == nil)
        #expect(SMTPConfiguration(host: "127.0.0.1", port: 25, security: .none, credentials: test).problem == nil)
        #expect(SMTPConfiguration(host: "127.evil.example.com", port: 25, security: .none, credentials: test).problem != nil)
        #expect(SMTPConfiguration(host: "mail.example", port: 25, security: .startTLS, credentials: test).problem == nil)
        var injected = SMTPConfiguration(host: "mail.example", port: 25)
        injected.clientName = "a\r\nMAIL FROM:<x>"
        #expect(injected.problem?.category == .invalidInput)
        let nul = SMTPCredentials.password(username: "a\u{0}b", password: "p")
        #expect(SMTPConfiguration(host: "mail.example", port: 25, credentials: nul).problem?.category == .authFailure)
    }
}
