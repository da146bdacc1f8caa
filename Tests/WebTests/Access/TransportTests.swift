import Core
import Foundation
import HTTPTypes
import NIOSSL
import Providers
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Transport security")
struct TransportTests {
    @Test(
        "the client is the hop furthest from us that a trusted one vouches for",
        arguments: [
            ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", ["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1", ["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
            ("10.0.0.1", [], "10.0.0.1"),
            ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("192.0.2.1", ["203.0.113.7"], "192.0.2.1"),
            ("10.0.0.1", ["203.0.113.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", ["203.0.113.7, "], "10.0.0.1"),
            ("10.0.0.1", ["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8:0:0:0:0:0:1"),
            ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
            ("fd00::1", ["203.0.113.7"], "203.0.113.7"),
            ("fd00:1::1", ["203.0.113.7"], "fd00:1:0:0:0:0:0:1"),
        ])
    func forwardedFor(peer: String, fields: [String], client: String) throws {
        let proxies = try #require(TrustedProxies("10.0.0.0/8, fd00::/32"))
        let address = try #require(NetworkAddress(text: peer[...]))
        #expect(proxies.client(behind: address, forwardedFor: fields).description == client)
    }

    @Test("endless lists of hops end")
    func manyHops() throws {
        let proxies = try #require(TrustedProxies("0.0.0.0/0"))
        let list = Array(repeating: "10.0.0.1", count: 10_000).joined(separator: ",") + ",10.0.0.9"
        let peer = try #require(NetworkAddress(v4: "10.0.0.2"))
        #expect(proxies.client(behind: peer, forwardedFor: ["1.1.1.1," + list]).description == "10.0.0.1")
    }

    @Test(
        "what is no network is refused",
        arguments: ["10.0.0.0/33", "10.0.0/8", "fd00::/129", "proxy.example", "10.0.0.0/-1", "1.2.3.4/8/8"])
    func wrongNetworks(text: String) {
        #expect(TrustedProxies(text) == nil)
    }

    @Test(
        "every answer carries the security headers, errors and unknown paths too",
        arguments: [("http://a.example", false), ("https://a.example", true)])
    func headers(baseURL: String, isEncrypted: Bool) async throws {
        try await World.run(prepare: { $0.baseURL = baseURL }) { _, api in
            let replies = [
                try await api.get("/api/crm/business"), try await api.get("/nowhere"), try await api.with(key: nil).get("/api/crm/clients"),
                try await api.post("/healthz", ""), try await api.get("/"), try await api.get("/openapi.json"),
            ]
            for reply in replies {
                #expect(reply.header("x-content-type-options") == "nosniff")
                #expect(["no-referrer", "same-origin"].contains(reply.header("referrer-policy")))
                #expect(reply.header("content-security-policy")?.contains("default-src 'none'") == true)
                #expect(reply.header("content-security-policy")?.contains("unsafe") == false)
                #expect(reply.header("cross-origin-resource-policy") == "same-origin")
                #expect(reply.header("strict-transport-security") == (isEncrypted ? "max-age=31536000" : nil))
                #expect(reply.header("server") == nil)
            }
            // Its own policy, not the common one on top.
            #expect(replies[4].headers.count(where: { $0.name.canonicalName == "content-security-policy" }) == 1)
            #expect(replies[4].header("content-security-policy")?.contains("style-src 'self'") == true)
        }
    }

    @Test("security.txt stands there once there is somebody to write to")
    func securityText() async throws {
        try await World.run { _, api in try await api.get("/.well-known/security.txt").expectProblem(404, "not-found") }
        try await World.run(prepare: { $0.securityContact = SecurityText.contact("security@example.org") }) { world, api in
            let reply = try await api.with(key: nil).get("/.well-known/security.txt")
            #expect(reply.status == 200 && reply.header("content-type") == "text/plain; charset=utf-8")
            let lines = reply.text.split(separator: "\n").map(String.init)
            #expect(lines.contains("Contact: mailto:security@example.org"))
            #expect(lines.contains("Canonical: http://localhost:8080/.well-known/security.txt"))
            let expires = try #require(lines.first { $0.hasPrefix("Expires: ") }.flatMap { Timestamp(rfc3339: String($0.dropFirst(9))) })
            #expect(expires > world.clock.now.adding(seconds: 170 * 86_400) && expires < world.clock.now.adding(seconds: 365 * 86_400))
        }
    }

    @Test(
        "a contact is a mail address, https or tel",
        arguments: [
            ("a@example.org", "mailto:a@example.org"), ("mailto:a@example.org", "mailto:a@example.org"),
            ("https://example.org/security", "https://example.org/security"), ("tel:+1-201-555-0123", "tel:+1-201-555-0123"),
            ("http://example.org", nil), ("javascript:alert(1)", nil), ("somebody", nil), ("https://", nil), ("a@example.org\nX: y", nil),
        ])
    func contact(text: String, contact: String?) {
        #expect(SecurityText.contact(text) == contact)
    }

    @Test("with a certificate the server speaks TLS, not less than 1.2, and takes a renewed certificate into use")
    func tls() async throws {
        let first = try await TestCertificate(name: "first.example")
        defer { first.remove() }
        let second = try await TestCertificate(name: "second.example")
        defer { second.remove() }
        let tls = try ServerTLS(certificateFile: first.certificatePath, keyFile: first.keyPath)
        #expect(tls.configuration.minimumTLSVersion == .tlsv12)
        try await World.listen(tls: tls) { port in
            #expect(try TLSProbe.subject(port: port, version: "-tls1_2").contains("first.example"))
            #expect(try TLSProbe.subject(port: port, version: "-tls1_3").contains("first.example"))
            #expect(try !TLSProbe.subject(port: port, version: "-tls1_1").contains("first.example"))
            #expect(try !tls.reload())
            for (from, to) in [(second.certificatePath, first.certificatePath), (second.keyPath, first.keyPath)] {
                if to == first.keyPath {
                    // Half of it is replaced: the old pair stays.
                    #expect(throws: ServerTLS.Failure.key("does not belong to the certificate")) { try tls.reload() }
                    #expect(try TLSProbe.subject(port: port, version: "-tls1_3").contains("first.example"))
                }
                try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
            }
            #expect(try tls.reload())
            #expect(try TLSProbe.subject(port: port, version: "-tls1_3").contains("second.example"))
        }
    }

    @Test("files that can not be used are named")
    func wrongFiles() async throws {
        let one = try await TestCertificate(name: "one.example")
        defer { one.remove() }
        let other = try await TestCertificate(name: "other.example")
        defer { other.remove() }
        #expect(throws: ServerTLS.Failure.certificate("is not a readable file with certificates in PEM")) {
            try ServerTLS(certificateFile: "/nowhere", keyFile: one.keyPath)
        }
        #expect(throws: ServerTLS.Failure.certificate("is not a readable file with certificates in PEM")) {
            try ServerTLS(certificateFile: one.keyPath, keyFile: one.keyPath)
        }
        #expect(throws: ServerTLS.Failure.key("is not a readable file with a private key in PEM, without a passphrase")) {
            try ServerTLS(certificateFile: one.certificatePath, keyFile: one.certificatePath)
        }
        #expect(throws: ServerTLS.Failure.key("does not belong to the certificate")) {
            try ServerTLS(certificateFile: one.certificatePath, keyFile: other.keyPath)
        }
    }
}

/// What `openssl` sees of a server: a judge that nobody here wrote.
enum TLSProbe {
    static func subject(port: Int, version: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", version]
        let pipe = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("subject=") }.joined()
    }
}
