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
