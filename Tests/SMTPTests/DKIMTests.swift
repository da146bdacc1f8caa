import Crypto
import Foundation
import Testing

@testable import SMTP

@Suite("DKIM")
struct DKIMTests {
    private static let seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

    private func bodyHash(_ body: String) -> String {
        Base64.encode(Array(SHA256.hash(data: Canonicalization.relaxed(body: Array(body.utf8)[...]))))
    }

    @Test("the relaxed body canonicalisation gives the published hashes")
    func bodies() {
        #expect(bodyHash("") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        #expect(bodyHash("\r\n\r\n") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
        #expect(bodyHash(" C \r\nD \t E\r\n\r\n\r\n") == "unak6JHq0wL+Q1HP7dW1tjBx9FLA6DffoZ0qrLwbbpo=")
        #expect(Canonicalization.relaxed(body: Array("a\r\n \t\r\nb".utf8)[...]) == Array("a\r\n\r\nb\r\n".utf8))
    }

    @Test(
        "headers are unfolded, lower-cased in the name and trimmed",
        arguments: [
            ("A: X\r\n", "a:X"), ("B : Y\t\r\n\tZ  \r\n", "b:Y Z"), ("C:: x : y\r\n", "c:: x : y"), ("D:\r\n", "d:"),
        ])
    func headers(input: String, expected: String) {
        #expect(String(decoding: Canonicalization.relaxed(header: Array(input.utf8)[...]), as: UTF8.self) == expected)
    }

