import Emulators
import NIOPosix
import TestSupport
import Testing

@testable import App

@Suite("Doctor")
struct DoctorTests {
    private func mail(dkim: MailSettings.DKIM? = nil) throws -> MailSettings {
        var mail = try #require(
            try MailSettings(SettingsSource(environment: ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@news.example.org"])))
        mail.dkim = dkim
        return mail
    }

    private func verdicts(_ mail: MailSettings, _ records: [String: [String]], key: String? = nil) -> [Finding.Verdict] {
        SenderRecordsCheck(mail: mail, publicRecord: key) { name throws(DNSFailure) in records[name] ?? [] }.run().map(\.verdict)
    }

    @Test("a sender without records has SPF and DMARC to mend; a provider may sign instead of us")
    func noRecords() throws {
        #expect(verdicts(try mail(), [:]) == [.ill, .ill, .note])
    }

    @Test("good records are well, also a DMARC record of the domain above")
    func goodRecords() throws {
        let records = [
            "news.example.org": ["other=1", "v=spf1 include:mail.example -all"], "_dmarc.example.org": ["v=DMARC1; p=none"],
            "s1._domainkey.example.org": ["v=DKIM1; k=rsa; p=MIIB"],
        ]
        let key = MailSettings.DKIM(domain: "example.org", selector: "s1", keyFile: "k")
        #expect(verdicts(try mail(dkim: key), records) == [.well, .well, .well])
        #expect(verdicts(try mail(dkim: key), records, key: "v=DKIM1; k=rsa; p=MI IB") == [.well, .well, .well])
        #expect(verdicts(try mail(dkim: key), records, key: "v=DKIM1; k=rsa; p=OTHER") == [.well, .well, .ill])
    }

    @Test("two SPF records count as none, and a foreign DKIM domain does not help")
    func badRecords() throws {
        let records = ["news.example.org": ["v=spf1 -all", "v=spf1 +all"], "s1._domainkey.other.net": ["p=x"]]
        let key = MailSettings.DKIM(domain: "other.net", selector: "s1", keyFile: "k")
        #expect(verdicts(try mail(dkim: key), records) == [.ill, .ill, .ill])
    }

    @Test("when nobody can be asked the doctor says so and finds nothing ill")
    func noResolver() throws {
        let findings = SenderRecordsCheck(mail: try mail()) { _ throws(DNSFailure) in throw .noAnswer }.run()
        #expect(findings.map(\.verdict) == [.note])
        #expect(findings.first?.text.contains("could not be looked up") == true)
    }

    /// A resolver's answer for `a.b TXT`: a CNAME, then a TXT of two strings.
    private static let answer: [UInt8] =
        [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0x61, 1, 0x62, 0, 0, 16, 0, 1]
        + [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xC0, 14] + [
            0xC0, 14, 0, 16, 0, 1, 0, 0, 0, 9, 0, 8, 3, 0x76, 0x3D, 0x73, 3, 0x70, 0x66, 0x1B,
        ]

    @Test("TXT records are read through aliases, strings joined, control characters replaced")
    func answer() throws {
        #expect(try DNSMessage.texts(in: Self.answer, id: 0x1234) == ["v=spf?"])
    }

    @Test("an answer cut off anywhere, or with any byte changed, is refused or read, never a crash")
    func hostileAnswers() {
        for length in 0..<Self.answer.count {
            #expect(throws: DNSFailure.self) { try DNSMessage.texts(in: Array(Self.answer.prefix(length)), id: 0x1234) }
        }
        for position in Self.answer.indices {
            for value in [0, 0x3F, 0x40, 0xC0, 0xFF] as [UInt8] {
                var changed = Self.answer
                changed[position] = value
                _ = try? DNSMessage.texts(in: changed, id: 0x1234)
            }
        }
    }

    @Test("a name that does not exist has no records; another refusal is told; another id is not ours")
    func codes() throws {
        var missing = Self.answer
        missing[3] = 0x83
        #expect(try DNSMessage.texts(in: missing, id: 0x1234).isEmpty)
        missing[3] = 0x82
        #expect(throws: DNSFailure.refused(2)) { try DNSMessage.texts(in: missing, id: 0x1234) }
        #expect(throws: DNSFailure.malformed) { try DNSMessage.texts(in: Self.answer, id: 1) }
    }

    @Test("questions ask for TXT and offer EDNS; impossible names have none")
    func question() {
        #expect(
            DNSMessage.question(id: 0x0102, name: "a.bc")
                == [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0x61, 2, 0x62, 0x63, 0, 0, 16, 0, 1, 0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, 0])
        #expect(DNSMessage.question(id: 1, name: "a..b") == nil)
        #expect(DNSMessage.question(id: 1, name: String(repeating: "a", count: 64) + ".b") == nil)
    }

    /// `a.b MX`: `10 mx.a.b` with a pointer behind its first label, then `0 .` of RFC 7505.
    private static let exchanges: [UInt8] =
        [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0x61, 1, 0x62, 0, 0, 15, 0, 1]
        + [0xC0, 12, 0, 15, 0, 1, 0, 0, 0, 9, 0, 7, 0, 10, 2, 0x6D, 0x78, 0xC0, 12]
        + [0xC0, 12, 0, 15, 0, 1, 0, 0, 0, 9, 0, 3, 0, 0, 0]

    @Test("MX records are read with their preference, names through pointers")
    func mailExchanges() throws {
        let found = try DNSMessage.exchanges(in: Self.exchanges, id: 0x1234)
        #expect(found == [MailExchange(preference: 10, host: "mx.a.b"), MailExchange(preference: 0, host: "")])
        #expect(DNSMessage.question(id: 1, name: "a", .mailExchange)?.dropFirst(12).prefix(7) == [1, 0x61, 0, 0, 15, 0, 1])
        for length in 0..<Self.exchanges.count {
            #expect(throws: DNSFailure.self) { try DNSMessage.exchanges(in: Array(Self.exchanges.prefix(length)), id: 0x1234) }
        }
        for position in Self.exchanges.indices {
            for value in UInt8.min...UInt8.max {
                var changed = Self.exchanges
                changed[position] = value
                _ = try? DNSMessage.exchanges(in: changed, id: 0x1234)
            }
        }
    }

    private func inbound(
        _ more: [String: String] = [:], _ lookup: @escaping @Sendable (String) throws(DNSFailure) -> [MailExchange]
    ) throws -> [Finding] {
        let mail = ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@example.org", "INBOUND_MAIL_DOMAIN": "in.example.org"]
        let settings = try Settings(SettingsSource(environment: mail.merging(more) { $1 }))
        return InboundMailCheck(settings: settings, lookup: lookup).run().filter { $0.subject == "MX" }
    }

    @Test("the domain of returning mail needs an MX record that takes mail; an unanswered question is no flaw")
    func inboundRecord() throws {
        #expect(try inbound { _ throws(DNSFailure) in [] }.map(\.verdict) == [.ill])
        #expect(try inbound { _ throws(DNSFailure) in [MailExchange(preference: 0, host: "")] }.map(\.verdict) == [.ill])
        #expect(try inbound { _ throws(DNSFailure) in throw .noAnswer }.map(\.verdict) == [.note])
        for more in [[:], ["INBOUND_SMTP_PORT": "2525"]] {
            let well = try inbound(more) { domain throws(DNSFailure) in
                [MailExchange(preference: 20, host: "b.\(domain)"), MailExchange(preference: 10, host: "a.\(domain)")]
            }
            #expect(well == [.well("MX", "mail to in.example.org goes to a.in.example.org, b.in.example.org")])
        }
    }

    @Test("one-click unsubscribing needs https, and the start line says so too")
    func publicAddress() throws {
        let mail = ["SMTP_HOST": "h", "SMTP_FROM_EMAIL": "a@example.org"]
        func findings(_ environment: [String: String]) throws -> [Finding] {
            try PublicAddressCheck(settings: Settings(SettingsSource(environment: environment))).run()
        }
        #expect(try findings([:]).isEmpty)
        #expect(try findings(["API_BASE_URL": "http://crm.example.org"]).count == 1)
        #expect(try findings(mail).map(\.text) == [Settings.oneClickNeedsHTTPS])
        #expect(try findings(mail.merging(["API_BASE_URL": "http://crm.example.org"]) { $1 }).count == 2)
        let secure = mail.merging(["API_BASE_URL": "https://crm.example.org"]) { $1 }
        #expect(try findings(secure).isEmpty)
        let start = try Serve.greeting(Settings(SettingsSource(environment: mail)), port: 8080, database: "x")
        #expect(start.contains(Settings.oneClickNeedsHTTPS))
        let well = try Serve.greeting(Settings(SettingsSource(environment: secure)), port: 8080, database: "x")
        #expect(!well.contains("one-click"))
    }

    @Test("the provider of OIDC is asked for what a sign-in needs of it")
    func oidc() async throws {
        #expect(try await OIDCCheck(settings: Settings(SettingsSource(environment: [:]))).run().isEmpty)
        var configuration = EmulatorConfiguration()
        configuration.latency = .none
        let provider = try await EmulatorServer.start(
            configuration, clock: TestClock().wallClock, on: MultiThreadedEventLoopGroup.singleton)
        func findings(_ issuer: String) async throws -> [Finding] {
            let environment = ["OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "rapport"]
            return await OIDCCheck(settings: try Settings(SettingsSource(environment: environment))).run()
        }
        #expect(try await findings(provider.oidcIssuer).map(\.verdict) == [.well])
        // Another spelling is another issuer.
        #expect(try await findings(provider.oidcIssuer + "/").map(\.verdict) == [.ill])
        await provider.shutdown()
        #expect(try await findings(provider.oidcIssuer).map(\.verdict) == [.ill])
    }

    @Test("the machine's resolvers are read from resolv.conf")
    func resolvers() {
        #expect(DNSResolver.servers(in: "# x\nsearch a\nnameserver 127.0.0.53\nnameserver\t::1 # y\nnameserver") == ["127.0.0.53", "::1"])
    }

    @Test(
        "known flaws of SQLite are named by version",
        arguments: [("3.34.1", Finding.Verdict.ill), ("3.40.1", .note), ("3.51.2", .note), ("3.51.3", .well), ("4.0.0", .well)])
    func sqlite(version: String, verdict: Finding.Verdict) {
        #expect(DatabaseCheck.sqlite(version).verdict == verdict)
    }
}
