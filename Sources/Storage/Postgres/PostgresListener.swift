import Core
import Foundation
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Hears and tells other processes what happens (`LISTEN`, `NOTIFY`): that rows became due, and what ``PeerLine``
/// carries. On a connection and a thread of its own.
///
/// Polling is the net below the wake-ups. The line has none: it says when it was cut off.
final class PostgresListener: PeerCarrier {
    /// How long the thread waits for news, in milliseconds, before it asks the server whether it is still there.
    private static let patience: Int32 = 250
    /// What marks a connection whose process has joined the line, followed by its name.
    private static let label = "rapport-peer "

    private struct Outbox: Sendable {
        var messages: [String] = []
        var isClosed = false
    }

    private let line: PeerLine
    private let outbox = Mutex(Outbox())
    private let bell: Bell
    private let readJoined: @Sendable () async throws -> Set<Int64>

    /// - Parameter read: runs a reading transaction on the pool.
    init(
        url: String, wakeUps: WakeUpHub, line: PeerLine, logger: Logger,
        read: @escaping @Sendable (@escaping @Sendable (Transaction) throws -> Set<Int64>) async throws -> Set<Int64>
    ) throws(DatabaseError) {
        self.line = line
        bell = try Bell()
        readJoined = {
            try await read { tx in
                let rows = try tx.run(
                    "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'rapport-peer %'"
                )
                return Set(try rows.compactMap { Int64(try $0.text(0).dropFirst(Self.label.count)) })
            }
        }
        let thread = Thread { [self] in serve(url: url, wakeUps, logger) }
        thread.name = "rapport-listener"
        thread.start()
    }

    func joined() async throws -> Set<Int64> { try await readJoined() }

    func send(_ message: String) {
        outbox.withLock { $0.messages.append(message) }
        bell.ring()
    }

    func wake() {
        bell.ring()
    }

    func close() {
        outbox.withLock { $0.isClosed = true }
        bell.ring()
    }

    private var isClosed: Bool { outbox.withLock { $0.isClosed } }

    private func serve(url: String, _ wakeUps: WakeUpHub, _ logger: Logger) {
        var failures = 0
        while !isClosed {
            do throws(DatabaseError) {
                // A message that is lost with the server's memory was heard by nobody: its commit need not be durable.
                let connection = try PostgresConnection(url: url, settings: ["timezone = 'UTC'", "synchronous_commit = off"])
                connection.patience = 2_000
                _ = try connection.run("LISTEN rapport_due")
                _ = try connection.run("LISTEN rapport_peers")
                // Something may have become due, or been said, while nobody listened.
                if failures > 0 { wakeUps.signal() }
                line.noteInterruption()
                failures = 0
                try attend(connection, wakeUps)
            } catch {
                if isClosed { return }
                line.noteInterruption()
                if failures == 0 { logger.warning("not listening to other instances", metadata: ["reason": "\(error.details)"]) }
                failures += 1
                Backoff.sleep(failures + 4)
            }
        }
    }

    private func attend(_ connection: PostgresConnection, _ wakeUps: WakeUpHub) throws(DatabaseError) {
        var isLabelled = false
        while !isClosed {
            let asked = ContinuousClock.now
            if line.hasJoined, !isLabelled {
                _ = try connection.run("SELECT set_config('application_name', \(Self.label + String(line.name)), FALSE)")
                isLabelled = true
            }
            let messages = outbox.withLock { outbox in
                defer { outbox.messages = [] }
                return outbox.messages
            }
            for message in messages { connection.queue("SELECT pg_notify('rapport_peers', \(message))") }
            // Also without anything to say: the answer proves that what others said before has arrived.
            connection.queue("SELECT 1")
            _ = try connection.sync()
            hear(connection, wakeUps)
            guard connection.isAlive else { throw .unavailable(.disconnected, details: "the listening connection was lost") }
            if isLabelled { line.noteAnswer(askedAt: asked) }
            try wait(connection, wakeUps)
        }
    }

    /// Returns when there is something to say, or after ``patience``.
    private func wait(_ connection: PostgresConnection, _ wakeUps: WakeUpHub) throws(DatabaseError) {
        let end = ContinuousClock.now.advanced(by: .milliseconds(Int(Self.patience)))
        while ContinuousClock.now < end {
            switch bell.wait(beside: connection.socket, milliseconds: Self.patience) {
            case .rung, .nothing: return
            case .other:
                hear(connection, wakeUps)
                guard connection.isAlive else { throw .unavailable(.disconnected, details: "the listening connection was lost") }
            }
        }
    }

    private func hear(_ connection: PostgresConnection, _ wakeUps: WakeUpHub) {
        var isDue = false
        for notification in connection.takeNotifications() {
            if notification.channel == "rapport_due" { isDue = true } else { line.hear(notification.payload) }
        }
        if isDue { wakeUps.signal() }
    }
}
