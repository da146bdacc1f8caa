import Communications
import Core
import Logging
import Observability
import Storage
import Web

/// What runs beside the server for the sake of the people whose data it holds.
struct PrivacyParts: Sendable {
    var erasures: Erasures
    var accessLog: AccessLog
    var purge: RetentionPurge
}

extension Assembly {
    static func privacy(_ settings: Settings, _ store: Store, _ clock: WallClock, _ orchestrator: Orchestrator, _ metrics: EngineMetrics)
        -> PrivacyParts
    {
        let logger = Logger(label: "rapport.privacy")
        return PrivacyParts(
            erasures: Erasures(database: store.database, orchestrator: orchestrator, metrics: metrics.privacy, logger: logger),
            accessLog: AccessLog(database: store.database, clock: clock, metrics: metrics.privacy, logger: logger),
            purge: RetentionPurge(database: store.database, rules: settings.retention, metrics: metrics.privacy, logger: logger))
    }

    /// Events are kept for as long as the operator wants; the dispatcher removes them itself.
    static func eventTiming(_ settings: Settings) -> EventTiming {
        var timing = EventTiming()
        timing.retentionSeconds = settings.retention.events.map { Int64($0) * 86_400 }
        return timing
    }
}
