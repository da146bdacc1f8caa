import Foundation

/// A self-signed certificate and its key, in files for the server and as PEM for the client's trust roots.
struct TestCertificate {
    struct Failure: Error {}

    let pem: String
    let certificatePath: String
    let keyPath: String
    private let folder: URL

    init(name: String) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("redis-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificatePath = folder.appendingPathComponent("certificate.pem").path
        keyPath = folder.appendingPathComponent("key.pem").path
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)", "-keyout", keyPath, "-out", certificatePath,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        pem = try String(contentsOfFile: certificatePath, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