    @Test("the signature of RFC 8463, appendix A, comes out as printed")
    func rfc8463() throws {
        let message = """
            From: Joe SixPack <joe@football.example.com>
            To: Suzie Q <suzie@shopping.example.net>
            Subject: Is dinner ready?
            Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
            Message-ID: <20030712040037.46341.5F8J@football.example.com>

            Hi.

            We lost the game.  Are you hungry yet?

            Joe.

            """
        let parsed = SignedMessage(Array(message.utf8))
        #expect(bodyHash(String(decoding: parsed.body, as: UTF8.self)) == "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=")
        let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"]
        let unsigned = """
            DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
             d=football.example.com; i=@football.example.com;
             q=dns/txt; s=brisbane; t=1528637909; h=from : to :
             subject : date : message-id : from : subject : date;
             bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
             b=
            """
        let canonical = parsed.canonicalHeaders(names)
        let field = Canonicalization.relaxed(header: Array(unsigned.utf8)[...])
        let digest = SHA256.hash(data: canonical + field).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(digest == "48ce9a2c710ece1710ff156996b836a7f45470e43efe5643074d6e1690ed62e7")
        let published = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        let raw = try #require(Data(base64Encoded: published))
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: try #require(Data(base64Encoded: Self.seed)))
        #expect(key.publicKey.isValidSignature(raw, for: Data(SHA256.hash(data: canonical + field))))
        // The signing side signs the same digest; Ed25519 here is randomised, so its own output is verified, not compared.
        let signer = try DKIMSigner(domain: "football.example.com", selector: "brisbane", key: DKIMKey(Self.seed))
        let own = try #require(Data(base64Encoded: try signer.signature(unsigned, canonicalHeaders: canonical)))
        #expect(key.publicKey.isValidSignature(own, for: Data(SHA256.hash(data: canonical + field))))
        #expect(signer.key.dnsRecord == "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    }

    private static let verifier = """
        import sys, base64
        try:
            import dkim, nacl
        except ImportError:
            sys.exit(print('dkimpy is needed by this test: pip install dkimpy pynacl'))
        records = {}
        count = int(sys.stdin.readline())
        for _ in range(count):
            name, record = sys.stdin.readline().rstrip('\\n').split(' ', 1)
            records[(name + '.').encode()] = record.encode()
        for line in sys.stdin:
            message = base64.b64decode(line)
            verdicts = []
            for index in range(message.count(b'DKIM-Signature:')):
                try:
                    verifier = dkim.DKIM(message)
                    verdicts.append(str(verifier.verify(index, dnsfunc=lambda name, timeout=5: records.get(name))))
                except dkim.ValidationError as error:
                    verdicts.append('False' if 'body hash mismatch' in str(error) else repr(error))
                except Exception as error:
                    verdicts.append(repr(error))
            print(' '.join(verdicts) or 'none', flush=True)
        """

    private func openssl(_ arguments: [String]) async throws -> String {
        let child = try ChildProcess(["openssl"] + arguments, install: "apt-get install openssl", quiet: true)
        var lines: [String] = []
        while let line = await child.line() { lines.append(line) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func message(_ index: Int) throws -> [UInt8] {
        var message = try MIMEMessage(
            from: Mailbox(name: "Zoë \(index)", address: MailAddress("studio@example.com")),
            to: [Mailbox(MailAddress("client@example.org"))], subject: String(repeating: "Gallery  ready ✓ ", count: index),
            date: 1_795_247_822_000, messageID: MessageID("d\(index)@example.com"), text: index == 0 ? nil : "Hi \t \r\n\r\n.x\r\n\r\n\r\n",
            html: index % 2 == 0 ? "<p>  ü </p>" : nil)
        message.headers = [
            try HeaderField("List-Unsubscribe", "<https://u.example.com/u/token>, <mailto:unsub+token@example.com>"),
            try HeaderField("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"), try HeaderField("Feedback-ID", "a:b:c:rapport"),
        ]
        return message.render()
    }

    @Test("dkimpy accepts RSA and Ed25519 together, and refuses a changed body, subject, or an added header")
    func dkimpy() async throws {
        let pkcs8 = try await openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let ed25519 = try await openssl(["genpkey", "-algorithm", "ED25519"])
        let rsaSigner = try DKIMSigner(domain: "example.com", selector: "r1", key: DKIMKey(pkcs8))
        let edSigner = try DKIMSigner(domain: "example.com", selector: "e1", key: DKIMKey(ed25519))
        let signers = [rsaSigner, edSigner]
        var input = "2\n" + signers.map { "\($0.dnsName) \($0.key.dnsRecord)\n" }.joined()
        var expected: [String] = []
        func add(_ message: [UInt8], _ verdict: String) {
            input += Base64.encode(message) + "\n"
            expected.append(verdict)
        }
        for index in 0..<8 {
            add(try DKIMSigner.sign(message(index), at: 1_795_247_822_000, with: signers), "True True")
        }
        let good = String(decoding: try rsaSigner.sign(message(3), at: 1_795_247_822_000), as: UTF8.self)
        add(Array(good.utf8), "True")
        add(Array(good.replacingOccurrences(of: ".x", with: ".y").utf8), "False")
        add(Array(good.replacingOccurrences(of: "One-Click", with: "Two-Click").utf8), "False")
        add(Array(good.replacingOccurrences(of: "\r\nSubject:", with: "\r\nSubject: evil\r\nSubject:").utf8), "False")
        add(Array(good.replacingOccurrences(of: "\r\nFrom:", with: "\r\nCc: evil@example.net\r\nFrom:").utf8), "False")
        // Bare line ends are signed as they will travel.
        add(try rsaSigner.sign(Array("From: a@example.com\nSubject: x\n\nline\rline\n".utf8), at: 0), "True")
        let output = try await ChildProcess.python(Self.verifier, input: input)
        #expect(output == expected)
    }

    @Test("PKCS#1 and PKCS#8 forms of one RSA key publish the same record; short keys and rubbish are refused")
    func keys() async throws {
        let pkcs8 = try await openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let converter = try ChildProcess(["openssl", "rsa", "-traditional"], install: "apt-get install openssl", quiet: true)
        try converter.write(pkcs8)
        converter.stop()
        var pkcs1 = ""
        while let line = await converter.line() { pkcs1 += line + "\n" }
        #expect(pkcs1.contains("BEGIN RSA PRIVATE KEY"))
        #expect(try DKIMKey(pkcs1).dnsRecord == DKIMKey(pkcs8).dnsRecord)
        let short = try await openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
        #expect(throws: DKIMError.weakKey(bits: 1024)) { try DKIMKey(short) }
        for rubbish in ["", "abc", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", Base64.encode([1, 2, 3])] {
            #expect(throws: DKIMError.unreadableKey) { try DKIMKey(rubbish) }
        }
        let key = try DKIMKey(Self.seed)
        #expect(throws: DKIMError.invalidSelector) { try DKIMSigner(domain: "example.com", selector: "a;b", key: key) }
        #expect(throws: DKIMError.invalidDomain) { try DKIMSigner(domain: "exa mple", selector: "a", key: key) }
    }
}
