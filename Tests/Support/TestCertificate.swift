import Foundation

/// A self-signed certificate and its key, in files for a server and as PEM for a client's trust roots.
public struct TestCertificate: Sendable {
    public let pem: String
    public let certificatePath: String
    public let keyPath: String
    private let folder: URL

    /// - Parameter name: the DNS name that it is for.
    public init(name: String) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificatePath = folder.appendingPathComponent("certificate.pem").path
        keyPath = folder.appendingPathComponent("key.pem").path
        let script = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
                -addext "subjectAltName=DNS:$1" -keyout "$2" -out "$3"
            echo done
            """
        let openssl = try ShellChild(script, [name, keyPath, certificatePath])
        for await line in openssl.lines where line == "done" { break }
        pem = try String(contentsOfFile: certificatePath, encoding: .utf8)
    }

    public func remove() { try? FileManager.default.removeItem(at: folder) }
}
