import Foundation
import ServiceLifecycle

/// Ends the process when a stop takes longer than the ten seconds of promise P10, for example because a database is silent.
///
/// Nothing is lost by that: what callers were told is durable, and what was begun is taken over as after a hard kill. It stands
/// last among the services, because the last one is the first to hear of a stop.
struct StopDeadline: Service {
    /// Seconds; leaves a moment for the end itself.
    static let patience: TimeInterval = 9

    /// Waits for the deadline; tests hand in their own.
    var wait: @Sendable () -> Void = { Thread.sleep(forTimeInterval: patience) }
    let end: @Sendable () -> Void

    func run() async throws {
        // Also when the group is cancelled: that is a stop, too.
        try? await gracefulShutdown()
        // A thread of its own: all others may be waiting for the store.
        let thread = Thread { [self] in
            wait()
            end()
        }
        thread.name = "rapport-stop"
        thread.start()
    }
}
