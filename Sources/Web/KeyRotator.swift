import Core
import Logging
import ServiceLifecycle
import Storage

/// Drives a key rotation to its end while the server works; also one that another process began and did not finish.
public final class KeyRotator: Service {
    /// Without progress for this long, whoever drove a rotation is thought dead. Nothing is lost should they both drive it.
    static let silence: Int64 = 30

    public let keeper: KeyKeeper
    private let database: Database
    private let clock: WallClock
    private let interval: Duration
    private let logger: Logger
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// - Parameter interval: between two looks for a rotation that nobody drives.
    public init(
        keeper: KeyKeeper, database: Database, clock: WallClock, interval: Duration = .seconds(30),
        logger: Logger = Logger(label: "rapport.keys")
    ) {
        self.keeper = keeper
        self.database = database
        self.clock = clock
        self.interval = interval
        self.logger = logger
        (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Begins a rotation, to be driven by ``run()``.
    ///
    /// - Throws: ``KeyRotationRefusal`` where it can not begin.
    func begin(
        newKey: Bool, droppingOldKeys: Bool, also: @escaping @Sendable (Transaction) throws -> Void
    ) async throws -> KeyRotationProgress {
        let progress = try await keeper.begin(newKey: newKey, droppingOldKeys: droppingOldKeys, also: also)
        logger.notice("key_rotation_begun", metadata: ["key": "\(progress.keyID)"])
        signal.yield()
        return progress
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                group.addTask { [self] in
                    while !Task.isCancelled {
                        if await isAbandoned() { signal.yield() }
                        try? await Task.sleep(for: interval)
                    }
                }
                for await _ in signals { await drive() }
                group.cancelAll()
            }
        }
    }

    /// On SQLite whoever drove it is dead: the process lock says so.
    private func isAbandoned() async -> Bool {
        guard let progress = try? await database.read({ tx in try tx.keyRotation() }) else { return false }
        guard progress.fingerprint == keeper.cipher.keys.fingerprint else { return false }
        if progress.state == .complete { return progress.dropsOldKeys && keeper.cipher.keys.names.count > 1 }
        guard progress.state == .running else { return false }
        return database.dialect == .sqlite || progress.updatedAt.adding(seconds: Self.silence) < clock.now()
    }

    /// To the end, or until the server stops: whatever it meets, the next start or the next look goes on.
    func drive() async {
        do {
            guard var progress = try await database.read({ tx in try tx.keyRotation() }) else { return }
            while progress.state == .running, !Task.isCancelled {
                let before = progress
                progress = try await keeper.rotation.step()
                guard progress != before else { return }
            }
            guard progress.state != .running else { return }
            try keeper.finish(progress)
            logger.notice(
                "key_rotation_ended",
                metadata: [
                    "state": "\(progress.state.rawValue)", "key": "\(progress.keyID)", "sealed_anew": "\(progress.moved)",
                    "unreadable": "\(progress.unreadable)",
                ])
        } catch {
            logger.warning("key_rotation_interrupted", metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}
