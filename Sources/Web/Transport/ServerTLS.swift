import NIOCore
import NIOSSL
import Synchronization

/// The server's own certificate, for callers that come without a proxy. It can be replaced while the server runs.
public final class ServerTLS: Sendable {
    /// Which of the two files can not be used, and why, in a few words.
    public enum Failure: Error, Sendable, Hashable {
        case certificate(String)
        case key(String)
    }

    private struct Identity: Sendable, Equatable {
        let chain: [NIOSSLCertificate]
        let key: NIOSSLPrivateKey
    }

    private let certificateFile: String
    private let keyFile: String
    private let identity: Mutex<Identity>

    /// Reads both files, in PEM; the certificate's own comes first, then those between it and its authority.
    public init(certificateFile: String, keyFile: String) throws(Failure) {
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        identity = Mutex(try Self.read(certificateFile, keyFile))
    }

    /// Reads both files again. True: connections from now on get another certificate.
    ///
    /// - Throws: ``Failure``; the certificate that was in use stays.
    public func reload() throws(Failure) -> Bool {
        let fresh = try Self.read(certificateFile, keyFile)
        return identity.withLock { identity in
            guard identity != fresh else { return false }
            identity = fresh
            return true
        }
    }

    /// TLS 1.2 and 1.3, with whatever certificate holds at the time of each handshake.
    var configuration: TLSConfiguration {
        var configuration = Self.configuration(identity.withLock { $0 })
        configuration.sslContextCallback = { [weak self] _, promise in
            var override = NIOSSLContextConfigurationOverride()
            if let identity = self?.identity.withLock({ $0 }) {
                override.certificateChain = identity.chain.map { .certificate($0) }
                override.privateKey = .privateKey(identity.key)
            }
            promise.succeed(override)
        }
        return configuration
    }

    /// For mail that comes back: the same certificate, also after it was renewed. It holds for as long as this lives.
    public func mailContext() throws -> NIOSSLContext {
        var configuration = configuration
        // Mail programs name no protocol.
        configuration.applicationProtocols = []
        return try NIOSSLContext(configuration: configuration)
    }

    private static func configuration(_ identity: Identity) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: identity.chain.map { .certificate($0) }, privateKey: .privateKey(identity.key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    private static func read(_ certificateFile: String, _ keyFile: String) throws(Failure) -> Identity {
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificateFile), !chain.isEmpty else {
            throw .certificate("is not a readable file with certificates in PEM")
        }
        guard let key = try? NIOSSLPrivateKey(file: keyFile, format: .pem) else {
            throw .key("is not a readable file with a private key in PEM, without a passphrase")
        }
        let identity = Identity(chain: chain, key: key)
        // Proves that they belong together.
        guard (try? NIOSSLContext(configuration: configuration(identity))) != nil else {
            throw .key("does not belong to the certificate")
        }
        return identity
    }
}
