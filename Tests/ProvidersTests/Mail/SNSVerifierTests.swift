import Core
import Crypto
import Foundation
import NIOPosix
import TestSupport
import Testing
import _CryptoExtras

@testable import Providers

@Suite("Messages of Amazon SNS")
struct SNSVerifierTests {
    private static let certificateURL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-abc.pem"
    private static let topic = "arn:aws:sns:eu-west-1:123456789012:bounces"

    /// Signs as SNS does, with a certificate that a test made.
    private struct Signer {
        let key: _RSA.Signing.PrivateKey
        let pem: String

        init(name: String = "sns.amazonaws.com", days: Int = 2) async throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sns-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let (keyPath, path) = (folder.appendingPathComponent("k").path, folder.appendingPathComponent("c").path)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
            process.arguments = [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "\(days)", "-subj", "/CN=\(name)", "-addext",
                "subjectAltName=DNS:\(name)", "-keyout", keyPath, "-out", path,
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            key = try _RSA.Signing.PrivateKey(pemRepresentation: String(contentsOfFile: keyPath, encoding: .utf8))
            pem = try String(contentsOfFile: path, encoding: .utf8)
        }

        /// The canonical text is written here by hand, not by the code that is tested.
        func message(
            version: String = "2", message: String = #"{"a":1}"#, subject: String? = "S", url: String = SNSVerifierTests.certificateURL
        ) throws -> [UInt8] {
            let lines =
                ["Message", message, "MessageId", "id-1"] + (subject.map { ["Subject", $0] } ?? [])
                + ["Timestamp", "2026-11-21T10:00:00.000Z", "TopicArn", SNSVerifierTests.topic, "Type", "Notification"]
            return try body(
                lines, version,
                [
                    "Type": "Notification", "MessageId": "id-1", "TopicArn": SNSVerifierTests.topic, "Message": message, "Subject": subject,
                    "Timestamp": "2026-11-21T10:00:00.000Z", "SigningCertURL": url,
                ])
        }

        func subscription(to url: String) throws -> [UInt8] {
            let lines = [
                "Message", "You have chosen…", "MessageId", "id-2", "SubscribeURL", url, "Timestamp", "2026-11-21T10:00:00.000Z", "Token",
                "tok", "TopicArn", SNSVerifierTests.topic, "Type", "SubscriptionConfirmation",
            ]
            return try body(
                lines, "1",
                [
                    "Type": "SubscriptionConfirmation", "MessageId": "id-2", "TopicArn": SNSVerifierTests.topic,
                    "Message": "You have chosen…", "Timestamp": "2026-11-21T10:00:00.000Z",
                    "SigningCertURL": SNSVerifierTests.certificateURL,
                    "SubscribeURL": url, "Token": "tok",
                ])
        }

        private func body(_ lines: [String], _ version: String, _ fields: [String: String?]) throws -> [UInt8] {
            let text = Array((lines.joined(separator: "\n") + "\n").utf8)
            let signature =
                version == "1"
                ? try key.signature(for: Insecure.SHA1.hash(data: text), padding: .insecurePKCS1v1_5)
                : try key.signature(for: SHA256.hash(data: text), padding: .insecurePKCS1v1_5)
            var all = fields.compactMapValues { $0 }
            all["SignatureVersion"] = version
            all["Signature"] = signature.rawRepresentation.base64EncodedString()
            return Array(try JSONEncoder().encode(all))
        }
    }

