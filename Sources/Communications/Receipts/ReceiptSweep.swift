import Core
import Logging
import ServiceLifecycle
import Storage

/// What receipts need done in the background: reports that came before their message was known, and those that never come.
public final class ReceiptSweep: Service {
    private let intake: EventIntake
    private let clock: WallClock
    private let logger: Logger

    /// Seconds: how far back a look goes after each ring, now and then, and how often it goes through everything that is kept.
    private static let justNow: Int64 = 10
    private static let recent: Int64 = 60
    private static let everything: Int64 = 300
    /// The net under the signals, which tell of this process alone.
    private static let poll: Duration = .seconds(2)
    /// Between two looks: receipts and records of sending come in thousands.
    private static let breath: Duration = .milliseconds(50)
    private static let mostTogether = 200

    public init(intake: EventIntake, clock: WallClock, logger: Logger) {
        self.intake = intake
        self.clock = clock
        self.logger = logger
    }

    /// Runs until graceful shutdown.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.matchForEver() }
                group.addTask { await self.passForEver() }
                await group.waitForAll()
            }
        }
    }

    /// Does once what is to be done now.
    ///
    /// - Returns: how many kept reports found their message, and how many deadlines had passed.
    @discardableResult
    public func runOnce() async throws -> (matched: Int, overdue: Int) {
        (try await matchOnce(since: clock.now().adding(seconds: -Transaction.unmatchedEventLifetimeSeconds)), try await passOnce())
    }

    func matchOnce(since: Timestamp) async throws -> Int {
        guard try await intake.database.read({ tx in try tx.hasKeptEvents(since: since) }) else { return 0 }
        let (policy, conclude, jitter) = (intake.policy, intake.conclude, Double.random(in: 0..<1))
        var total = 0
        while true {
            let summary = try await intake.database.write { tx in
                try tx.matchKeptEvents(since: since, limit: Self.mostTogether, policy: policy, jitter: jitter) {
                    try conclude($0, $1, $2, $3, tx)
                }
            }
            await intake.settle(summary)
            total += summary.matched
            if summary.matched == 0 { return total }
        }
    }

    func passOnce() async throws -> Int {
        let now = clock.now()
        guard let due = try await intake.database.read({ tx in try tx.nextReceiptDeadline() }), due <= now else { return 0 }
        let policy = intake.policy
        var total = 0
        while let summary = try await intake.database.write({ tx in
            try tx.passReceiptDeadlines(limit: Self.mostTogether, policy: policy)
        }) {
            total += summary.matched
            await intake.settle(summary)
        }
        return total
    }

    private func matchForEver() async {
        var (lastRecent, lastWhole) = (clock.now(), clock.now())
        while !Task.isCancelled {
            await attempt {
                let now = self.clock.now()
                let isWhole = now >= lastWhole.adding(seconds: Self.everything)
                if isWhole {
                    lastWhole = now
                    _ = try await self.intake.database.write { tx in try tx.purgeUnmatchedEvents(limit: 10_000) }
                }
                let isRecent = now >= lastRecent.adding(seconds: 2)
                if isRecent { lastRecent = now }
                let reach = isWhole ? Transaction.unmatchedEventLifetimeSeconds : isRecent ? Self.recent : Self.justNow
                _ = try await self.matchOnce(since: now.adding(seconds: -reach))
            }
            try? await Task.sleep(for: Self.breath)
            await intake.messagesKnown.wait(atMost: Self.poll)
        }
    }

    private func passForEver() async {
        while !Task.isCancelled {
            await attempt { _ = try await self.passOnce() }
            try? await Task.sleep(for: Self.poll)
        }
    }

    private func attempt(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            if Task.isCancelled { return }
            logger.warning("receipts_not_swept", metadata: ["error": "\(String(reflecting: error))"])
        }
    }
}
