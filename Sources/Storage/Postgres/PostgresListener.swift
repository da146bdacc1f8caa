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

/// Hears from other processes that rows became due (`NOTIFY rapport_due`), on a connection and a thread of its own.
///
/// Polling is the net below it: what is said while the connection is away is not repeated.
final class PostgresListener: Sendable {
    /// How long the thread waits before it looks whether it should end, in milliseconds.
    private static let patience: Int32 = 200

    private let closed = Atomic<Bool>(false)

    init(url: String, wakeUps: WakeUpHub, logger: Logger) {
        let thread = Thread { [self] in
            var failures = 0
            while !closed.load(ordering: .relaxed) {
                do throws(DatabaseError) {
                    let connection = try PostgresConnection(url: url, settings: ["timezone = 'UTC'"])
                    _ = try connection.run("LISTEN rapport_due")
                    // Something may have become due while nobody listened.
                    if failures > 0 { wakeUps.signal() }
                    failures = 0
                    listen(connection, wakeUps)
                } catch {
                    if failures == 0 { logger.warning("not listening for due rows", metadata: ["reason": "\(error.details)"]) }
                    failures += 1
                    Backoff.sleep(failures + 4)
                }
            }
        }
        thread.name = "rapport-listener"
        thread.start()
    }

    private func listen(_ connection: PostgresConnection, _ wakeUps: WakeUpHub) {
        while !closed.load(ordering: .relaxed), connection.isAlive {
            var descriptor = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, Self.patience) > 0 else { continue }
            if connection.takeNotifications() { wakeUps.signal() }
        }
    }

    func close() {
        closed.store(true, ordering: .relaxed)
    }
}
