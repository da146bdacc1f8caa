import Communications
import Core
import Logging
import Observability
import SMTP
import ServiceLifecycle
import Storage

/// Keeps those metrics up to date that are read rather than counted: the queue, the writer, the mail connections.
final class MetricsSampler: Service {
    private let database: Database
    private let metrics: EngineMetrics
    private let engine: DeliveryEngine
    private let interval: Duration
    private let logger = Logger(label: "rapport.metrics")

    /// - Parameter interval: between two looks at the queue; each costs one read of it.
    init(
        database: Database, metrics: EngineMetrics, mail: SMTPPool?, engine: DeliveryEngine, registry: MetricsRegistry,
        interval: Duration = .seconds(15)
    ) {
        self.database = database
        self.metrics = metrics
        self.engine = engine
        self.interval = interval
        registerLiveNumbers(in: registry, mail: mail, engine: engine)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.runOnce()
                try? await Task.sleep(for: self.interval)
            }
        }
    }

    /// Looks at the queue once. A store that is out of reach leaves the last numbers; readiness tells of it.
    func runOnce() async {
        do {
            let (depths, now) = try await database.read { tx in (try tx.queueDepths(), tx.now) }
            metrics.queueDepth["due"].set(depths.reduce(0) { $0 + $1.due })
            metrics.queueDepth["waiting"].set(depths.reduce(0) { $0 + $1.waiting })
            metrics.queueDepth["leased"].set(depths.reduce(0) { $0 + $1.leased })
            let oldest = depths.compactMap(\.oldestDue).min()
            metrics.queueOldestDue.set(oldest.map { Self.seconds(from: $0, to: now) } ?? 0)
            let lanes = engine.laneStatus
            for (channel, status) in lanes {
                let due = depths.reduce(0) { $0 + ($1.channel == channel ? $1.due : 0) }
                metrics.lanes.rateLimitWaiting[channel.rawValue].set(status.waitsForRate ? due : 0)
            }
            let events = try await database.read { tx in try tx.eventBacklog() }
            metrics.endpoints.queueDepth.set(events.waiting)
            metrics.endpoints.oldest.set(events.oldest.map { Self.seconds(from: $0, to: now) } ?? 0)
            metrics.claimAge.set(depths.compactMap(\.oldestLease).min().map { Self.seconds(from: $0, to: now) } ?? 0)
        } catch {
            logger.debug("queue_not_read", metadata: ["error": "\(String(reflecting: error))"])
        }
        for (channel, left) in await engine.permitsLeft() { metrics.lanes.rateLimitPermits[channel.rawValue].set(left) }
    }

    private static func seconds(from then: Timestamp, to now: Timestamp) -> Double {
        Double(max(0, now.milliseconds - then.milliseconds)) / 1000
    }

    /// Numbers that cost nothing are read at every scrape.
    private func registerLiveNumbers(in registry: MetricsRegistry, mail: SMTPPool?, engine: DeliveryEngine) {
        let database = database
        let metrics = metrics
        let rounds = registry.observedCounter("rapport_writer_rounds_total", help: "Commits of the writer.")
        let items = registry.observedCounter("rapport_writer_items_total", help: "Writes that those commits carried.")
        let seconds = registry.observedCounter("rapport_writer_seconds_total", help: "Time that those commits took.")
        let waiting = registry.gauge("rapport_writer_waiting", help: "Writes that wait for the writer.")
        let busy = registry.gauge("rapport_database_connections", help: "Database connections.", labels: [("state", "busy")])
        let size = registry.gauge("rapport_database_connections", help: "Database connections.", labels: [("state", "limit")])
        let reconnections = registry.observedCounter("rapport_database_reconnections_total", help: "Connections lost and made anew.")
        let retries = registry.observedCounter("rapport_database_retries_total", help: "Transactions repeated after a transient error.")
        registry.onCollect {
            let numbers = database.statistics
            rounds.set(numbers.writerRounds)
            items.set(numbers.writerItems)
            seconds.set(Double(numbers.writerMicroseconds) / 1_000_000)
            waiting.set(numbers.waiting)
            busy.set(numbers.poolBusy)
            size.set(numbers.poolSize)
            reconnections.set(numbers.reconnections)
            retries.set(numbers.retries)
            metrics.inFlight.set(engine.inFlight.values.reduce(0, +))
            for (channel, status) in engine.laneStatus { metrics.lanes.circuitState[channel.rawValue].set(status.circuit.rawValue) }
            if let mail {
                let connections = mail.snapshot
                metrics.smtpConnections["busy"].set(connections.busy)
                metrics.smtpConnections["idle"].set(max(0, connections.open - connections.busy))
            }
        }
    }
}
