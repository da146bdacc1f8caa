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
    private let arrivals = RoundQueue<Arrival>()
    /// Writes down what refusals mean beyond their messages.
    private let concluded: @Sendable ([Consequences.Refused]) async throws -> Void
    /// Told once outcomes are durable (or belong to a successor).
    private let recorded: @Sendable ([AttemptOutcome]) -> Void

    private struct Arrival: Sendable {
        var outcome: AttemptOutcome
        var refused: Consequences.Refused?
    }

    init(
        database: Database, logger: Logger, concluded: @escaping @Sendable ([Consequences.Refused]) async throws -> Void,
        recorded: @escaping @Sendable ([AttemptOutcome]) -> Void
    ) {
        self.database = database
        self.logger = logger
        self.concluded = concluded
        self.recorded = recorded
    }

    /// - Parameter refused: what the end means beyond this message.
    func post(_ outcome: AttemptOutcome, refused: Consequences.Refused? = nil) {
        arrivals.post(Arrival(outcome: outcome, refused: refused))
    }

    func close() {
        arrivals.close()
    }

    /// Runs until ``close()`` and everything posted is recorded.
    func run() async {
        while let arrived = await arrivals.next() {
            // First: whoever opted out there must not be written to by whatever becomes of this message.
            await conclude(arrived.compactMap(\.refused))
            await record(arrived.map(\.outcome))
        }
    }

    /// A few tries only: outcomes must not wait for it, and the next refusal would say the same again.
    private func conclude(_ refused: [Consequences.Refused]) async {
        guard !refused.isEmpty else { return }
        for pause in [50, 200, 1_000, 0] {
            do {
                return try await concluded(refused)
            } catch {
                logger.error(
                    "consequences_not_recorded", metadata: ["count": "\(refused.count)", "error": "\(String(reflecting: error))"])
                if pause > 0 { try? await Task.sleep(for: .milliseconds(pause)) }
            }
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
