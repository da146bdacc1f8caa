import Core
import Logging
import ServiceLifecycle

/// Chains ledger entries soon after their commit. Every instance runs one; they take turns at each chain's head.
public struct LedgerSealer: Service {
    private let database: Database
    private let interval: Duration
    private let pause: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - interval: between two looks for what other instances left.
    ///   - pause: after a pass; what arrives in it is sealed together.
    public init(database: Database, interval: Duration = .seconds(5), pause: Duration = .milliseconds(250), logger: Logger) {
        self.database = database
        self.interval = interval
        self.pause = pause
        self.logger = logger
    }

    public func run() async throws {
        let wakeUps = database.ledgerWakeUps()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in wakeUps {
                        await pass()
                        try? await Task.sleep(for: pause)
                    }
                }
                // First of all, what a process that died had left.
                while !Task.isCancelled {
                    await pass()
                    try? await Task.sleep(for: interval)
                }
            }
        }
        // What the last requests left.
        await pass()
    }

    private func pass() async {
        do {
            try await runOnce()
        } catch is CancellationError {
        } catch {
            logger.warning("ledgers_not_sealed", metadata: ["error": "\(String(reflecting: error))"])
        }
    }

    /// Chains all that is committed.
    @discardableResult
    public func runOnce() async throws -> LedgerSealing {
        let result = try await database.sealLedgers()
        if result.repaired > 0 { logger.error("ledger_head_altered", metadata: ["ledgers": "\(result.repaired)"]) }
        return result
    }
}