    private func withVerifier(
        _ signer: Signer, _ body: (SNSVerifier, Fetches) async throws -> Void
    ) async throws {
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let fetches = Fetches()
        let clock = TestClock(Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)))
        let verifier = SNSVerifier(http: http, clock: clock.wallClock) { url in
            fetches.add(url)
            return fetches.isAway ? nil : Array(signer.pem.utf8)
        }
        try await body(verifier, fetches)
        await http.shutdown()
    }

    private final class Fetches: @unchecked Sendable {  // lock
        private let lock = NSLock()
        private var urls: [String] = []
        private var away = false

        var all: [String] { lock.withLock { urls } }
        var isAway: Bool {
            get { lock.withLock { away } }
            set { lock.withLock { away = newValue } }
        }

        func add(_ url: String) { lock.withLock { urls.append(url) } }
    }

    @Test("both versions of the signature are believed, the certificate is fetched once", arguments: ["1", "2"])
    func valid(version: String) async throws {
        let signer = try await Signer()
        try await withVerifier(signer) { verifier, fetches in
            for subject in ["S", nil] {
                let message = try #require(SNSMessage(signer.message(version: version, subject: subject)))
                #expect(await verifier.verify(message) == .valid)
            }
            #expect(fetches.all == [Self.certificateURL])
        }
    }

    @Test("no field can be changed, and no signature be left out or renamed")
    func altered() async throws {
        let signer = try await Signer()
        try await withVerifier(signer) { verifier, _ in
            let genuine = try #require(SNSMessage(signer.message()))
            #expect(await verifier.verify(genuine) == .valid)
            for change in [
                { (m: inout SNSMessage) in m.message = #"{"a":2}"# }, { $0.id = "id-9" }, { $0.subject = nil }, { $0.timestamp = "2027" },
                { $0.topic += "x" }, { $0.kind = .unsubscription }, { $0.signature[0] ^= 1 }, { $0.signature = [] },
                { $0.signatureVersion = "1" }, { $0.signatureVersion = "3" }, { $0.signature = Array(repeating: 0, count: 256) },
            ] as [(inout SNSMessage) -> Void] {
                var message = genuine
                change(&message)
                #expect(await verifier.verify(message) == .invalid)
            }
        }
    }

    @Test("a certificate that is not Amazon's, not valid any more or none at all is not believed")
    func certificates() async throws {
        for signer in [try await Signer(name: "sns.amazonaws.com.evil.example"), try await Signer(name: "evil.example")] {
            try await withVerifier(signer) { verifier, _ in
                let given1 = try #require(SNSMessage(signer.message()))
                #expect(await verifier.verify(given1) == .invalid)
            }
        }
        let signer = try await Signer()
        try await withVerifier(signer) { verifier, fetches in
            fetches.isAway = true
            let message = try #require(SNSMessage(signer.message()))
            #expect(await verifier.verify(message) == .unknown)
            fetches.isAway = false
            #expect(await verifier.verify(message) == .valid)
        }
        let http = SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton)
        let later = TestClock(Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000) + 10 * 86_400_000))
        let verifier = SNSVerifier(http: http, clock: later.wallClock) { _ in Array(signer.pem.utf8) }
        let given2 = try #require(SNSMessage(signer.message()))
        #expect(await verifier.verify(given2) == .invalid)
        let junk = SNSVerifier(http: http, clock: later.wallClock) { _ in Array("no certificate".utf8) }
        let given3 = try #require(SNSMessage(signer.message()))
        #expect(await junk.verify(given3) == .invalid)
        await http.shutdown()
    }

    @Test(
        "certificates come from SNS and from nowhere else",
        arguments: [
            "http://sns.eu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
            "https://user@sns.eu-west-1.amazonaws.com/a.pem", "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
            "https://s3.eu-west-1.amazonaws.com/bucket/a.pem", "https://sns.eu-west-1.amazonaws.com", "https://sns..amazonaws.com/a.pem",
            "https://sns.a.b.amazonaws.com/a.pem", "https://snsx.eu.amazonaws.com/a.pem", "https://sns.eu\\.amazonaws.com/a.pem",
            "https://sns.EU-WEST-1.amazonaws.com/a.pem ", "https://127.0.0.1/a.pem", "https://sns.eu-west-1.amazonaws.com#/a.pem",
            "https://sns.eu-west-1.amazonaws.com?/a.pem", "https://sns.%65u.amazonaws.com/a.pem", "", "HTTPS://sns.eu.amazonaws.com/a.pem",
        ])
    func hosts(url: String) async throws {
        #expect(!SNSVerifier.isAmazons(url))
        let signer = try await Signer()
        try await withVerifier(signer) { verifier, fetches in
            let given4 = try #require(SNSMessage(signer.message(url: url)))
            #expect(await verifier.verify(given4) == .invalid)
            #expect(fetches.all.isEmpty)
        }
    }

    @Test(
        "what other services keep under SNS's name, and what SNS's API answers, is no certificate",
        arguments: [
            "https://sns.s3.amazonaws.com/SimpleNotificationService-abc.pem",
            "https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-abc.pem",
            "https://sns.us-east.amazonaws.com/SimpleNotificationService-abc.pem",
            "https://sns.us-east-.amazonaws.com/SimpleNotificationService-abc.pem",
            "https://sns.us-east-1.amazonaws.com/?Action=GetTopicAttributes&x=/SimpleNotificationService-abc.pem",
            "https://sns.us-east-1.amazonaws.com/other/SimpleNotificationService-abc.pem",
            "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc?.pem",
            "https://sns.us-east-1.amazonaws.com/a.pem",
        ])
    func otherServices(url: String) async throws {
        let signer = try await Signer()
        try await withVerifier(signer) { verifier, fetches in
            let message = try #require(SNSMessage(signer.message(url: url)))
            #expect(await verifier.verify(message) == .invalid)
            #expect(fetches.all.isEmpty)
        }
    }

    @Test("a subscription is confirmed at SNS only")
    func confirmation() async throws {
        let signer = try await Signer()
        let good = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=tok"
        try await withVerifier(signer) { verifier, fetches in
            let message = try #require(SNSMessage(signer.subscription(to: good)))
            #expect(await verifier.verify(message) == .valid)
            #expect(await verifier.confirm(message))
            #expect(fetches.all.last == good)
            let evil = try #require(SNSMessage(signer.subscription(to: "https://169.254.169.254/latest/")))
            #expect(await verifier.verify(evil) == .valid)
            #expect(await !verifier.confirm(evil))
            #expect(fetches.all.count == 2)
            let given5 = try #require(SNSMessage(signer.message()))
            #expect(await !verifier.confirm(given5))
        }
    }

    @Test("whoever names certificates that are not there makes us ask for a few of them only")
    func fetches() async throws {
        let signer = try await Signer()
        try await withVerifier(signer) { verifier, fetches in
            fetches.isAway = true
            for number in 0..<50 {
                let message = try #require(
                    SNSMessage(signer.message(url: "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-\(number).pem")))
                #expect(await verifier.verify(message) == .unknown)
            }
            #expect(fetches.all.count == 10)
        }
    }

    @Test(
        "hosts of SNS everywhere are known",
        arguments: ["https://sns.us-gov-west-1.amazonaws.com/x.pem", "https://sns.cn-north-1.amazonaws.com.cn/x.pem"])
    func regions(url: String) {
        #expect(SNSVerifier.isAmazons(url))
    }
}
