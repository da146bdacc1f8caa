import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

@testable import Providers

@Suite("The one way out over HTTPS", .timeLimit(.minutes(5)))
struct SafeHTTPTLSTests {
    /// For `hooks.example.invalid` alone, signed by itself; good for a hundred years and for nothing else.
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIByjCCAXGgAwIBAgIUFjYrAE2zE5cZ+HkJdAvN5v8BwnAwCgYIKoZIzj0EAwIw
        IDEeMBwGA1UEAwwVaG9va3MuZXhhbXBsZS5pbnZhbGlkMCAXDTI2MTEyMTExMTAy
        MVoYDzIxMjYxMDI4MTExMDIxWjAgMR4wHAYDVQQDDBVob29rcy5leGFtcGxlLmlu
        dmFsaWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARnpWoHm9daYkGN4VymaGQC
        PRxkMw+/ZgiND6UGfJKj438SgO16Mq2kkpw1MTVL7SS6mqqTSGEer+8V+RNUAkJJ
        o4GGMIGDMB0GA1UdDgQWBBR68/KjrtgjNQ/ApPOlQ/fPuF3PRzAfBgNVHSMEGDAW
        gBR68/KjrtgjNQ/ApPOlQ/fPuF3PRzAgBgNVHREEGTAXghVob29rcy5leGFtcGxl
        LmludmFsaWQwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAoQwCgYIKoZI
        zj0EAwIDRwAwRAIgBsY5wlNFEpwTTI7xm3PNbo+vLz6SK2mkuSi0vife36UCIFUY
        M3pwnDweMIgOkYntIrVf3YdaJ8bD2eWAZ+vGGE1S
        -----END CERTIFICATE-----
        """
    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglSjyQoYPIIbrwOHr
        8u8ir0Rz2TI9cIyHGRON0ctO5CyhRANCAARnpWoHm9daYkGN4VymaGQCPRxkMw+/
        ZgiND6UGfJKj438SgO16Mq2kkpw1MTVL7SS6mqqTSGEer+8V+RNUAkJJ
        -----END PRIVATE KEY-----
        """

    /// Answers everything with 204 and notes what it was asked.
    private final class Server: Sendable {
        let port: Int
        private let channel: any NIOCore.Channel
        private let noted = Noted()

        init() async throws {
            let certificate = try NIOSSLCertificate(bytes: Array(SafeHTTPTLSTests.certificate.utf8), format: .pem)
            let key = try NIOSSLPrivateKey(bytes: Array(SafeHTTPTLSTests.key.utf8), format: .pem)
            let context = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
            let noted = noted
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                        try channel.pipeline.syncOperations.addHandler(Responder(noted))
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            port = channel.localAddress?.port ?? 0
        }

        var heads: [String] { noted.heads.withLock { $0 } }

        func stop() async { try? await channel.close() }
    }

    private final class Noted: Sendable {
        let heads = Mutex<[String]>([])
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let noted: Noted

        init(_ noted: Noted) { self.noted = noted }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            noted.heads.withLock { $0.append(text) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 204 No Content\r\n\r\n")), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private func client(trusting certificate: String?) throws -> SafeHTTP {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let certificate { tls.trustRoots = .certificates([try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem)]) }
        // Whatever the caller hands in, certificates are verified.
        tls.certificateVerification = .none
        return SafeHTTP(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectionsPerHost: 2, connectTimeout: .seconds(30), tls: tls,
            resolve: { _, loop in loop.makeSucceededFuture([.v4(0x7F00_0001)]) }, refusal: { _ in nil })
    }

    private func send(_ client: SafeHTTP, _ url: String) async -> Result<Int, SafeHTTP.Failure> {
        do {
            return .success(try await client.send(SafeHTTP.Request(method: "GET", url: url, destination: .userSupplied)).status)
        } catch {
            return .failure(error)
        }
    }

    @Test("the pinned address is reached under the name that was asked for, and its certificate holds for that name")
    func pinned() async throws {
        let server = try await Server()
        let client = try client(trusting: Self.certificate)
        #expect(await send(client, "https://hooks.example.invalid:\(server.port)/x") == .success(204))
        #expect(server.heads.first?.hasPrefix("GET /x HTTP/1.1\r\n") == true)
        #expect(server.heads.first?.lowercased().contains("host: hooks.example.invalid:\(server.port)\r\n") == true)
        await client.shutdown()
        await server.stop()
    }

    @Test("a certificate for another name or from nobody known is refused before anything is written")
    func refused() async throws {
        let server = try await Server()
        let trusting = try client(trusting: Self.certificate)
        let strict = try client(trusting: nil)
        for (client, url) in [
            (trusting, "https://other.example.invalid:\(server.port)/"), (trusting, "https://127.0.0.1:\(server.port)/"),
            (strict, "https://hooks.example.invalid:\(server.port)/"),
        ] {
            guard case .failure(.connection) = await send(client, url) else {
                Issue.record("\(url) was answered")
                continue
            }
        }
        #expect(server.heads.isEmpty)
        await trusting.shutdown()
        await strict.shutdown()
        await server.stop()
    }
}
