import Core
import Logging
import NIOCore
import NIOPosix
import Observability
import SMTP
import Storage
import TestSupport
import Testing

@testable import Communications

@Suite("Listening for mail that comes back")
struct InboundMailServiceTests {
    @Test("an address at which nobody can listen is named as that of inbound mail")
    func portInUse() async throws {
        try await withWorld(.sqlite) { world in
            let group = MultiThreadedEventLoopGroup.singleton
            let other = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(other.localAddress?.port)
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let receipts = EventIntake(database: world.store.database, cipher: world.cipher, orchestrator: world.first.orchestrator)
            let intake = InboundMailIntake(
                addresses: ReturnAddresses(cipher: world.cipher, domain: "bounce.example.org"), receipts: receipts, logger: logger,
                unsubscribe: { _ in })
            let service = InboundMailService(
                SMTPListenerConfiguration(hostName: "bounce.example.org"), intake: intake, host: "127.0.0.1", port: port, group: group,
                metrics: receipts.metrics.inboundMail, logger: logger)
            let error = await #expect(throws: InboundMailUnavailable.self) { try await service.run() }
            #expect(error?.port == port)
            try await other.close()
        }
    }
}
