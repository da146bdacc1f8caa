import Logging
import ServiceLifecycle
import Storage

/// Writes down once a minute when API keys were used last, and once more at the end; takes away what is over of tokens once an hour.
public struct CredentialUpkeep: Service {
    private let keys: APIKeyCache
    private let database: Database
    private let interval: Duration
    private let logger: Logger

    public init(keys: APIKeyCache, database: Database, interval: Duration = .seconds(60), logger: Logger) {
        self.keys = keys
        self.database = database
        self.interval = interval
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var rounds = 0
            while !Task.isCancelled {
                if rounds % 60 == 0 { await purge() }
                rounds &+= 1
                try? await Task.sleep(for: interval)
                await write()
            }
        }
    }

    /// One transaction for all keys. What can not be stored now is tried again the next time.
    public func write() async {
        let uses = keys.takeUses()
        guard !uses.isEmpty else { return }
        do {
            try await database.record { tx in try tx.noteUse(ofAPIKeys: uses) }
        } catch {
            keys.putBack(uses)
            logger.warning("key_uses_not_written", metadata: ["error": "\(String(reflecting: error))"])
        }
    }

    private func purge() async {
        do {
            _ = try await database.write { tx in try tx.purgeTokens() }
        } catch {
            logger.warning("tokens_not_purged", metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}
