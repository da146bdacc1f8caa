import NIOCore
import NIOSSL

/// TLS for a client that verifies chain and name.
enum TLSHandler {
    static func context(_ configuration: RedisConfiguration) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.certificateVerification = .fullVerification
        switch configuration.trustRoots {
        case .system:
            break
        case .systemAnd(let pem):
            tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))]
        case .only(let pem):
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
        }
        return try NIOSSLContext(configuration: tls)
    }

    static func client(_ context: NIOSSLContext, _ configuration: RedisConfiguration) throws -> NIOSSLClientHandler {
        // An address cannot be sent as SNI; without a name NIOSSL checks the certificate against the peer's address.
        let isAddress = (try? SocketAddress(ipAddress: configuration.host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : configuration.host)
    }

    /// The usual reasons, for people.
    static func words(for error: any Error) -> String {
        switch error {
        case is NIOSSLExtraError: "the certificate is for another name"
        case NIOSSLError.handshakeFailed(let reason) where "\(reason)".contains("CERTIFICATE_VERIFY_FAILED"):
            "the certificate is not trusted"
        default: "the handshake failed"
        }
    }
}
