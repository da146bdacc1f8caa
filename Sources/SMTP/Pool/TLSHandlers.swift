import NIOCore
import NIOSSL

/// TLS for a client that verifies chain and name.
enum TLSHandlers {
    static func context(_ configuration: SMTPConfiguration) throws -> NIOSSLContext {
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

    static func client(_ context: NIOSSLContext, configuration: SMTPConfiguration) throws -> NIOSSLClientHandler {
        let name = configuration.tlsServerName ?? configuration.host
        // An address cannot be sent as SNI; without a name NIOSSL checks the certificate against the peer's address.
        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name)
    }
}
