import Communications
import Foundation
import Observability
import Storage
import Synchronization
import TestSupport
import Testing
import Web

@testable import App

@Suite("Mail that comes back, encrypted")
struct InboundMailTLSTests {
    private static func settings(_ folder: TemporaryFolder, _ more: [String: String]) throws -> Settings {
        let own = [
            "DATABASE_URL": "sqlite:\(folder.path)/rapport.sqlite", "INBOUND_MAIL_DOMAIN": "in.bloom.example", "INBOUND_SMTP_PORT": "0",
        ]
        return try Settings(SettingsSource(environment: own.merging(more) { $1 }))
    }

    /// What Python's client sees of the listener.
    private static func ask(_ port: Int) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            """
            import smtplib, ssl, sys
            c = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), timeout=20); c.ehlo()
            print('starttls' in c.esmtp_features)
            if 'starttls' in c.esmtp_features:
                context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
                print(c.starttls(context=context)[0], c.ehlo()[0], c.sock.version())
                print(ssl.DER_cert_to_PEM_cert(c.sock.getpeercert(True)).replace('\\n', ''))
            """, "\(port)",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    private static func withListener(_ settings: Settings, _ body: @Sendable (Int, ServerTLS?) async throws -> Void) async throws {
        let assembly = try await Assembly.build(settings, registry: MetricsRegistry())
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let service = try #require(
            try Assembly.inboundMail(settings, assembly.store, assembly.receipts, assembly.orchestrator, assembly.tls) {
                continuation.yield($0)
            })
        let running = Task { try await service.run() }
        do {
            for await port in ports {
                try await body(port, assembly.tls)
                break
            }
        } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        _ = await running.result
        await assembly.store.database.close()
    }

    @Test("with the server's certificate STARTTLS is offered, and a renewed one is taken into use")
    func offered() async throws {
        let (first, second) = (try await TestCertificate(name: "in.bloom.example"), try await TestCertificate(name: "in.bloom.example"))
        defer {
            first.remove()
            second.remove()
        }
        let folder = try TemporaryFolder()
        let settings = try Self.settings(folder, ["TLS_CERTIFICATE_FILE": first.certificatePath, "TLS_KEY_FILE": first.keyPath])
        try await Self.withListener(settings) { port, tls in
            let seen = try Self.ask(port)
            #expect(seen.prefix(2) == ["True", "220 250 TLSv1.3"])
            #expect(seen.last == first.pem.replacing("\n", with: ""))
            for (from, to) in [(second.certificatePath, first.certificatePath), (second.keyPath, first.keyPath)] {
                try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to))
            }
            #expect(try tls?.reload() == true)
            #expect(try Self.ask(port).last == second.pem.replacing("\n", with: ""))
        }
    }

    @Test("without one it is not offered")
    func notOffered() async throws {
        let folder = try TemporaryFolder()
        try await Self.withListener(try Self.settings(folder, [:])) { port, _ in
            let seen = try Self.ask(port)
            #expect(seen == ["False"])
        }
    }
}
