import Logging
import ServiceLifecycle

/// Work on the store that comes round for as long as the program runs. Every instance may do it at the same time as the others.
public protocol StoreUpkeep: Service {
    /// Between the end of a round and the next.
    var interval: Duration { get }
    var logger: Logger { get }
    /// What the log says when a round fails; the next one tries again.
    static var failure: Logger.Message { get }

    /// Does all that is to be done now.
    func round() async throws
}

extension StoreUpkeep {
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await round()
                } catch {
                    logger.warning(Self.failure, metadata: ["error": "\(String(reflecting: error))"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }
}
