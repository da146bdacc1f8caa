import NIOCore
import Testing

@testable import SMTP

@Suite("against a server that fails at random")
struct FlakyServerTests {
    @Test("a receipt means taken, a failure that is not `outcomeUnknown` means not taken, and every mail ends once")
    func ledger() async throws {
        let server = try await FlakyServer()
        var configuration = SMTPConfiguration(host: "127.0.0.1", port: server.port, security: .none)
        configuration.maxConnections = 4
        configuration.maxMessagesPerConnection = 50
        configuration.reconnectDelay = .milliseconds(1)
        configuration.maxReconnectDelay = .milliseconds(2)
        let pool = SMTPPool.test(configuration)
        let results = try await pool.deliver(
            (0..<3000).map { ("a@example.com", "m\($0)@example.com", "Subject: x\r\n\r\n.\r\n\($0)\r\n") })
        try #require(results.count == 3000)
        await pool.stop(within: .seconds(10))
        let taken = server.ledger.all
        let ledger = Set(taken)
        #expect(taken.count == ledger.count)
        var counts = (receipts: 0, unknown: 0, failed: 0)
        for (index, result) in results.enumerated() {
            let wasTaken = ledger.contains("m\(index)@example.com")
            switch result {
            case .success:
                counts.receipts += 1
                #expect(wasTaken)
            case .failure(let failure) where failure.outcomeUnknown:
                counts.unknown += 1
            case .failure(let failure):
                counts.failed += 1
                #expect(!wasTaken, "\(failure)")
            }
        }
        #expect(counts.receipts > 2000 && counts.failed > 50 && counts.unknown > 0)
        try await server.stop()
    }
}
