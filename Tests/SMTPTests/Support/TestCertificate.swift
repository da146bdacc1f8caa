import Foundation

/// A self-signed certificate and its key, in files for the server and as PEM for the client's trust roots.
struct TestCertificate {
    let pem: String
    let certificatePath: String
    let keyPath: String
    private let folder: URL

    init(dnsName: String) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("smtp-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificatePath = folder.appendingPathComponent("certificate.pem").path
        keyPath = folder.appendingPathComponent("key.pem").path
        let openssl = try ChildProcess(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(dnsName)", "-addext", "subjectAltName=DNS:\(dnsName)", "-keyout", keyPath, "-out", certificatePath,
            ], install: "apt-get install openssl", quiet: true)
        while await openssl.line() != nil {}
        pem = try String(contentsOfFile: certificatePath, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}
