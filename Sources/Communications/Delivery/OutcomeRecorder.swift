import Core
import Logging
import Storage

/// Writes down how attempts ended. What arrives while one batch is being committed is the next batch.
///
/// An outcome is never dropped: while the store is away it is kept and tried again, since a lost outcome after the
/// other side's "250" is a message sent twice.
final class OutcomeRecorder: Sendable {
    private let database: Database
    private let logger: Logger
    private let arrivals = RoundQueue<AttemptOutcome>()
    /// Told once outcomes are durable (or belong to a successor).
    private let recorded: @Sendable ([AttemptOutcome]) -> Void

    init(database: Database, logger: Logger, recorded: @escaping @Sendable ([AttemptOutcome]) -> Void) {
        self.database = database
        self.logger = logger
        self.recorded = recorded
    }

    func post(_ outcome: AttemptOutcome) {
        arrivals.post(outcome)
    }

    func close() {
        arrivals.close()
    }

    /// Runs until ``close()`` and everything posted is recorded.
    func run() async {
        while let outcomes = await arrivals.next() {
            await record(outcomes)
        }
    }

    private func record(_ outcomes: [AttemptOutcome]) async {
        var pause = Duration.milliseconds(50)
        // Bounded by the lease rather than by a count: once it has run out a successor owns these messages.
        for _ in 0..<200 {
            do {
                let lost = try await database.finish(outcomes)
                if !lost.isEmpty {
                    logger.warning("leases_lost", metadata: ["count": "\(lost.count)"])
                }
                recorded(outcomes)
                return
            } catch {
                logger.error("outcomes_not_recorded", metadata: ["count": "\(outcomes.count)", "error": "\(String(reflecting: error))"])
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
        logger.critical("outcomes_given_up", metadata: ["count": "\(outcomes.count)"])
        recorded(outcomes)
    }
}
